// SPDX-License-Identifier: GPL-2.0

//! Configuration of a PL330, read from its registers.

use kernel::{
    fmt,
    io::{
        register::Array,
        Io, //
    }, //
};

use super::{
    super::program::{
        insn::{
            Channel,
            Event, //
        },
        ProgramLimits, //
    },
    channels,
    event_of,
    regs,
    HardwareError,
    Registers, //
};

/// Designer (0x41, Arm) and part number (0x330) in the peripheral identification.
const ID: u32 = 0x0004_1330;
const ID_MASK: u32 = 0x000f_ffff;

/// Component identification of every PrimeCell.
const PCELL_ID: u32 = 0xb105_f00d;

/// Maximum number of beats of an AXI burst of a PL330.
const MAX_BEATS: u8 = 16;

/// Configuration of a PL330 (Arm DMA-330 TRM, "Configuration registers").
#[derive(Clone, Copy)]
pub(crate) struct Config {
    revision: u8,
    /// Number of channel threads, 1 to 8.
    channels: u8,
    /// Number of events, and of possible interrupts, 1 to 32.
    events: u8,
    requests: u8,
    /// True if the manager is non-secure, and can start only non-secure threads.
    pub(super) non_secure: bool,
    /// Events, by bits, that a non-secure thread may use.
    non_secure_events: u32,
    /// Width of the data bus in bytes: 4, 8 or 16.
    bus_bytes: u8,
    mfifo_lines: u16,
    /// Maximum numbers of outstanding reads and writes.
    read_capability: u8,
    write_capability: u8,
    /// Depths of the queues of loads and of stores.
    read_queue: u8,
    write_queue: u8,
    cache_lines: u8,
    cache_line_bytes: u8,
}

impl Config {
    /// Reads the identification and the configuration.
    ///
    /// # Errors
    ///
    /// [`HardwareError::NotPl330`] if the device is another one, [`HardwareError::BusWidth`] if CRD
    /// has an unknown bus width, [`HardwareError::SecureEvents`] if no channel has an event that
    /// the driver may use.
    pub(super) fn read(regs: &Registers<'_>) -> Result<Self, HardwareError> {
        let id = u32::from_le_bytes([
            regs.read(regs::PERIPH_ID::at(0)).byte().into(),
            regs.read(regs::PERIPH_ID::at(1)).byte().into(),
            regs.read(regs::PERIPH_ID::at(2)).byte().into(),
            regs.read(regs::PERIPH_ID::at(3)).byte().into(),
        ]);
        let cell = u32::from_le_bytes([
            regs.read(regs::PCELL_ID::at(0)).byte().into(),
            regs.read(regs::PCELL_ID::at(1)).byte().into(),
            regs.read(regs::PCELL_ID::at(2)).byte().into(),
            regs.read(regs::PCELL_ID::at(3)).byte().into(),
        ]);

        if id & ID_MASK != ID || cell != PCELL_ID {
            return Err(HardwareError::NotPl330 { id, cell });
        }

        let cr0 = regs.read(regs::CR0);
        let cr1 = regs.read(regs::CR1);
        let crd = regs.read(regs::CRD);
        let bus_bytes = match crd.bus_width().get() {
            2 => 4,
            3 => 8,
            4 => 16,
            code => return Err(HardwareError::BusWidth(code)),
        };

        let config = Self {
            // CAST: Masked to 4 bits.
            revision: (id >> 20 & 0xf) as u8,
            channels: u8::from(cr0.channels_minus_1()) + 1,
            events: u8::from(cr0.events_minus_1()) + 1,
            requests: if cr0.has_requests() {
                u8::from(cr0.requests_minus_1()) + 1
            } else {
                0
            },
            non_secure: cr0.manager_non_secure(),
            non_secure_events: regs.read(regs::CR3).non_secure_events().get(),
            bus_bytes,
            mfifo_lines: u16::from(crd.mfifo_lines_minus_1()) + 1,
            read_capability: u8::from(crd.read_capability_minus_1()) + 1,
            write_capability: u8::from(crd.write_capability_minus_1()) + 1,
            read_queue: u8::from(crd.read_queue_minus_1()) + 1,
            write_queue: u8::from(crd.write_queue_minus_1()) + 1,
            cache_lines: u8::from(cr1.lines_minus_1()) + 1,
            // Other codes than 2 to 5 are reserved.
            cache_line_bytes: 1 << u8::from(cr1.line_length_log2()).clamp(2, 5),
        };

        if channels().any(|channel| config.may_use(channel)) {
            Ok(config)
        } else {
            Err(HardwareError::SecureEvents)
        }
    }

