// SPDX-License-Identifier: GPL-2.0

//! Programs for peripherals: between memory and the FIFO of a device, at the pace of its requests.
//!
//! A device asks for a burst on its request line when its FIFO has the room or the data for one.
//! The program waits for that (DMAWFP), moves the burst, and acknowledges it (DMALDP, DMASTP):
//!
//! ```text
//!             memory to device        device to memory
//!   burst     DMAFLUSHP p             DMAFLUSHP p           asks for the level of the request
//!             DMAWFP p, burst         DMAWFP p, burst
//!             DMALD                   DMALDPB p
//!             DMASTPB p               DMAST
//! ```
//!
//! - [`SlaveSg`] transfers a list of segments. Bursts are counted over the list: one that ends in
//!   another segment is moved in parts, of which the last acknowledges it.
//! - [`Cyclic`] transfers a buffer again and again, and raises an event after each period.
//!
//! Both return their position from the registers of the channel, and a program for the rest.
//!
//! A channel that waits for a request has stored all that it has loaded, because loads stand after
//! DMAWFP: it can be killed there without the loss of a byte. C functions: `_ldst_peripheral()` and
//! `_dregs()` in `drivers/dma/pl330.c`.

mod code;
mod cyclic;
mod loops;
mod sg;

pub(crate) use cyclic::Cyclic;
pub(crate) use sg::SlaveSg;

use super::{
    emitter::{
        control,
        Shape, //
    },
    insn::{
        Instruction,
        Peripheral,
        Register,
        Request,
        WaitFor, //
    },
    reachable,
    ProgramLimits, //
};

/// Length in bytes of the code for a burst, or for a single request.
const BURST_LEN: usize = 7;

/// Direction of a transfer.
///
/// C type: `enum dma_transfer_direction`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SlaveDirection {
    /// From memory to the FIFO. C: `DMA_MEM_TO_DEV`.
    MemToDev,
    /// From the FIFO to memory. C: `DMA_DEV_TO_MEM`.
    DevToMem,
}

/// Kind of requests that a device makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RequestKind {
    /// Only for bursts. The rest of a list, shorter than a burst, answers a request for one.
    ///
    /// Device tree property: `arm,pl330-periph-burst`.
    Burst,
    /// For bursts, and for single beats while there is less than a burst.
    SingleAndBurst,
}

/// FIFO of a device, and its requests.
///
/// C type: `struct dma_slave_config`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SlaveConfig {
    /// Request line.
    pub(crate) request: Peripheral,
    /// Kind of requests.
    pub(crate) kind: RequestKind,
    /// Direction.
    pub(crate) direction: SlaveDirection,
    /// Address of the FIFO. C: `src_addr`, `dst_addr`.
    pub(crate) fifo: u32,
    /// Width of the FIFO in bytes: 1, 2, 4 or 8. C: `src_addr_width`, `dst_addr_width`.
    pub(crate) width: u8,
    /// Number of beats, each of `width`, in a burst: 1 to 16. C: `src_maxburst`, `dst_maxburst`.
    pub(crate) burst: u8,
}

/// Reason why there is no program for a peripheral.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SlaveError {
    /// The width is none, or it is larger than that of the bus.
    Width,
    /// The burst has no beats, or more than the controller permits.
    Burst,
    /// An address is not a multiple of the width.
    Misaligned,
    /// A length is not a multiple of the width, or that of the buffer not one of the period.
    Indivisible,
    /// An address is beyond 4 GiB.
    Unreachable,
    /// A segment, a buffer, a period or the rest of a list has no bytes.
    Empty,
    /// The list has more bytes than 32 bits count.
    TooManyBytes,
    /// The periods have too many bursts, or there are too many periods, for the loops of a ring.
    TooManyBursts,
    /// The position is beyond the end, or within a beat.
    Position,
}

/// Device for which programs can be written.
///
/// # Examples
///
/// The transmitter of an SPI controller, which asks for bursts of 16 bytes:
///
/// ```
/// # fn transmitter(request: Peripheral, limits: ProgramLimits) -> Result<Slave, SlaveError> {
/// let config = SlaveConfig {
///     request,
///     kind: RequestKind::Burst,
///     direction: SlaveDirection::MemToDev,
///     fifo: 0xfecb_0400,
///     width: 1,
///     burst: 16,
/// };
/// let slave = Slave::new(config, limits)?;
/// # Ok(slave)
/// # }
/// ```
///
/// # Invariants
///
/// - `width` is a power of two, and at most that of the bus; the address of the FIFO is a multiple
///   of it.
/// - `burst` is at least 1, and at most the largest number of beats and of lines for a program.
/// - `full_control` and `full_burst` are those of the configuration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Slave {
    config: SlaveConfig,
    non_secure: bool,
    /// Control word for full bursts.
    full_control: u32,
    /// Code that waits for a request for a burst, and moves it.
    full_burst: [u8; BURST_LEN],
}

