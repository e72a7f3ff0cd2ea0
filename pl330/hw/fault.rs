// SPDX-License-Identifier: GPL-2.0

//! What the fault registers say, in words (Arm DMA-330 TRM, "Fault Type Registers").

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

/// A thread of the controller.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thread {
    /// The one that starts the others.
    Manager,
    /// One that moves data.
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

/// A thread that came to a fault.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    /// The thread.
    pub(crate) thread: Thread,
    /// FTRD or FTRn.
    pub(crate) causes: u32,
    /// DPC or CPCn: the instruction that failed or, for a fault on the data bus, one a little
    /// further on.
    pub(crate) address: u32,
    /// What is there, if that is in the program that the channel was given.
    pub(crate) place: Option<Place>,
}

/// A place in a program.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// The instruction.
    pub(crate) line: Line,
    /// The part of a request with several parts that it is for.
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

/// The causes in FTRD and FTRn by bit.
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

/// The causes that are noticed when the thread is further on already: of the data bus, of the
/// MFIFO, and a lock-up (TRM, "Abort types").
const IMPRECISE: u32 = 1 << 12 | 1 << 17 | 1 << 18 | 1 << 31;

/// Those of reads, and those of writes.
const OF_READ: u32 = 1 << 18;
const OF_WRITE: u32 = 1 << 17;

impl Fault {
    /// Whether the thread was perhaps further on already when it was noticed.
    pub(crate) fn is_imprecise(&self) -> bool {
        self.causes & IMPRECISE != 0
    }

    /// Whether `instruction` can have caused it.
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

        match self.causes & (OF_READ | OF_WRITE) {
            OF_READ => matches!(instruction, Ld | LdIf(_) | LdP(..)),
            OF_WRITE => matches!(instruction, St | StIf(_) | StP(..) | Stz),
            _ => true,
        }
    }
}

/// The bit that says that the instruction came from the debug registers.
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
