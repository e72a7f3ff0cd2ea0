// SPDX-License-Identifier: GPL-2.0

//! What can go wrong, by name.

use kernel::{
    fmt,
    prelude::*, //
};

use super::{
    fault::Fault,
    program::{
        insn::TooLong,
        PlanError, //
    },
    thread::ThreadState, //
};

/// Why a controller cannot be used.
pub(crate) enum ProbeError {
    /// The device cannot be set up for DMA: the platform cannot do with 32 address bits, or there is
    /// no memory.
    Dma(Error),
    /// The device has no register block (`reg`).
    NoRegisters,
    /// The register block cannot be mapped: in use, or too small.
    Registers(Error),
    /// The clock `apb_pclk` cannot be had or switched on.
    Clock(Error),
    /// The interrupt of this name cannot be had.
    Interrupt(&'static str, Error),
    /// The identification registers say that it is something else.
    NotPl330 {
        /// The peripheral identification.
        id: u32,
        /// The component identification.
        cell: u32,
    },
    /// The configuration claims a data bus of an unknown width.
    BusWidth(u32),
    /// The manager is non-secure, but all events that we could use are secure.
    SecureEvents,
    /// This channel runs from before, and does not stop.
    Running(u8, ThreadState),
    /// No memory for this purpose.
    Memory(&'static str, Error),
    /// A first program, which only raises its interrupt, failed.
    FirstProgram(TransferError),
    /// It did not fail, but its interrupt did not arrive.
    Unheard,
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dma(error) => f.write_fmt(fmt!("no DMA with 32 address bits ({error:?})")),
            Self::NoRegisters => f.write_str("no registers: `reg` is missing"),
            Self::Registers(error) => {
                f.write_fmt(fmt!("the registers cannot be mapped ({error:?})"))
            }
            Self::Clock(error) => f.write_fmt(fmt!("no clock `apb_pclk` ({error:?})")),
            Self::Interrupt(name, error) => f.write_fmt(fmt!("no {name} interrupt ({error:?})")),
            Self::NotPl330 { id, cell } => f.write_fmt(fmt!(
                "not a PL330: peripheral id {id:#010x}, component id {cell:#010x}"
            )),
            Self::BusWidth(code) => {
                f.write_fmt(fmt!("unknown data bus width (code {code} in CRD)"))
            }
            Self::SecureEvents => f.write_str(
                "all events are reserved for secure software, and the manager is non-secure",
            ),
            Self::Running(channel, state) => {
                f.write_fmt(fmt!("channel {channel} is {state} and does not stop"))
            }
            Self::Memory(purpose, error) => {
                f.write_fmt(fmt!("no memory for {purpose} ({error:?})"))
            }
            Self::FirstProgram(error) => f.write_fmt(fmt!("it does not run a program: {error}")),
            Self::Unheard => f.write_str("its event interrupt does not arrive"),
        }
    }
}

impl From<&ProbeError> for Error {
    fn from(error: &ProbeError) -> Self {
        match error {
            ProbeError::Dma(error)
            | ProbeError::Registers(error)
            | ProbeError::Clock(error)
            | ProbeError::Interrupt(_, error)
            | ProbeError::Memory(_, error) => *error,
            ProbeError::FirstProgram(error) => (*error).into(),
            _ => ENODEV,
        }
    }
}

/// Why a transfer did not take place, or not wholly.
#[derive(Clone, Copy)]
pub(crate) enum TransferError {
    /// The bytes are not all inside the mapping.
    OutOfRange,
    /// The mapping, or the queue, was made for another device.
    WrongDevice,
    /// There is no memory for the request.
    NoMemory,
    /// A length or a stride does not fit into 32 bits, or a fill is not in one segment.
    Unreachable,
    /// The program for it does not fit into the program memory.
    TooLong,
    /// There is no program for it.
    Plan(PlanError),
    /// The controller does not accept instructions.
    DebugPortBusy,
    /// The program did not end in so many milliseconds.
    Timeout(u32),
    /// The channel stopped, but its program has not raised its event.
    NoEvent,
    /// The program failed.
    Fault(Fault),
    /// The driver is about to leave the device.
    ShuttingDown,
    /// The channel could not be stopped; what it was given is lost, and the channel with it.
    Stuck,
    /// All channels were lost in earlier transfers.
    Retired,
    /// Nobody waited for it any more.
    Cancelled,
}

impl fmt::Display for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange => f.write_str("out of the range of the mapping"),
            Self::WrongDevice => f.write_str("made for another device"),
            Self::NoMemory => f.write_str("no memory for the request"),
            Self::Unreachable => f.write_str("length beyond 32 bits or in several segments"),
            Self::TooLong => f.write_str("too long for the program memory"),
            Self::Plan(refused) => f.write_str(match refused {
                PlanError::Empty => "nothing to do",
                PlanError::Unreachable => "address beyond 32 bits",
                PlanError::Overlap => "source and destination overlap",
                PlanError::Lengths => "source and destination differ in length",
            }),
            Self::DebugPortBusy => f.write_str("the debug port stays busy"),
            Self::Timeout(milliseconds) => f.write_fmt(fmt!("no end after {milliseconds} ms")),
            Self::NoEvent => f.write_str("stopped without raising its event"),
            Self::Fault(fault) => f.write_fmt(fmt!("{fault}")),
            Self::ShuttingDown => f.write_str("the driver is being unbound"),
            Self::Stuck => f.write_str("the channel does not stop: it and its buffers are lost"),
            Self::Retired => f.write_str("all channels were lost in earlier transfers"),
            Self::Cancelled => f.write_str("given up"),
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
            TransferError::NoEvent | TransferError::Fault(_) => EIO,
            TransferError::ShuttingDown | TransferError::Stuck | TransferError::Retired => ENODEV,
            TransferError::Cancelled => ECANCELED,
        }
    }
}

impl From<PlanError> for TransferError {
    fn from(refused: PlanError) -> Self {
        Self::Plan(refused)
    }
}

impl From<TooLong> for TransferError {
    fn from(_: TooLong) -> Self {
        Self::TooLong
    }
}
