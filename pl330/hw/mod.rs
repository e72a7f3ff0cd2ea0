// SPDX-License-Identifier: GPL-2.0

//! Hardware of a PL330: registers, configuration, the debug port, interrupts and faults.
//!
//! [`Pl330`] does what one register access or a short sequence of them does. It knows no requests.
//! [`Config`] is what the hardware was built with, [`Fault`] what its fault registers say.
//!
//! Reference: Arm CoreLink DMA-330 Technical Reference Manual (DDI 0424).

mod config;
mod error;
mod fault;
mod pl330;
mod port;
mod regs;

pub(super) use config::Config;
pub(super) use error::{
    HardwareError,
    PortBusy, //
};
pub(super) use fault::{
    Fault,
    Place,
    Thread, //
};
pub(super) use pl330::{
    channels,
    event_of,
    Pl330,
    MAX_CHANNELS, //
};
pub(super) use port::ThreadState;
use regs::Registers;
pub(super) use regs::SIZE;
