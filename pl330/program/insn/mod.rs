// SPDX-License-Identifier: GPL-2.0

//! The PL330's instructions and their encoding (Arm DMA-330 TRM, chapter 4).
//!
//! Uses `core` alone, so that it also compiles on the host, where it is tested.
//!
//! # Examples
//!
//! Copy 4096 bytes in 32 bursts of 128, then raise interrupt 3:
//!
//! ```
//! # use {Counter::Lc0, Instruction::*, Register::*};
//! # fn copy(control: u32, source: u32, destination: u32) -> Result<(), TooLong> {
//! let mut memory = [0; 64];
//! let mut asm = Assembler::new(&mut memory);
//!
//! asm.emit(Mov(Ccr, control))?;
//! asm.emit(Mov(Sar, source))?;
//! asm.emit(Mov(Dar, destination))?;
//! asm.repeat(Lc0, 32, |asm| {
//!     asm.emit(Ld)?;
//!     asm.emit(St)
//! })?;
//! asm.emit(Wmb)?;
//! asm.emit(Sev(Event::new(3).unwrap()))?;
//! asm.emit(End)?;
//! # Ok(())
//! # }
//! ```

mod assembler;

pub(crate) use assembler::{
    Assembler,
    TooLong, //
};

/// The longest instruction in bytes.
const MAX_LEN: usize = 6;

/// Length in bytes of DMALP and of DMALPEND.
pub(crate) const LP_LEN: usize = 2;

/// Largest number of iterations of a loop.
pub(crate) const MAX_ITERATIONS: u32 = 256;

/// An event, which is also an interrupt where INTEN says so: 0 to 31.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Event(u8);

impl Event {
    /// Event `number`, if there can be one.
    pub(crate) const fn new(number: u8) -> Option<Self> {
        match number {
            0..=31 => Some(Self(number)),
            _ => None,
        }
    }

    /// Its bit in INTEN, INTMIS and INTCLR.
    pub(crate) const fn bit(self) -> u32 {
        1 << self.0
    }

    /// Its number.
    pub(crate) const fn number(self) -> u8 {
        self.0
    }
}

/// A channel thread: 0 to 7.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Channel(u8);

impl Channel {
    /// Channel `number`, if there can be one.
    pub(crate) const fn new(number: u8) -> Option<Self> {
        match number {
            0..=7 => Some(Self(number)),
            _ => None,
        }
    }

    /// Its bit in FSRC.
    pub(crate) const fn bit(self) -> u32 {
        1 << self.0
    }

    /// Its number.
    pub(crate) const fn number(self) -> u8 {
        self.0
    }
}

/// A request line of a peripheral: 0 to 31.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Peripheral(u8);

impl Peripheral {
    /// Request line `number`, if there can be one.
    pub(crate) const fn new(number: u8) -> Option<Self> {
        match number {
            0..=31 => Some(Self(number)),
            _ => None,
        }
    }

    /// Its number.
    pub(crate) const fn number(self) -> u8 {
        self.0
    }
}

/// A channel register that a program sets with DMAMOV.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Register {
    /// Source address.
    Sar = 0,
    /// Channel control.
    Ccr = 1,
    /// Destination address.
    Dar = 2,
}

/// A channel register that a program adds to. The control register is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Address {
    /// Source address.
    Source = 0,
    /// Destination address.
    Destination = 1,
}

/// A loop counter. A channel has two, so loops nest two deep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Counter {
    /// Loop counter 0.
    Lc0 = 0,
    /// Loop counter 1.
    Lc1 = 1,
}

/// The kind of request under which a conditional instruction acts; under the other it does nothing.
/// DMAWFP sets it. The value is that of the two lowest bits of an opcode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Request {
    /// A single beat: the suffix S.
    Single = 1,
    /// A burst: the suffix B.
    Burst = 3,
}

/// Request that DMAWFP waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum WaitFor {
    /// A request of either kind, to be served as a single one.
    Single = 0,
    /// A request of either kind, to be served as what it is.
    Either = 1,
    /// A burst request.
    Burst = 2,
}

