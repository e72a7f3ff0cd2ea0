// SPDX-License-Identifier: GPL-2.0

//! Hardware of a PL330: registers, configuration, the debug port, interrupts and faults.
//!
//! [`Pl330`] has a method for each operation of one or a few register accesses. It does not know
//! requests. [`Config`] is the configuration of the hardware, [`Fault`] a decoded fault.
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
