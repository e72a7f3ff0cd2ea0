// SPDX-License-Identifier: GPL-2.0

//! The Arm PL330 (DMA-330) DMA controller.
//!
//! The controller runs programs: a *manager* thread starts a *channel* thread at an address in
//! memory, and the channel fetches instructions from there that move data and, at the end, raise an
//! interrupt. To transfer is to write such a program, have the manager start it through the debug
//! registers, and wait.
//!
//! - [`Controller`] is what a driver has: made in probe, it takes mappings, runs programs over them and
//!   gives them back. [`Prepared`] and [`Transfer`] are a transfer before and after it was asked for,
//!   [`Queue`] keeps transfers in order.
//! - [`EventHandler`] and [`AbortHandler`] are its two interrupts.
//! - `copy` is what can be asked for, and `layout` which bytes. `request` is what becomes of it, `work`
//!   what is left to do, `engine` has the channels do it, from program memory in `slot`, and `callback` tells
//!   of it. `stop` is for what does not come to its end, `watchdog` for what takes too long.
//! - `program` writes programs and reads them, `regs` and `config` are the registers,
//!   `thread` is what a channel is doing, `fault` and `error` say what went wrong, `listing` shows it.
//!
//! Reference: Arm CoreLink DMA-330 Technical Reference Manual (DDI 0424).
//!
//! # Examples
//!
//! ```
//! # fn copy<'bound>(
//! #     dev: &'bound DmaDevice,
//! #     controller: &Controller<'bound>,
//! #     message: Buffer,
//! #     span: Span,
//! # ) -> Result {
//! let source = Mapping::<_, ToDevice>::new(dev, message)?;
//! let destination = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(4096)?)?;
//!
//! let done = controller.copy(source, destination, span)?;
//! let copy = done.mappings.destination.unmap();
//! # Ok(())
//! # }
//! ```

mod callback;
mod config;
mod controller;
mod copy;
mod engine;
mod error;
mod fault;
mod interrupt;
mod layout;
mod listing;
#[expect(dead_code, reason = "tests on the host look at how much is done")]
mod program;
mod queue;
mod regs;
mod request;
mod selftest;
mod slot;
mod stop;
mod thread;
mod transfer;
mod watchdog;
mod work;

pub(crate) use controller::Controller;
pub(crate) use error::{
    ProbeError,
    TransferError, //
};
pub(crate) use interrupt::{
    AbortHandler,
    EventHandler, //
};
pub(crate) use layout::{
    RowSpans,
    Span, //
};
pub(crate) use program::Pattern;
pub(crate) use queue::Queue;
pub(crate) use transfer::{
    Done,
    Failed,
    PrepareResult,
    Prepared,
    Receipt,
    Transfer,
    TransferResult, //
};
pub(crate) use work::InjectedFault;
