// SPDX-License-Identifier: GPL-2.0

//! From programs in memory back to instructions, for people who look for what went wrong.
//!
//! Uses `core` alone, so that it also compiles on the host, where it is tested.
//!
//! What is printed is the syntax of the TRM's assembler. Places in the program are offsets from its
//! beginning, so that a listing does not say where the program was.
//!
//! # Examples
//!
//! ```
//! # use kernel::seq_file::{seq_print, SeqFile};
//! # fn show(program: &[u8], file: &SeqFile) {
//! for line in listing(program) {
//!     seq_print!(file, "{}\n", format_args!("{line}"));
//! }
//! # }
//! ```
//!
//! ```text
//!   0  DMAMOV CCR, SAI SS64 SB16 SP2 SC0 DAI DS64 DB16 DP2 DC0 ES8
//!   6  DMAMOV SAR, 0x40001000
//!  12  DMALP lc0, 32
//!  14  DMALD
//!  15  DMAST
//!  16  DMALPEND lc0, 14
//! ```

use core::fmt;

use super::insn::{
    Address,
    Channel,
    Counter,
    Event,
    Instruction,
    Peripheral,
    Register,
    Request,
    WaitFor, //
};

/// Bytes that are no instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Malformed {
    /// No PL330 has this opcode.
    Undefined(u8),
    /// A PL330 has the opcode, but not with this operand.
    Operand {
        /// The opcode.
        opcode: u8,
        /// The byte behind it.
        operand: u8,
    },
    /// The bytes end before the instruction does.
    Truncated(u8),
}

/// The instruction at the beginning of `code`, and its length; `None` if there is nothing.
///
/// # Errors
///
/// [`Malformed`] if it is none.
pub(crate) fn decode(code: &[u8]) -> Option<Result<(Instruction, usize), Malformed>> {
    let (&opcode, operands) = code.split_first()?;
    let Some(len) = operands_len(opcode) else {
        return Some(Err(Malformed::Undefined(opcode)));
    };
    let Some(operands) = operands.get(..len) else {
        return Some(Err(Malformed::Truncated(opcode)));
    };

    Some(
        instruction(opcode, operands)
            .map(|instruction| (instruction, 1 + len))
            .ok_or(Malformed::Operand {
                opcode,
                operand: operands.first().copied().unwrap_or(0),
            }),
    )
}

/// Returns the number of bytes that follow the opcode, if there is such an opcode.
const fn operands_len(opcode: u8) -> Option<usize> {
    match opcode {
        0x00 | 0x01 | 0x04 | 0x05 | 0x07 | 0x08 | 0x09 | 0x0b | 0x0c | 0x12 | 0x13 | 0x18 => {
            Some(0)
        }
        0x20 | 0x22 | 0x25 | 0x27 | 0x29 | 0x2b | 0x2c | 0x2d | 0x2f => Some(1),
        0x30..=0x32 | 0x34..=0x36 | 0x38 | 0x39 | 0x3b | 0x3c | 0x3d | 0x3f => Some(1),
        0x54 | 0x56 | 0x5c | 0x5e => Some(2),
        0xa0 | 0xa2 | 0xbc => Some(5),
        _ => None,
    }
}

/// Returns the instruction with these operands, of the number that the opcode has.
///
/// Returns `None` if they are not valid.
fn instruction(opcode: u8, operands: &[u8]) -> Option<Instruction> {
    match *operands {
        [] => alone(opcode),
        [operand] => with_byte(opcode, operand),
        [low, high] => Some(with_half(opcode, u16::from_le_bytes([low, high]))),
        [operand, a, b, c, d] => with_word(opcode, operand, u32::from_le_bytes([a, b, c, d])),
        _ => None,
    }
}

fn alone(opcode: u8) -> Option<Instruction> {
    Some(match (opcode, request(opcode)) {
        (0x00, _) => Instruction::End,
        (0x01, _) => Instruction::Kill,
        (0x04, _) => Instruction::Ld,
        (0x05 | 0x07, Some(request)) => Instruction::LdIf(request),
        (0x08, _) => Instruction::St,
        (0x09 | 0x0b, Some(request)) => Instruction::StIf(request),
        (0x0c, _) => Instruction::Stz,
        (0x12, _) => Instruction::Rmb,
        (0x13, _) => Instruction::Wmb,
        (0x18, _) => Instruction::Nop,
        _ => return None,
    })
}

