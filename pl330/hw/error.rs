// SPDX-License-Identifier: GPL-2.0

//! Errors of the hardware before and while it runs programs.

use kernel::{
    fmt,
    prelude::*, //
};

use super::ThreadState;

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
    /// This channel was running before the probe, and does not stop.
    Running(u8, ThreadState),
    /// The manager had a fault before the probe, and cannot be killed.
    Manager,
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
            Self::Running(channel, state) => {
                f.write_fmt(fmt!("channel {channel} is {state} and does not stop"))
            }
            Self::Manager => f.write_str("manager fault persists: debug port busy"),
        }
    }
}

/// Error of a debug port that still executes an earlier instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PortBusy {
    /// True if the port has been busy for at least 5 ms, longer than any instruction takes.
    pub(crate) is_persistent: bool,
}
