// SPDX-License-Identifier: GPL-2.0

//! The PL330's instructions and their encoding (Arm DMA-330 TRM, chapter 4).
//!
//! Uses `core` alone, so that it also compiles on the host, where it is tested.
//!
//! # Examples
//!
//! Copy 4096 bytes in 32 bursts of 128, then raise interrupt 3:
//!
//! ```ignore
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
//! ```

/// The longest instruction in bytes.
const MAX_LEN: usize = 6;

/// The most times that a loop can run its body.
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

/// A loop counter. A channel has two, so loops nest two deep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Counter {
    /// Loop counter 0.
    Lc0 = 0,
    /// Loop counter 1.
    Lc1 = 1,
}

/// An instruction, named as in the TRM without the prefix DMA.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Instruction {
    /// Ends the program.
    End,
    /// Stops the thread; through the debug registers only.
    Kill,
    /// Loads a burst as CCR says.
    Ld,
    /// Stores a burst as CCR says.
    St,
    /// Waits until all stores of the channel have reached memory.
    Wmb,
    /// Raises an event or interrupt.
    Sev(Event),
    /// Sets a channel register.
    Mov(Register, u32),
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
    /// Ends the body of a loop without a counter and without end, also called LPFE, which began
    /// `body_len` bytes before.
    LpFe {
        /// From the first instruction of the body to this one, in bytes.
        body_len: u8,
    },
    /// No instruction at all: an opcode that no PL330 has, to see a fault.
    Undefined,
    /// Starts the program at `address` on a channel that is stopped; manager only.
    Go {
        /// The channel.
        channel: Channel,
        /// Whether the channel is to be non-secure.
        non_secure: bool,
        /// Where the program is.
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

    const fn six(opcode: u8, operand: u8, immediate: u32) -> Self {
        let [a, b, c, d] = immediate.to_le_bytes();

        Self {
            bytes: [opcode, operand, a, b, c, d],
            len: 6,
        }
    }

    /// The bytes of the instruction.
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
    pub(crate) const fn encode(self) -> Encoded {
        match self {
            Self::End => Encoded::one(0x00),
            Self::Kill => Encoded::one(0x01),
            Self::Ld => Encoded::one(0x04),
            Self::St => Encoded::one(0x08),
            Self::Wmb => Encoded::one(0x13),
            Self::Sev(event) => Encoded::two(0x34, event.0 << 3),
            Self::Mov(register, value) => Encoded::six(0xbc, register as u8, value),
            Self::Lp {
                counter,
                iterations_minus_1,
            } => Encoded::two(0x20 | (counter as u8) << 1, iterations_minus_1),
            Self::LpEnd { counter, body_len } => {
                Encoded::two(0x38 | (counter as u8) << 2, body_len)
            }
            Self::LpFe { body_len } => Encoded::two(0x2c, body_len),
            Self::Undefined => Encoded::one(0xff),
            Self::Go {
                channel,
                non_secure,
                address,
            } => Encoded::six(0xa0 | (non_secure as u8) << 1, channel.0, address),
        }
    }
}

/// A program that does not fit: into its memory, or a loop into what the instructions can say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TooLong;

/// Puts instructions into memory, one after the other.
pub(crate) struct Assembler<'a> {
    memory: &'a mut [u8],
    len: usize,
}

impl<'a> Assembler<'a> {
    /// Starts a program at the beginning of `memory`.
    pub(crate) fn new(memory: &'a mut [u8]) -> Self {
        Self { memory, len: 0 }
    }

    /// The length of the program so far, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Appends an instruction.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if the memory is full; nothing is appended then.
    pub(crate) fn emit(&mut self, instruction: Instruction) -> Result<(), TooLong> {
        let code = instruction.encode();
        let end = self.len + code.len;

        self.memory
            .get_mut(self.len..end)
            .ok_or(TooLong)?
            .copy_from_slice(code.as_bytes());
        self.len = end;
        Ok(())
    }

    /// Appends a loop that runs `body` `iterations` times.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if the memory is full, the body is over 255 bytes, or `iterations` is not between
    /// 1 and [`MAX_ITERATIONS`].
    pub(crate) fn repeat(
        &mut self,
        counter: Counter,
        iterations: u32,
        body: impl FnOnce(&mut Self) -> Result<(), TooLong>,
    ) -> Result<(), TooLong> {
        let iterations_minus_1 = iterations
            .checked_sub(1)
            .and_then(|n| u8::try_from(n).ok())
            .ok_or(TooLong)?;

        self.emit(Instruction::Lp {
            counter,
            iterations_minus_1,
        })?;

        let start = self.len;

        body(self)?;
        self.emit(Instruction::LpEnd {
            counter,
            body_len: u8::try_from(self.len - start).map_err(|_| TooLong)?,
        })
    }

    /// Appends a loop that runs `body` until the thread is killed.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if the memory is full or the body is over 255 bytes.
    pub(crate) fn repeat_forever(
        &mut self,
        body: impl FnOnce(&mut Self) -> Result<(), TooLong>,
    ) -> Result<(), TooLong> {
        let start = self.len;

        body(self)?;
        self.emit(Instruction::LpFe {
            body_len: u8::try_from(self.len - start).map_err(|_| TooLong)?,
        })
    }
}
