// SPDX-License-Identifier: GPL-2.0

//! Errors of the hardware before and while it runs programs.

use kernel::{
    fmt,
    prelude::*, //
};

use super::{
    Thread,
    ThreadState, //
};

/// Reason why the hardware cannot be used.
pub(crate) enum HardwareError {
    /// The identification registers are those of another device.
    NotPl330 {
        /// Peripheral identification.
        id: u32,
        /// Component identification.
        cell: u32,
    },
    /// CRD has an unknown code for the data bus width.
    BusWidth(u32),
    /// The manager is non-secure, and all events for the channels are secure.
    SecureEvents,
    /// This thread was running before the probe, or had a fault, and does not stop.
    Running(Thread, ThreadState),
}

impl fmt::Display for HardwareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPl330 { id, cell } => f.write_fmt(fmt!(
                "not a PL330: peripheral id {id:#010x}, component id {cell:#010x}"
            )),
            Self::BusWidth(code) => {
                f.write_fmt(fmt!("unknown data bus width (code {code} in CRD)"))
            }
            Self::SecureEvents => {
                f.write_str("manager is non-secure, and all events for channels are secure")
            }
            Self::Running(thread, state) => {
                f.write_fmt(fmt!("{thread} is {state} and does not stop"))
            }
        }
    }
}

/// Error of a debug port that still executes an earlier instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PortBusy {
    /// True if the port has been busy for at least 5 ms, longer than any instruction takes.
    pub(crate) is_persistent: bool,
}