fn with_byte(opcode: u8, operand: u8) -> Option<Instruction> {
    let counter = |bit: u8| match opcode >> bit & 1 {
        0 => Counter::Lc0,
        _ => Counter::Lc1,
    };
    // The lower three bits must be 0.
    let event = || Event::new(operand.rotate_right(3));
    let line = || Peripheral::new(operand.rotate_right(3));

    Some(match (opcode, request(opcode)) {
        (0x20 | 0x22, _) => Instruction::Lp {
            counter: counter(1),
            iterations_minus_1: operand,
        },
        (0x25 | 0x27, Some(request)) => Instruction::LdP(request, line()?),
        (0x29 | 0x2b, Some(request)) => Instruction::StP(request, line()?),
        (0x2c, _) => Instruction::LpFe { body_len: operand },
        (0x2d | 0x2f, Some(request)) => Instruction::LpFeIf {
            request,
            body_len: operand,
        },
        (0x30, _) => Instruction::Wfp(WaitFor::Single, line()?),
        (0x31, _) => Instruction::Wfp(WaitFor::Either, line()?),
        (0x32, _) => Instruction::Wfp(WaitFor::Burst, line()?),
        (0x34, _) => Instruction::Sev(event()?),
        (0x35, _) => Instruction::FlushP(line()?),
        (0x36, _) => Instruction::Wfe {
            event: Event::new((operand & !2).rotate_right(3))?,
            invalidate: operand & 2 != 0,
        },
        (0x38 | 0x3c, _) => Instruction::LpEnd {
            counter: counter(2),
            body_len: operand,
        },
        (_, Some(request)) => Instruction::LpEndIf {
            request,
            counter: counter(2),
            body_len: operand,
        },
        _ => return None,
    })
}

fn with_half(opcode: u8, amount: u16) -> Instruction {
    let address = match opcode & 2 {
        0 => Address::Source,
        _ => Address::Destination,
    };

    match opcode & 8 {
        0 => Instruction::AddH(address, amount),
        _ => Instruction::AdNH(address, amount),
    }
}

fn with_word(opcode: u8, operand: u8, value: u32) -> Option<Instruction> {
    Some(match (opcode, operand) {
        (0xbc, 0) => Instruction::Mov(Register::Sar, value),
        (0xbc, 1) => Instruction::Mov(Register::Ccr, value),
        (0xbc, 2) => Instruction::Mov(Register::Dar, value),
        (0xa0 | 0xa2, number) => Instruction::Go {
            channel: Channel::new(number)?,
            non_secure: opcode & 2 != 0,
            address: value,
        },
        _ => return None,
    })
}

/// The request of a conditional instruction.
const fn request(opcode: u8) -> Option<Request> {
    match opcode & 3 {
        1 => Some(Request::Single),
        3 => Some(Request::Burst),
        _ => None,
    }
}

/// A line of a listing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Line {
    /// Offset in the program, in bytes.
    pub(crate) offset: usize,
    /// Instruction, or the opcode that is none.
    pub(crate) instruction: Result<Instruction, Malformed>,
}

/// Returns an iterator over the instructions of `code`, in order.
///
/// It ends after the first opcode that is none, because the length of that is unknown.
///
/// A program's memory may be longer than the program. DMAEND is not taken for the end, because what
/// goes wrong may well be a jump to behind it.
pub(crate) fn listing(code: &[u8]) -> impl Iterator<Item = Line> + '_ {
    let mut next = Some(0);

    core::iter::from_fn(move || {
        let offset = next?;
        let decoded = decode(code.get(offset..)?)?;

        next = decoded.ok().map(|(_, len)| offset + len);
        Some(Line {
            offset,
            instruction: decoded.map(|(instruction, _)| instruction),
        })
    })
}

/// Returns the offset of the last instruction of `code` that a thread at byte `at` may have
/// executed.
///
/// In a loop, that is the last one of the outermost loop.
pub(crate) fn executed_upto(code: &[u8], at: usize) -> usize {
    let ends = listing(code).filter_map(|line| match line.instruction {
        Ok(
            Instruction::LpEnd { body_len, .. }
            | Instruction::LpEndIf { body_len, .. }
            | Instruction::LpFe { body_len }
            | Instruction::LpFeIf { body_len, .. },
        ) => {
            let start = line.offset.saturating_sub(body_len.into());

            (start..line.offset).contains(&at).then_some(line.offset)
        }
        _ => None,
    });

    ends.max().unwrap_or(at)
}

impl Line {
    /// The instruction alone.
    pub(crate) fn text(&self) -> Text<'_> {
        Text(self)
    }
}

/// A line without its offset.
pub(crate) struct Text<'a>(&'a Line);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:3}  {}", self.offset, self.text())
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.instruction {
            Ok(instruction) => write_instruction(f, instruction, self.0.offset),
            Err(malformed) => write!(f, "{malformed}"),
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undefined(opcode) => write!(f, "undefined opcode {opcode:#04x}"),
            Self::Operand { opcode, operand } => {
                write!(f, "invalid operand {operand:#04x} of opcode {opcode:#04x}")
            }
            Self::Truncated(opcode) => write!(f, "truncated after opcode {opcode:#04x}"),
        }
    }
}

