// SPDX-License-Identifier: GPL-2.0

//! The Arm PL330 (DMA-330) DMA controller.
//!
//! The controller runs programs: a *manager* thread starts a *channel* thread at an address in
//! memory, and the channel fetches instructions from there that move data and, at the end, raise an
//! interrupt. To transfer is to write such a program, have the manager start it through the debug
//! registers, and wait.
//!
//! - [`Controller`] is what a driver has: made in probe, it takes mappings, runs a program over
//!   them and gives them back.
//! - [`EventHandler`] and [`AbortHandler`] are its two interrupts.
//! - `insn` and `program` write programs, `disasm` reads them, `regs` and `config` are the registers,
//!   `thread` is what a channel is doing, `fault` and `error` say what went wrong.
//!
//! Reference: Arm CoreLink DMA-330 Technical Reference Manual (DDI 0424).
//!
//! # Examples
//!
//! ```ignore
//! let source = Mapping::<_, ToDevice>::new(dev, message)?;
//! let destination = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(4096)?)?;
//!
//! let done = controller.copy(source, destination, span)?;
//! let copy = done.destination.unmap();
//! ```

mod config;
mod controller;
#[expect(
    dead_code,
    reason = "for error reports and debugfs, which do not list programs yet"
)]
mod disasm;
mod error;
mod fault;
#[expect(dead_code, reason = "copies have no data of their own")]
mod insn;
mod interrupt;
#[expect(dead_code, unused_imports, reason = "only copies are asked for yet")]
mod program;
mod regs;
mod selftest;
mod thread;
mod transfer;

pub(crate) use controller::Controller;
pub(crate) use error::{
    SetupError,
    TransferError, //
};
pub(crate) use interrupt::{
    AbortHandler,
    EventHandler, //
};
pub(crate) use selftest::Flaw;
pub(crate) use transfer::{
    CopyError,
    Receipt,
    Span, //
};
