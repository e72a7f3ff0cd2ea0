// SPDX-License-Identifier: GPL-2.0

//! An interpreter of PL330 channel programs, between memory and memory or a peripheral.
//!
//! It is stricter than the hardware: what works by luck, or on one revision, is an error here.
//!
//! - Stores are posted. What they write shows in memory only when a barrier or the end of the
//!   program has waited for it, and an event that could overtake them is refused.
//! - The MFIFO has the lines of the channel's part, and must be empty at the end.
//! - DMAMOV to CCR, SAR and DAR needs no barrier: the DMAC itself waits for outstanding accesses
//!   (manual, "Updating DMA channel control registers during a DMA cycle", which Zynq UG585
//!   reprints; `_dregs` in Linux's `pl330.c` and `alt_dma_memory_to_memory` in Altera's hwlib rely
//!   on that). A change that breaks the destination stream discards the bytes in the MFIFO, by the
//!   same section. The model refuses it, because no program here has bytes to waste.
//! - DMASTZ stores from a multiple of its beat. Sources disagree about other addresses: QEMU and
//!   VCML add the whole burst to DAR, the manual only the bytes up to the boundary, and Altera's
//!   `alt_dma_zero_to_memory` stores single bytes up to the boundary first.
//! - A register that the program has not set has no value: the hardware has that of the program
//!   before.
//! - A loop jumps back to its own beginning, and loops nest.
//! - A peripheral is served when it asks, and as it asks (`fifo.rs`, `peripheral.rs`).
//!
//! What it does not have: other channels, the instruction cache, time.

mod access;
mod control;
mod decode;
mod error;
mod fifo;
mod memory;
mod mfifo;
mod peripheral;
pub(crate) mod stats;

pub(crate) use decode::{
    decode,
    Instruction,
    Register, //
};
pub(crate) use error::{
    Error,
    Fault, //
};
pub(crate) use fifo::{
    Fifo,
    WaitFor, //
};
pub(crate) use memory::{
    Access,
    Memory, //
};
pub(crate) use stats::{
    Raised,
    Stats, //
};

use control::{
    Burst,
    Control, //
};
use mfifo::Mfifo;

/// Condition of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Condition {
    Always,
    IfSingle,
    IfBurst,
}

/// Request type that the last DMAWFP has set, for conditional instructions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Request {
    Single,
    Burst,
}

/// Reason for the end of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stop {
    Ended,
    /// In DMAWFE. [`Channel::signal`], then [`Channel::run`] lets it go on.
    Waiting {
        event: u8,
    },
    /// In DMAWFP. [`Channel::run`] lets it go on once [`Channel::fifo`] asks for what it waits for.
    WaitingForPeripheral {
        line: u8,
    },
}

/// The controller, as far as one channel can tell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Config {
    /// Bytes in a beat of the bus.
    pub(crate) width: u32,
    /// The channel's part of the MFIFO in lines.
    pub(crate) share: u32,
    /// Of the channel.
    pub(crate) non_secure: bool,
    /// Request type before the first DMAWFP.
    pub(crate) request: Request,
    /// Number of events.
    pub(crate) events: u8,
    /// CR3: which events a non-secure channel may use.
    pub(crate) non_secure_events: u32,
    /// INTEN: which events are interrupts.
    pub(crate) interrupts: u32,
    /// After how many instructions to give up.
    pub(crate) steps: u64,
}

impl Config {
    /// One of eight channels of an RK3588's controller.
    pub(crate) const RK3588: Self = Self {
        width: 8,
        share: 16,
        non_secure: true,
        request: Request::Burst,
        events: 16,
        non_secure_events: 0xffff,
        interrupts: 0xff,
        steps: 1 << 26,
    };
}

/// A loop that runs.
#[derive(Clone, Copy, Debug)]
struct Loop {
    counter: usize,
    body: usize,
}

/// A channel thread, its program and the memory that it sees.
#[derive(Debug)]
pub(crate) struct Channel<'a> {
    config: Config,
    program: &'a [u8],
    memory: &'a mut Memory,
    fifo: Option<&'a mut Fifo>,
    request: Request,
    pc: usize,
    /// 4 GiB, which the register shows as 0, after a burst up to the end.
    source: Option<u64>,
    destination: Option<u64>,
    control: Option<Control>,
    counters: [u8; 2],
    loops: Vec<Loop>,
    /// For each instruction that has run, by its address: in how many loops.
    depth: Vec<Option<usize>>,
    mfifo: Mfifo,
    posted: Vec<(Burst, Vec<u8>)>,
    /// Events without a DMAWFE yet.
    pending: u32,
    stats: Stats,
}

