// SPDX-License-Identifier: GPL-2.0

//! Errors of transfers.

use kernel::{
    fmt,
    prelude::*, //
};

use super::super::{
    hw::Fault,
    program::{
        insn::TooLong,
        PlanError, //
    }, //
};

/// Reason why a transfer did not take place, or not completely.
#[derive(Clone, Copy)]
pub(crate) enum TransferError {
    /// The bytes are not all inside the mapping.
    OutOfRange,
    /// The mapping, or the queue, was made for another device.
    WrongDevice,
    /// There is no memory for the request.
    NoMemory,
    /// A length or a stride does not fit into 32 bits.
    Unreachable,
    /// The program for it does not fit into the program memory.
    TooLong,
    /// There is no program for it.
    Plan(PlanError),
    /// The debug port does not accept instructions.
    DebugPortBusy,
    /// The program did not end within its time limit, in milliseconds.
    Timeout(u32),
    /// The channel stopped, but its program has not raised its event.
    NoEvent,
    /// The clock of the controller cannot be turned on.
    NoPower,
    /// The program had a fault.
    Fault(Fault),
    /// The driver is being unbound.
    ShuttingDown,
    /// The channel does not stop. Its memory is leaked, and the channel cannot be used any more.
    Stuck,
    /// No channel is left: all did not stop in earlier transfers.
    Retired,
    /// The caller terminated it.
    Terminated,
}

impl fmt::Display for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange => f.write_str("out of the range of the mapping"),
            Self::WrongDevice => f.write_str("made for another device"),
            Self::NoMemory => f.write_str("no memory for the request"),
            Self::Unreachable => f.write_str("length beyond 32 bits"),
            Self::TooLong => f.write_str("too long for the program memory"),
            Self::Plan(error) => f.write_str(match error {
                PlanError::Empty => "nothing to do",
                PlanError::Unreachable => "address beyond 32 bits",
                PlanError::Overlap => "source and destination overlap",
                PlanError::Lengths => "source and destination differ in length",
            }),
            Self::DebugPortBusy => f.write_str("debug port busy"),
            Self::Timeout(milliseconds) => f.write_fmt(fmt!("no end after {milliseconds} ms")),
            Self::NoEvent => f.write_str("stopped without raising its event"),
            Self::NoPower => f.write_str("clock cannot be turned on"),
            Self::Fault(fault) => f.write_fmt(fmt!("{fault}")),
            Self::ShuttingDown => f.write_str("the driver is being unbound"),
            Self::Stuck => f.write_str("the channel does not stop: its memory is leaked"),
            Self::Retired => f.write_str("no usable channel left"),
            Self::Terminated => f.write_str("terminated"),
        }
    }
}

impl From<TransferError> for Error {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Unreachable | TransferError::Plan(PlanError::Unreachable) => EOVERFLOW,
            TransferError::WrongDevice => EXDEV,
            TransferError::OutOfRange | TransferError::Plan(_) => EINVAL,
            TransferError::NoMemory => ENOMEM,
            TransferError::TooLong => E2BIG,
            TransferError::DebugPortBusy | TransferError::Timeout(_) => ETIMEDOUT,
            TransferError::NoEvent | TransferError::NoPower | TransferError::Fault(_) => EIO,
            TransferError::ShuttingDown | TransferError::Stuck | TransferError::Retired => ENODEV,
            TransferError::Terminated => ECANCELED,
        }
    }
}

impl From<PlanError> for TransferError {
    fn from(error: PlanError) -> Self {
        Self::Plan(error)
    }
}

impl From<TooLong> for TransferError {
    fn from(_: TooLong) -> Self {
        Self::TooLong
    }
}