/// Writes an instruction that stands at `offset`.
fn write_instruction(
    f: &mut fmt::Formatter<'_>,
    instruction: Instruction,
    offset: usize,
) -> fmt::Result {
    match instruction {
        Instruction::End => f.write_str("DMAEND"),
        Instruction::Kill => f.write_str("DMAKILL"),
        Instruction::Ld => f.write_str("DMALD"),
        Instruction::LdIf(request) => write!(f, "DMALD{request}"),
        Instruction::LdP(request, line) => write!(f, "DMALDP{request} P{}", line.number()),
        Instruction::St => f.write_str("DMAST"),
        Instruction::StIf(request) => write!(f, "DMAST{request}"),
        Instruction::StP(request, line) => write!(f, "DMASTP{request} P{}", line.number()),
        Instruction::Stz => f.write_str("DMASTZ"),
        Instruction::Rmb => f.write_str("DMARMB"),
        Instruction::Wmb => f.write_str("DMAWMB"),
        Instruction::Nop => f.write_str("DMANOP"),
        Instruction::Sev(event) => write!(f, "DMASEV E{}", event.number()),
        Instruction::Wfe { event, invalidate } => {
            write!(f, "DMAWFE E{}", event.number())?;
            f.write_str(if invalidate { ", invalid" } else { "" })
        }
        Instruction::Wfp(what, line) => write!(f, "DMAWFP P{}, {what}", line.number()),
        Instruction::FlushP(line) => write!(f, "DMAFLUSHP P{}", line.number()),
        Instruction::Mov(Register::Ccr, value) => write!(f, "DMAMOV CCR, {}", Control(value)),
        Instruction::Mov(Register::Sar, value) => write!(f, "DMAMOV SAR, {value:#010x}"),
        Instruction::Mov(Register::Dar, value) => write!(f, "DMAMOV DAR, {value:#010x}"),
        Instruction::AddH(address, amount) => write!(f, "DMAADDH {address}, {amount:#06x}"),
        Instruction::AdNH(address, amount) => write!(f, "DMAADNH {address}, {amount:#06x}"),
        Instruction::Lp {
            counter,
            iterations_minus_1,
        } => write!(f, "DMALP {counter}, {}", u32::from(iterations_minus_1) + 1),
        Instruction::LpEnd { counter, body_len } => {
            write!(f, "DMALPEND {counter}, {}", Target(offset, body_len))
        }
        Instruction::LpEndIf {
            request,
            counter,
            body_len,
        } => write!(
            f,
            "DMALPEND{request} {counter}, {}",
            Target(offset, body_len)
        ),
        Instruction::LpFe { body_len } => write!(f, "DMALPEND {}", Target(offset, body_len)),
        Instruction::LpFeIf { request, body_len } => {
            write!(f, "DMALPEND{request} {}", Target(offset, body_len))
        }
        Instruction::Undefined => f.write_str("undefined opcode"),
        Instruction::Go {
            channel,
            non_secure,
            address,
        } => {
            write!(f, "DMAGO C{}, {address:#010x}", channel.number())?;
            f.write_str(if non_secure { ", ns" } else { "" })
        }
    }
}

/// Target of the end of a loop at an offset, given by the number of bytes back.
///
/// It may be before the program.
struct Target(usize, u8);

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.checked_sub(self.1.into()) {
            Some(target) => write!(f, "{target}"),
            None => write!(f, "-{}", usize::from(self.1) - self.0),
        }
    }
}

/// A value of CCR, as the TRM's assembler has it.
struct Control(u32);

impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0;
        let side = |shift: u32| {
            let mode = if value >> shift & 1 != 0 { 'I' } else { 'F' };
            let bits = 8u32 << (value >> (shift + 1) & 7);

            (mode, bits, (value >> (shift + 4) & 15) + 1)
        };
        let (mode, bits, beats) = side(0);

        write!(f, "SA{mode} SS{bits} SB{beats} SP{}", value >> 8 & 7)?;
        // ARCACHE[3] is 0.
        write!(f, " SC{}", value >> 11 & 7)?;

        let (mode, bits, beats) = side(14);

        write!(f, " DA{mode} DS{bits} DB{beats} DP{}", value >> 22 & 7)?;
        // AWCACHE[3], [1] and [0]; [2] is 0.
        write!(f, " DC{}", value >> 25 & 3 | (value >> 27 & 1) << 3)?;
        write!(f, " ES{}", 8u32 << (value >> 28 & 7))?;
        match value >> 31 {
            0 => Ok(()),
            _ => f.write_str(" and bit 31"),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Single => "S",
            Self::Burst => "B",
        })
    }
}

impl fmt::Display for WaitFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Single => "single",
            Self::Either => "periph",
            Self::Burst => "burst",
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "SAR",
            Self::Destination => "DAR",
        })
    }
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lc0 => "lc0",
            Self::Lc1 => "lc1",
        })
    }
}