impl<'a> Channel<'a> {
    pub(crate) fn new(config: Config, program: &'a [u8], memory: &'a mut Memory) -> Self {
        Self {
            config,
            program,
            memory,
            fifo: None,
            request: config.request,
            pc: 0,
            source: None,
            destination: None,
            control: None,
            counters: [0; 2],
            loops: Vec::new(),
            depth: vec![None; program.len()],
            mfifo: Mfifo::new(config.width, config.share),
            posted: Vec::new(),
            pending: 0,
            stats: Stats::default(),
        }
    }

    pub(crate) fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Returns the offset of the next instruction in the program.
    pub(crate) fn pc(&self) -> usize {
        self.pc
    }

    /// Returns the addresses of the next load and store, if they are set; at most 4 GiB.
    pub(crate) fn addresses(&self) -> (Option<u64>, Option<u64>) {
        (self.source, self.destination)
    }

    /// The lines of the MFIFO that are in use.
    pub(crate) fn lines(&self) -> u64 {
        self.mfifo.lines()
    }

    /// The most lines of the MFIFO that were in use at once.
    pub(crate) fn most_lines(&self) -> u64 {
        self.mfifo.most_lines()
    }

    /// Another thread raises an event.
    pub(crate) fn signal(&mut self, event: u8) {
        self.pending |= 1 << event;
    }

    /// Runs until the program ends, waits or fails.
    pub(crate) fn run(&mut self) -> Result<Stop, Fault> {
        loop {
            let pc = self.pc;

            match self.step() {
                Ok(None) => (),
                Ok(Some(stop)) => return Ok(stop),
                Err(error) => return Err(Fault { pc, error }),
            }
        }
    }

    /// One instruction. After the last one it comes to the same stop again.
    pub(crate) fn step(&mut self) -> Result<Option<Stop>, Error> {
        let bytes = self.program.get(self.pc..).ok_or(Error::Fetch)?;
        let (instruction, len) = decode(bytes)?;

        if self.stats.steps == self.config.steps {
            return Err(Error::StepLimit);
        }
        self.stats.steps += 1;
        self.depth[self.pc] = Some(self.loops.len());

        let mut next = self.pc + len;

        match instruction {
            Instruction::End => return self.end(),
            Instruction::Kill => return Err(Error::Kill),
            Instruction::Go { .. } => return Err(Error::ManagerOnly),
            Instruction::WaitPeripheral { .. }
            | Instruction::Flush { .. }
            | Instruction::LoadPeripheral { .. }
            | Instruction::StorePeripheral { .. } => {
                let stop = self.peripheral(instruction)?;

                if stop.is_some() {
                    return Ok(stop);
                }
            }
            Instruction::Nop => (),
            Instruction::Load(condition) if self.acts(condition) => self.load(condition)?,
            Instruction::Store(condition) if self.acts(condition) => self.store(condition)?,
            Instruction::Load(_) | Instruction::Store(_) => (),
            Instruction::StoreZeroes => self.store_zeroes()?,
            // The model completes a load at once.
            Instruction::ReadBarrier => (),
            Instruction::WriteBarrier => self.drain()?,
            Instruction::Loop {
                counter,
                iterations_minus_1,
            } => {
                if self.loops.iter().any(|other| other.counter == counter) {
                    return Err(Error::CounterInUse { counter });
                }
                self.counters[counter] = iterations_minus_1;
                self.loops.push(Loop {
                    counter,
                    body: next,
                });
            }
            Instruction::LoopEnd {
                counter,
                condition,
                back,
            } => {
                let body = self.pc.checked_sub(back.into()).ok_or(Error::BadJump)?;

                if self.jumps(counter, condition, body)? {
                    next = body;
                }
            }
            Instruction::SendEvent(event) => self.send(event)?,
            Instruction::WaitEvent(event) => {
                self.check_event(event)?;
                if self.config.interrupts & 1 << event != 0 {
                    return Err(Error::WaitForInterrupt { event });
                }
                if self.pending & 1 << event == 0 {
                    return Ok(Some(Stop::Waiting { event }));
                }
                self.pending &= !(1 << event);
            }
            Instruction::Add { register, amount } => {
                let address = match register {
                    Register::Source => self.source,
                    _ => self.destination,
                };
                let old = address.ok_or(Error::NotSet(register))? as u32;

                self.set_address(register, old.wrapping_add(amount))?;
            }
            Instruction::Move { register, value } => match register {
                Register::Control => self.set_control(value)?,
                _ => self.set_address(register, value)?,
            },
        }
        self.pc = next;
        Ok(None)
    }