/// An instruction, named as in the TRM without the prefix DMA.
///
/// What an operand may be is a matter of its type, so each value has an encoding. Where an
/// instruction may stand is not: [`Kill`](Self::Kill) and [`Go`](Self::Go) are not for a channel's
/// program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Instruction {
    /// Ends the program.
    End,
    /// Stops the thread; through the debug registers only.
    Kill,
    /// Loads a burst as CCR says.
    Ld,
    /// Loads, if that was the request: a beat or a burst.
    LdIf(Request),
    /// Loads if that was the request, and acknowledges it to the peripheral.
    LdP(Request, Peripheral),
    /// Stores a burst as CCR says.
    St,
    /// Stores, if that was the request: a beat or a burst.
    StIf(Request),
    /// Stores if that was the request, and acknowledges it to the peripheral.
    StP(Request, Peripheral),
    /// Stores a burst of zeroes as CCR says. Needs no MFIFO.
    Stz,
    /// Waits until all loads of the channel have arrived.
    Rmb,
    /// Waits until all stores of the channel have reached memory.
    Wmb,
    /// Does nothing.
    Nop,
    /// Raises an event or interrupt.
    Sev(Event),
    /// Waits for an event, which must not be an interrupt.
    Wfe {
        /// The event.
        event: Event,
        /// True to fetch again what follows: another thread may have written it.
        invalidate: bool,
    },
    /// Waits for a request of a peripheral.
    Wfp(WaitFor, Peripheral),
    /// Forgets the peripheral's request and asks it for its level.
    FlushP(Peripheral),
    /// Sets a channel register.
    Mov(Register, u32),
    /// Adds to an address, modulo 4 GiB.
    AddH(Address, u16),
    /// Adds a negative number to an address, given by its lower half: 0xffff is -1. Not known to
    /// exist before r1p0.
    AdNH(Address, u16),
    /// Starts a loop that runs its body `iterations_minus_1` + 1 times.
    Lp {
        /// The counter that it uses.
        counter: Counter,
        /// One less than the times that the body runs.
        iterations_minus_1: u8,
    },
    /// Ends the body of a loop, which began `body_len` bytes before.
    LpEnd {
        /// The counter that it uses.
        counter: Counter,
        /// From the first instruction of the body to this one, in bytes.
        body_len: u8,
    },
    /// As [`LpEnd`](Self::LpEnd), but the loop ends early if that was not the request.
    LpEndIf {
        /// The request for which it goes on.
        request: Request,
        /// The counter that it uses.
        counter: Counter,
        /// From the first instruction of the body to this one, in bytes.
        body_len: u8,
    },
    /// Ends the body of a loop without a counter and without end, also called LPFE, which began
    /// `body_len` bytes before.
    LpFe {
        /// From the first instruction of the body to this one, in bytes.
        body_len: u8,
    },
    /// As [`LpFe`](Self::LpFe), but the loop ends if that was not the request.
    LpFeIf {
        /// The request for which it goes on.
        request: Request,
        /// From the first instruction of the body to this one, in bytes.
        body_len: u8,
    },
    /// No instruction at all: an opcode that no PL330 has, to see a fault.
    Undefined,
    /// Starts the program at `address` on a channel that is stopped; manager only.
    Go {
        /// The channel.
        channel: Channel,
        /// True if the channel is to be non-secure.
        non_secure: bool,
        /// Address of the program.
        address: u32,
    },
}

/// An instruction as it stands in memory or goes to the debug registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Encoded {
    bytes: [u8; MAX_LEN],
    len: usize,
}

impl Encoded {
    const fn one(opcode: u8) -> Self {
        Self {
            bytes: [opcode, 0, 0, 0, 0, 0],
            len: 1,
        }
    }

    const fn two(opcode: u8, operand: u8) -> Self {
        Self {
            bytes: [opcode, operand, 0, 0, 0, 0],
            len: 2,
        }
    }

    const fn three(opcode: u8, immediate: u16) -> Self {
        let [a, b] = immediate.to_le_bytes();

        Self {
            bytes: [opcode, a, b, 0, 0, 0],
            len: 3,
        }
    }

    const fn six(opcode: u8, operand: u8, immediate: u32) -> Self {
        let [a, b, c, d] = immediate.to_le_bytes();

        Self {
            bytes: [opcode, operand, a, b, c, d],
            len: 6,
        }
    }

    /// The bytes of the instruction.
    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// The bytes of the instruction, followed by zeroes where it is shorter.
    pub(crate) const fn padded(&self) -> [u8; MAX_LEN] {
        self.bytes
    }
}

impl Instruction {
    /// Encodes the instruction (TRM, "Instruction syntax").
    ///
    /// Inlined even though it is large: of a known instruction only a few bytes are left.
    #[inline(always)]
    pub(crate) const fn encode(self) -> Encoded {
        match self {
            Self::End => Encoded::one(0x00),
            Self::Kill => Encoded::one(0x01),
            Self::Ld => Encoded::one(0x04),
            Self::LdIf(request) => Encoded::one(0x04 | request as u8),
            Self::LdP(request, line) => Encoded::two(0x24 | request as u8, line.0 << 3),
            Self::St => Encoded::one(0x08),
            Self::StIf(request) => Encoded::one(0x08 | request as u8),
            Self::StP(request, line) => Encoded::two(0x28 | request as u8, line.0 << 3),
            Self::Stz => Encoded::one(0x0c),
            Self::Rmb => Encoded::one(0x12),
            Self::Wmb => Encoded::one(0x13),
            Self::Nop => Encoded::one(0x18),
            Self::Sev(event) => Encoded::two(0x34, event.0 << 3),
            Self::Wfe { event, invalidate } => {
                Encoded::two(0x36, event.0 << 3 | (invalidate as u8) << 1)
            }
            Self::Wfp(what, line) => Encoded::two(0x30 | what as u8, line.0 << 3),
            Self::FlushP(line) => Encoded::two(0x35, line.0 << 3),
            Self::Mov(register, value) => Encoded::six(0xbc, register as u8, value),
            Self::AddH(address, amount) => Encoded::three(0x54 | (address as u8) << 1, amount),
            Self::AdNH(address, amount) => Encoded::three(0x5c | (address as u8) << 1, amount),
            Self::Lp {
                counter,
                iterations_minus_1,
            } => Encoded::two(0x20 | (counter as u8) << 1, iterations_minus_1),
            Self::LpEnd { counter, body_len } => {
                Encoded::two(0x38 | (counter as u8) << 2, body_len)
            }
            Self::LpEndIf {
                request,
                counter,
                body_len,
            } => Encoded::two(0x38 | (counter as u8) << 2 | request as u8, body_len),
            Self::LpFe { body_len } => Encoded::two(0x2c, body_len),
            Self::LpFeIf { request, body_len } => Encoded::two(0x2c | request as u8, body_len),
            Self::Undefined => Encoded::one(0xff),
            Self::Go {
                channel,
                non_secure,
                address,
            } => Encoded::six(0xa0 | (non_secure as u8) << 1, channel.0, address),
        }
    }
}
