// SPDX-License-Identifier: GPL-2.0

//! What the fault registers say, in words (Arm DMA-330 TRM, "Fault Type Registers").

use kernel::{
    fmt,
    prelude::*, //
};

use super::insn::Channel;

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
            0 => f.write_fmt(fmt!(" at {:#010x}", self.address)),
            _ => f.write_str(" (debug port)"),
        }
    }
}
