// SPDX-License-Identifier: GPL-2.0

//! From bytes to instructions (Arm DMA-330 TRM, chapter 4).
//!
//! An enum of its own rather than the assembler's: the two share nothing, so that a mistake in one
//! is not repeated in the other.

use super::{
    Condition,
    Error,
    WaitFor, //
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Register {
    Source,
    Control,
    Destination,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Instruction {
    End,
    Kill,
    Load(Condition),
    Store(Condition),
    StoreZeroes,
    ReadBarrier,
    WriteBarrier,
    Nop,
    Loop {
        counter: usize,
        iterations_minus_1: u8,
    },
    /// `counter` is `None` for the end of an endless loop.
    LoopEnd {
        counter: Option<usize>,
        condition: Condition,
        back: u8,
    },
    SendEvent(u8),
    WaitEvent(u8),
    /// To `register`, which is not the control register, modulo 4 GiB.
    Add {
        register: Register,
        amount: u32,
    },
    Move {
        register: Register,
        value: u32,
    },
    /// DMAGO: for the manager.
    Go {
        channel: u8,
        non_secure: bool,
        address: u32,
    },
    /// DMAWFP.
    WaitPeripheral {
        wanted: WaitFor,
        line: u8,
    },
    /// DMAFLUSHP.
    Flush {
        line: u8,
    },
    /// DMALDP.
    LoadPeripheral {
        condition: Condition,
        line: u8,
    },
    /// DMASTP.
    StorePeripheral {
        condition: Condition,
        line: u8,
    },
}

/// The instruction at the start of `bytes`, and its length.
pub(crate) fn decode(bytes: &[u8]) -> Result<(Instruction, usize), Error> {
    use Instruction::*;

    let opcode = *bytes.first().ok_or(Error::Fetch)?;
    let operand = |at: usize| bytes.get(at).copied().ok_or(Error::Fetch);
    let long = || {
        let immediate = bytes.get(2..6).ok_or(Error::Fetch)?;

        Ok::<_, Error>(u32::from_le_bytes(immediate.try_into().unwrap()))
    };
    let short = || Ok::<_, Error>(u32::from(u16::from_le_bytes([operand(1)?, operand(2)?])));

    Ok(match opcode {
        0x00 => (End, 1),
        0x01 => (Kill, 1),
        0x04 | 0x05 | 0x07 => (Load(condition(opcode)), 1),
        0x08 | 0x09 | 0x0b => (Store(condition(opcode)), 1),
        0x0c => (StoreZeroes, 1),
        0x12 => (ReadBarrier, 1),
        0x13 => (WriteBarrier, 1),
        0x18 => (Nop, 1),
        0x20 | 0x22 => {
            let end = Loop {
                counter: usize::from(opcode >> 1 & 1),
                iterations_minus_1: operand(1)?,
            };

            (end, 2)
        }
        // An endless loop has bit 2 set. Some decoders take 28 for its unconditional form as well,
        // but its conditional ones would be stores to a peripheral: no program should rely on it.
        0x2c | 0x2d | 0x2f | 0x38 | 0x39 | 0x3b | 0x3c | 0x3d | 0x3f => {
            let counted = opcode & 0x10 != 0;
            let end = LoopEnd {
                counter: counted.then_some(usize::from(opcode >> 2 & 1)),
                condition: condition(opcode),
                back: operand(1)?,
            };

            (end, 2)
        }
        0x25 | 0x27 | 0x29 | 0x2b | 0x30 | 0x31 | 0x32 | 0x35 => {
            let line = without(operand(1)?, 0b111)? >> 3;
            let condition = condition(opcode);
            let instruction = match opcode {
                0x25 | 0x27 => LoadPeripheral { condition, line },
                0x29 | 0x2b => StorePeripheral { condition, line },
                0x35 => Flush { line },
                _ => WaitPeripheral {
                    wanted: match opcode {
                        0x30 => WaitFor::Single,
                        0x31 => WaitFor::Either,
                        _ => WaitFor::Burst,
                    },
                    line,
                },
            };

            (instruction, 2)
        }
        0x34 => (SendEvent(without(operand(1)?, 0b111)? >> 3), 2),
        // Bit 1 also drops the instruction cache, which the model does not have.
        0x36 => (WaitEvent(without(operand(1)?, 0b101)? >> 3), 2),
        0x54 | 0x56 | 0x5c | 0x5e => {
            let ones = if opcode & 8 != 0 { 0xffff_0000 } else { 0 };
            let add = Add {
                register: match opcode & 2 {
                    0 => Register::Source,
                    _ => Register::Destination,
                },
                amount: short()? | ones,
            };

            (add, 3)
        }
        0xa0 | 0xa2 => {
            let go = Go {
                channel: without(operand(1)?, !0b111)?,
                non_secure: opcode & 2 != 0,
                address: long()?,
            };

            (go, 6)
        }
        0xbc => {
            let register = match operand(1)? {
                0 => Register::Source,
                1 => Register::Control,
                2 => Register::Destination,
                _ => return Err(Error::Operand),
            };

            (
                Move {
                    register,
                    value: long()?,
                },
                6,
            )
        }
        _ => return Err(Error::Undefined { opcode }),
    })
}

/// `operand`, whose bits `stray` must be 0.
fn without(operand: u8, stray: u8) -> Result<u8, Error> {
    match operand & stray {
        0 => Ok(operand),
        _ => Err(Error::Operand),
    }
}

/// From the low two bits of an opcode that has it; 2 is in none of them.
fn condition(opcode: u8) -> Condition {
    match opcode & 3 {
        0 => Condition::Always,
        1 => Condition::IfSingle,
        _ => Condition::IfBurst,
    }
}