impl Slave {
    /// Checks the configuration of a device.
    ///
    /// # Errors
    ///
    /// [`SlaveError::Width`], [`Burst`](SlaveError::Burst) and
    /// [`Misaligned`](SlaveError::Misaligned).
    pub(crate) fn new(config: SlaveConfig, limits: ProgramLimits) -> Result<Self, SlaveError> {
        let SlaveConfig {
            fifo, width, burst, ..
        } = config;

        if !width.is_power_of_two() || width > limits.bytes.min(8) {
            return Err(SlaveError::Width);
        }
        if burst == 0 || burst > limits.beats || u16::from(burst) > limits.lines {
            return Err(SlaveError::Burst);
        }
        if fifo % u32::from(width) != 0 {
            return Err(SlaveError::Misaligned);
        }

        let draft = Self {
            config,
            non_secure: limits.non_secure,
            full_control: 0,
            full_burst: [0; BURST_LEN],
        };

        // INVARIANT: Compared above. The last two are made from this configuration.
        Ok(Self {
            full_control: draft.control(burst.into()),
            full_burst: draft.transfer(Request::Burst),
            ..draft
        })
    }

    /// Returns the largest number of lines of the MFIFO that a program holds at a time.
    ///
    /// Each beat at a fixed address has a line of its own (TRM, "MFIFO usage", for destinations).
    pub(crate) fn lines(&self) -> u16 {
        self.config.burst.into()
    }

    /// Returns the width of the FIFO in bytes.
    fn width(&self) -> u32 {
        self.config.width.into()
    }

    /// Returns the number of beats in `len` bytes.
    #[inline(always)]
    fn beats(&self, len: u32) -> u32 {
        // Shorter than a division, because the width is a power of two.
        len >> self.config.width.trailing_zeros()
    }

    /// Returns the number of beats in a burst.
    fn burst(&self) -> u32 {
        self.config.burst.into()
    }

    /// Returns the length of a burst in bytes.
    fn burst_bytes(&self) -> u32 {
        self.width() * self.burst()
    }

    /// Returns true if `beats` answer single requests, and not one for a burst.
    fn is_single(&self, beats: u32) -> bool {
        self.config.kind == RequestKind::SingleAndBurst
            && (self.burst() == 1 || beats < self.burst())
    }

    /// Checks that a segment is in reach, and consists of whole beats.
    fn check(&self, address: u32, len: u32) -> Result<(), SlaveError> {
        if len == 0 {
            return Err(SlaveError::Empty);
        }
        if address % self.width() != 0 {
            return Err(SlaveError::Misaligned);
        }
        if len % self.width() != 0 {
            return Err(SlaveError::Indivisible);
        }
        reachable(address, len.into()).map_err(|_| SlaveError::Unreachable)
    }

    /// Returns the control word for bursts of `beats` beats.
    ///
    /// Both sides have the same shape. The address of the FIFO is fixed.
    fn control(&self, beats: u32) -> u32 {
        const NON_SECURE: u32 = 1 << 9;
        const SOURCE_INCREMENT: u32 = 1;
        const DESTINATION_INCREMENT: u32 = 1 << 14;

        let accesses = if self.non_secure { NON_SECURE } else { 0 };
        let shape = Shape {
            beat: self.width(),
            beats,
        };
        let increment = match self.config.direction {
            SlaveDirection::MemToDev => SOURCE_INCREMENT,
            SlaveDirection::DevToMem => DESTINATION_INCREMENT,
        };

        control(accesses, shape, shape) | increment
    }

    /// Returns the register with the address in memory, and the one with that of the FIFO.
    fn registers(&self) -> (Register, Register) {
        match self.config.direction {
            SlaveDirection::MemToDev => (Register::Sar, Register::Dar),
            SlaveDirection::DevToMem => (Register::Dar, Register::Sar),
        }
    }

    /// Returns the code that waits for a request and moves what it asks for.
    ///
    /// Instructions for single requests move one beat, whatever the control word says.
    fn transfer(&self, request: Request) -> [u8; BURST_LEN] {
        let [a, b, c, d] = self.wait(request);
        let line = self.config.request;
        let is_single = request == Request::Single;
        let [load, store] = if is_single {
            [Instruction::LdIf(request), Instruction::StIf(request)]
        } else {
            [Instruction::Ld, Instruction::St]
        };

        match self.config.direction {
            SlaveDirection::MemToDev => {
                let [g, h] = pair(Instruction::StP(request, line));

                [a, b, c, d, first(load), g, h]
            }
            SlaveDirection::DevToMem => {
                let [e, f] = pair(Instruction::LdP(request, line));

                [a, b, c, d, e, f, first(store)]
            }
        }
    }

    /// Returns the code that waits for a request.
    fn wait(&self, request: Request) -> [u8; 4] {
        let line = self.config.request;
        let wait_for = match request {
            Request::Single => WaitFor::Single,
            Request::Burst => WaitFor::Burst,
        };
        let [a, b] = pair(Instruction::FlushP(line));
        let [c, d] = pair(Instruction::Wfp(wait_for, line));

        [a, b, c, d]
    }

    /// Returns the code that moves the last part of a burst, and acknowledges the burst.
    fn last_part(&self) -> [u8; 3] {
        let [.., a, b, c] = self.full_burst;

        [a, b, c]
    }
}

/// Code that moves a part of a burst, and does not acknowledge it.
const PART: [u8; 2] = [first(Instruction::Ld), first(Instruction::St)];

/// Returns the code of an instruction of one byte.
const fn first(instruction: Instruction) -> u8 {
    instruction.encode().padded()[0]
}

/// Returns the code of an instruction of two bytes.
const fn pair(instruction: Instruction) -> [u8; 2] {
    let [a, b, ..] = instruction.encode().padded();

    [a, b]
}