    fn acts(&self, condition: Condition) -> bool {
        match condition {
            Condition::Always => true,
            Condition::IfSingle => self.request == Request::Single,
            Condition::IfBurst => self.request == Request::Burst,
        }
    }

    /// Sets the source or destination address.
    ///
    /// Manual, "Updating DMA channel control registers during a DMA cycle": an address in another
    /// byte lane begins another stream. DMAADDH is taken to do the same as DMAMOV.
    fn set_address(&mut self, register: Register, value: u32) -> Result<(), Error> {
        if register == Register::Source {
            self.source = Some(value.into());
            return Ok(());
        }

        let lane = |address: u64| address % u64::from(self.config.width);

        if self.destination.map(lane) != Some(lane(value.into())) {
            self.break_destination_stream()?;
        }
        self.destination = Some(value.into());
        Ok(())
    }

    /// Sets the control register.
    ///
    /// Manual, "Updating DMA channel control registers during a DMA cycle": another kind of
    /// destination address, or another beat of a fixed one, begins another stream. The length of a
    /// burst and the beat of an incrementing destination do not. The source side only waits.
    fn set_control(&mut self, value: u32) -> Result<(), Error> {
        let control = Control::decode(value, self.config.width, self.config.non_secure)?;

        if let Some(old) = self.control {
            let (old, new) = (old.destination, control.destination);

            if old.increment != new.increment || !new.increment && old.size != new.size {
                self.break_destination_stream()?;
            }
        }
        self.control = Some(control);
        Ok(())
    }

    /// Refuses the end of a destination stream whose bytes are not all stored.
    fn break_destination_stream(&self) -> Result<(), Error> {
        match self.mfifo.len() {
            0 => Ok(()),
            bytes => Err(Error::Discarded { bytes }),
        }
    }

    fn control(&self) -> Result<Control, Error> {
        self.control.ok_or(Error::NotSet(Register::Control))
    }

    fn source(&self) -> Result<u64, Error> {
        self.source.ok_or(Error::NotSet(Register::Source))
    }

    fn destination(&self) -> Result<u64, Error> {
        self.destination.ok_or(Error::NotSet(Register::Destination))
    }

    /// Returns true if the end of a loop jumps back to `body`.
    fn jumps(
        &mut self,
        counter: Option<usize>,
        condition: Condition,
        body: usize,
    ) -> Result<bool, Error> {
        let Some(counter) = counter else {
            // Nothing marks where an endless loop begins. It has to be an instruction, and in the
            // same loops as its end.
            if self.depth[body] != Some(self.loops.len()) {
                return Err(Error::BadJump);
            }
            return Ok(self.acts(condition));
        };

        match self.loops.last() {
            Some(innermost) if innermost.counter == counter && innermost.body == body => (),
            _ => return Err(Error::BadJump),
        }
        if self.counters[counter] == 0 || !self.acts(condition) {
            self.loops.pop();
            return Ok(false);
        }
        self.counters[counter] -= 1;
        Ok(true)
    }

    fn check_event(&self, event: u8) -> Result<(), Error> {
        if event >= self.config.events {
            return Err(Error::NoSuchEvent { event });
        }
        if self.config.non_secure && self.config.non_secure_events & 1 << event == 0 {
            return Err(Error::SecureEvent { event });
        }
        Ok(())
    }

    fn send(&mut self, event: u8) -> Result<(), Error> {
        self.check_event(event)?;
        if !self.posted.is_empty() {
            return Err(Error::Overtaken {
                event,
                stores: self.posted.len(),
            });
        }
        if self.config.interrupts & 1 << event == 0 {
            self.signal(event);
        }
        self.stats.raised.push(Raised {
            event,
            stored: self.stats.stores.bytes,
        });
        Ok(())
    }

    /// The end of the program, which the channel can be asked for again.
    fn end(&mut self) -> Result<Option<Stop>, Error> {
        self.drain()?;
        if self.fifo.as_ref().is_some_and(|fifo| fifo.is_answered()) {
            return Err(Error::Unacknowledged);
        }
        match self.mfifo.len() {
            0 => Ok(Some(Stop::Ended)),
            bytes => Err(Error::Leftover { bytes }),
        }
    }
}
