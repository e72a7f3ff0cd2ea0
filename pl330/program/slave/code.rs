// SPDX-License-Identifier: GPL-2.0

//! Code of programs for peripherals, which is written, or only counted.
//!
//! The position of a channel is found by its program counter, so the length of the code up to there
//! must be known. It is counted by the functions that write the code, without memory for it.

use super::{
    super::{
        emitter::{
            add_high,
            lp,
            lp_end,
            mov,
            Emitter,
            UNKNOWN_ADDRESS, //
        },
        insn::{
            Address,
            Assembler,
            Counter,
            Instruction,
            Register,
            LP_LEN,
            MAX_ITERATIONS, //
        },
    },
    first,
    Slave,
    SlaveDirection,
    BURST_LEN, //
};

/// Destination of code.
pub(super) trait Code {
    /// Appends `code`.
    fn push<const N: usize>(&mut self, code: [u8; N]);

    /// Returns the length of the code so far in bytes.
    fn len(&self) -> usize;
}

impl Code for Emitter<'_> {
    #[inline(always)]
    fn push<const N: usize>(&mut self, code: [u8; N]) {
        Emitter::push(self, code);
    }

    fn len(&self) -> usize {
        Emitter::len(self)
    }
}

/// Code of which only the length is known.
pub(super) struct Counted(pub(super) usize);

impl Code for Counted {
    fn push<const N: usize>(&mut self, _code: [u8; N]) {
        self.0 += N;
    }

    fn len(&self) -> usize {
        self.0
    }
}

/// Code in the memory of an assembler, if it fits.
pub(super) struct Assembled<'a, 'b> {
    pub(super) asm: &'b mut Assembler<'a>,
    /// True if some code did not fit.
    pub(super) is_full: bool,
}

impl Code for Assembled<'_, '_> {
    fn push<const N: usize>(&mut self, code: [u8; N]) {
        self.is_full |= self.asm.append_array(code).is_err();
    }

    fn len(&self) -> usize {
        self.asm.len()
    }
}

/// Values of the channel's registers after the code so far.
#[derive(Clone, Copy)]
pub(super) struct Registers {
    /// Address in memory.
    address: u64,
    /// Control word, or 0 if it is not set: no control word is 0.
    control: u32,
}

impl Registers {
    /// Values before a program, which are those of the program before.
    pub(super) const UNKNOWN: Self = Self {
        address: UNKNOWN_ADDRESS,
        control: 0,
    };

    /// Sets the address in memory, unless it is set.
    #[inline(always)]
    pub(super) fn seek(&mut self, slave: &Slave, address: u32, code: &mut impl Code) {
        let (register, side) = match slave.config.direction {
            SlaveDirection::MemToDev => (Register::Sar, Address::Source),
            SlaveDirection::DevToMem => (Register::Dar, Address::Destination),
        };

        match u64::from(address).wrapping_sub(self.address) {
            0 => (),
            gap @ ..=0xffff => {
                // CAST: At most that.
                let [a, b, c, ..] = add_high(side, gap as u16);

                code.push([a, b, c]);
            }
            _ => code.push(mov(register, address)),
        }
        self.address = address.into();
    }

    /// Notes that the code moves `len` bytes.
    pub(super) fn advance(&mut self, len: u32) {
        self.address += u64::from(len);
    }

    /// Notes that the control word is set, to an unknown value.
    pub(super) fn forget_control(&mut self) {
        self.control = u32::MAX;
    }

    /// Sets the control word for bursts of `beats` beats, unless it is set.
    ///
    /// A change waits until all loads and stores are complete.
    #[inline(always)]
    pub(super) fn set_control(&mut self, slave: &Slave, beats: u32, code: &mut impl Code) {
        let control = if beats == slave.burst() {
            slave.full_control
        } else {
            slave.control(beats)
        };

        if self.control == control {
            return;
        }
        if self.control != 0 {
            code.push([first(Instruction::Rmb), first(Instruction::Wmb)]);
        }
        code.push(mov(Register::Ccr, control));
        self.control = control;
    }
}

/// Appends code that sets the address of the FIFO.
pub(super) fn set_fifo(slave: &Slave, code: &mut impl Code) {
    code.push(mov(slave.registers().1, slave.config.fifo));
}

/// Appends `body` `count` times, at most 65536, in loops with both counters.
#[inline(always)]
pub(super) fn repeat(code: &mut impl Code, count: u32, body: [u8; BURST_LEN]) {
    let full = count / MAX_ITERATIONS;

    match full {
        0 => (),
        1 => repeat_once(code, MAX_ITERATIONS, body),
        _ => {
            code.push(lp(Counter::Lc1, full));
            repeat_once(code, MAX_ITERATIONS, body);
            code.push(lp_end(Counter::Lc1, BURST_LEN + 2 * LP_LEN));
        }
    }
    repeat_once(code, count % MAX_ITERATIONS, body);
}

/// Appends `body` `count` times, at most 256, in a loop if need be.
#[inline(always)]
pub(super) fn repeat_once(code: &mut impl Code, count: u32, body: [u8; BURST_LEN]) {
    match count {
        0 => (),
        1 => code.push(body),
        _ => {
            let [a, b] = lp(Counter::Lc0, count);
            let [c, d, e, f, g, h, i] = body;
            let [j, k] = lp_end(Counter::Lc0, BURST_LEN);

            code.push([a, b, c, d, e, f, g, h, i, j, k]);
        }
    }
}
