// SPDX-License-Identifier: GPL-2.0

//! The Arm PL330 (DMA-330) DMA controller.
//!
//! The controller runs programs: a *manager* thread starts a *channel* thread at an address in
//! memory, and the channel fetches instructions from there that move data and, at the end, raise an
//! interrupt. A driver writes such a program, makes the manager start it through the debug
//! registers, and waits for the interrupt.
//!
//! Each directory uses only those before it:
//!
//! - `program` writes programs, and reads them. It uses `core` alone, and is tested on the host.
//! - `backoff` sleeps between checks.
//! - `hw` are the registers, the debug port and the faults.
//! - `engine` runs programs on the channels: scheduler, interrupt handlers, watchdog, worker.
//! - `transfer` is what a driver uses: `Transfers` prepare a [`Descriptor`] of a copy or a memset,
//!   which is submitted and waited for, or calls back. A [`Queue`] keeps transfers in order.
//! - `controller` is a [`Controller`], from probe to unbind.
//!
//! C driver: `drivers/dma/pl330.c`. Reference: Arm CoreLink DMA-330 Technical Reference Manual
//! (DDI 0424).
//!
//! # Examples
//!
//! ```
//! # fn copy<'bound>(
//! #     dev: &'bound DmaDevice,
//! #     controller: &Controller<'bound>,
//! #     message: Buffer,
//! #     range: CopyRange,
//! # ) -> Result {
//! let source = Mapping::<_, ToDevice>::new(dev, message)?;
//! let destination = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(4096, GFP_KERNEL)?)?;
//!
//! let completed = controller.copy(source, destination, range)?;
//! let copy = completed.mappings.destination.unmap();
//! # Ok(())
//! # }
//! ```

mod backoff;
mod controller;
mod engine;
mod hw;
mod irq;
#[expect(dead_code, reason = "tests on the host measure programs")]
pub(crate) mod program;
mod transfer;

pub(crate) use controller::{
    Controller,
    ProbeError, //
};
pub(crate) use engine::{
    CallbackContext,
    InjectedFault,
    TransferError, //
};
pub(crate) use irq::Interrupts;
pub(crate) use program::Pattern;
pub(crate) use transfer::{
    BusQueue,
    BusTransfer,
    BusTransferEnd,
    Completed,
    Copy2d,
    CopyRange,
    CopyShape,
    Descriptor,
    Failed,
    PrepareResult,
    Queue,
    Transfer,
    TransferResult,
    TransferStats, //
};
