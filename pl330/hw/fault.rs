// SPDX-License-Identifier: GPL-2.0

//! Faults, decoded from the fault registers (Arm DMA-330 TRM, "Fault Type Registers").

use kernel::{
    fmt,
    prelude::*, //
};

use super::super::program::{
    disasm::{
        Line,
        Text, //
    },
    insn::{
        Channel,
        Instruction, //
    },
    SegmentIndices, //
};

/// Thread of the controller.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thread {
    /// Manager thread, which starts channel threads.
    Manager,
    /// Channel thread, which moves data.
    Channel(Channel),
}

impl fmt::Display for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manager => f.write_str("manager"),
            Self::Channel(channel) => f.write_fmt(fmt!("channel {}", channel.number())),
        }
    }
}

/// Fault of a thread.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    /// Thread that has the fault.
    pub(crate) thread: Thread,
    /// Value of FTRD or FTRn.
    pub(crate) causes: u32,
    /// Value of DPC or CPCn: the address of the failed instruction or, if the fault is imprecise,
    /// of a later one.
    pub(crate) address: u32,
    /// Place of the fault, if it is in the program of the channel.
    pub(crate) place: Option<Place>,
}

/// Place in a program.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// Instruction at the place.
    pub(crate) line: Line,
    /// Segments that the instruction copies, if the request has several.
    pub(crate) part: Option<SegmentIndices>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_fmt(fmt!("byte {}: {}", self.line.offset, self.line.text()))?;
        match self.part {
            None => Ok(()),
            Some(part) if part.source == part.destination => {
                f.write_fmt(fmt!(", segment {}", part.source))
            }
            Some(part) => f.write_fmt(fmt!(
                ", segment {} to segment {}",
                part.source,
                part.destination
            )),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        core::fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        core::fmt::Display::fmt(self, f)
    }
}

/// Names of the causes, by bit in FTRD and FTRn.
const CAUSES: [(u32, &str); 12] = [
    (0, "undefined instruction"),
    (1, "invalid operand"),
    (4, "DMAGO for a secure channel"),
    (5, "secure event"),
    (6, "secure peripheral"),
    (7, "secure access in CCR"),
    (12, "MFIFO too small"),
    (13, "store without data"),
    (16, "bus error on instruction fetch"),
    (17, "bus error on write"),
    (18, "bus error on read"),
    (31, "lock-up"),
];

/// Causes of imprecise aborts: the data bus, the MFIFO, and a lock-up (TRM, "Abort types").
///
/// When the controller detects one, the thread may have executed later instructions.
const IMPRECISE: u32 = 1 << 12 | 1 << 17 | 1 << 18 | 1 << 31;

/// Causes of bus errors on reads and on writes.
const READ_ERROR: u32 = 1 << 18;
const WRITE_ERROR: u32 = 1 << 17;

impl Fault {
    /// Returns true if the fault may be that of an earlier instruction.
    pub(crate) fn is_imprecise(&self) -> bool {
        self.causes & IMPRECISE != 0
    }

    /// Returns true if the bus has refused to read data.
    pub(crate) fn is_of_read(&self) -> bool {
        self.causes & READ_ERROR != 0
    }

    /// Returns true if the bus has refused to write data.
    pub(crate) fn is_of_write(&self) -> bool {
        self.causes & WRITE_ERROR != 0
    }

    /// Returns true if `instruction` can have caused the fault.
    pub(crate) fn may_be_of(&self, instruction: Instruction) -> bool {
        use Instruction::{
            Ld,
            LdIf,
            LdP,
            St,
            StIf,
            StP,
            Stz, //
        };

        match self.causes & (READ_ERROR | WRITE_ERROR) {
            READ_ERROR => matches!(instruction, Ld | LdIf(_) | LdP(..)),
            WRITE_ERROR => matches!(instruction, St | StIf(_) | StP(..) | Stz),
            _ => true,
        }
    }
}

/// Bit for an instruction from the debug registers.
const FROM_DEBUG_PORT: u32 = 1 << 30;

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        let mut unknown = self.causes & !FROM_DEBUG_PORT;

        f.write_fmt(fmt!("{} fault: ", self.thread))?;
        for (bit, name) in CAUSES {
            if self.causes & 1 << bit != 0 {
                f.write_fmt(fmt!("{separator}{name}"))?;
                separator = ", ";
                unknown &= !(1 << bit);
            }
        }
        if unknown != 0 || separator.is_empty() {
            f.write_fmt(fmt!("{separator}cause {unknown:#x}"))?;
        }
        match self.causes & FROM_DEBUG_PORT {
            0 => f.write_fmt(fmt!(" at {:#010x}", self.address))?,
            _ => f.write_str(" (debug port)")?,
        }
        match self.place {
            Some(place) if self.is_imprecise() => f.write_fmt(fmt!(" (at or before {place})")),
            Some(place) => f.write_fmt(fmt!(" ({place})")),
            None => Ok(()),
        }
    }
}