    /// Returns true if the driver may use `channel`, and the event of its programs.
    pub(crate) fn may_use(&self, channel: Channel) -> bool {
        let event = event_of(channel);
        let may_raise = !self.non_secure || self.non_secure_events & event.bit() != 0;

        // Each channel needs a line of the MFIFO.
        let has_line = u16::from(channel.number()) < self.mfifo_lines;

        channel.number() < self.channels && event.number() < self.events && has_line && may_raise
    }

    /// Returns the event by which programs report progress, one for all channels. `None` if the
    /// controller has no event beside those of channels that programs may raise.
    pub(crate) fn progress_event(&self) -> Option<Event> {
        let event = Event::new(self.channels)?;
        let may_raise = !self.non_secure || self.non_secure_events & event.bit() != 0;

        (event.number() < self.events && may_raise).then_some(event)
    }

    /// Returns the number of lines of the MFIFO.
    pub(crate) fn mfifo_lines(&self) -> u16 {
        self.mfifo_lines
    }

    /// Returns the limits of a program.
    ///
    /// Each channel has an equal share of the MFIFO: if programs need more lines than it has, all
    /// of them may lock up (TRM, "Lock-up"). If a share is one full burst, a program may use one
    /// line more, which a full burst between different byte lanes needs. The scheduler starts it
    /// once the running programs leave this line free.
    ///
    /// `loads` is the number of loads before the first store: at most that of outstanding reads.
    /// More loads than outstanding writes would only fill the MFIFO.
    pub(crate) fn limits(&self) -> ProgramLimits {
        let share = (self.mfifo_lines / u16::from(self.channels)).max(1);
        let lines = if share == MAX_BEATS.into() {
            (share + 1).min(self.mfifo_lines)
        } else {
            share
        };

        ProgramLimits {
            bytes: self.bus_bytes,
            lines,
            beats: MAX_BEATS,
            cache_line: self.cache_line_bytes,
            non_secure: self.non_secure,
            loads: self
                .read_capability
                .min(self.read_queue)
                .min(self.write_capability),
        }
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.revision {
            0 => f.write_str("PL330 r0p0: ")?,
            1 => f.write_str("PL330 r1p0: ")?,
            2 => f.write_str("PL330 r1p1: ")?,
            3 => f.write_str("PL330 r1p2: ")?,
            unknown => write!(f, "PL330 revision {unknown}: ")?,
        }
        write!(
            f,
            "{} channels, {} events, {} requests, {}-bit bus, {} x {} byte MFIFO, \
             {} outstanding reads (queue of {}), {} outstanding writes (queue of {}), \
             {} x {} byte instruction cache, {}",
            self.channels,
            self.events,
            self.requests,
            u16::from(self.bus_bytes) * 8,
            self.mfifo_lines,
            self.bus_bytes,
            self.read_capability,
            self.read_queue,
            self.write_capability,
            self.write_queue,
            self.cache_lines,
            self.cache_line_bytes,
            if self.non_secure {
                "non-secure"
            } else {
                "secure"
            },
        )?;
        match self.progress_event() {
            Some(_) => Ok(()),
            None => f.write_str(", no event for progress"),
        }
    }
}
