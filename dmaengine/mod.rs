// SPDX-License-Identifier: GPL-2.0

//! Providers of the DMA engine framework: drivers whose channels the kernel's other drivers use.
//!
//! In C, a provider fills in `struct dma_device` with some twenty functions. The framework hardly
//! checks how they treat descriptors: each provider has lists, cookies, a lock and a tasklet of its
//! own, and most of them can be unbound while clients use them, which then access freed memory.
//! Here a provider implements traits without `unsafe`, by which it prepares, starts and stops jobs.
//! This module has the rest.
//!
//! C headers: `include/linux/dmaengine.h`, `include/linux/of_dma.h`; also `dmaengine.h` and
//! `virt-dma.h` in `drivers/dma/`, which modules elsewhere cannot include.
//!
//! Not here: clients; the operations `xor`, `pq`, `interleave` and `interrupt`; channels for the
//! kernel's `async_tx`; descriptors that are submitted again; metadata; channels that come later
//! than their device.
//!
//! ```text
//!              client                          provider                tasklet
//!
//!   prep     submit     issue_pending   start       complete     callback
//!     ▼         ▼             ▼           ▼             ▼            ▼
//!   prepared ──▶ submitted ──▶ issued ────┴──▶ Issued ──┴▶ completed ──▶ freed
//!     │             │            │               │             │
//!     │  terminate  │            ▼               ▼             │
//!     │             │       terminated ───────▶ stopped ──▶ freed by the tasklet
//!     ▼             ▼                                          │     or by synchronize
//!   freed ◀─────────┴──────────────────────────────────────────┘
//! ```
//!
//! - A [`Registration`] is a device with its channels. When it is unregistered, it aborts all jobs
//!   and waits for the clients.
//! - [`Provider`] has what all devices do: it starts and stops jobs. [`Memory`] prepares copies and
//!   fills, [`Slave`] transfers to and from peripherals. A device is of one of the two kinds,
//!   because a client that asks for any channel that copies must not get that of a peripheral. A
//!   controller that has both registers two.
//! - An [`Issued`] is a job that runs or waits for the hardware. It exists once, and can be
//!   completed once: when it is dropped it is completed as aborted.
//! - A descriptor is one allocation, with the job of the provider in it.
//! - The cookie of a descriptor is complete before its callback is called, and callbacks are called
//!   by the tasklet only, in the order of cookies.
//! - A job that has failed is complete, too, but its status is `DMA_ERROR`, for the last 64 jobs.
//! - After `terminate`, no callback of a job begins. After `synchronize`, none runs, and no
//!   `Issued` is left: the hardware does not access the memory of the client any more. If it does
//!   not stop, `synchronize` waits for ever, with a warning every 10 s, because the client frees
//!   the memory next.
//! - `terminate` frees prepared descriptors, too, as `virt-dma.h` does. So a client must not
//!   terminate a channel while another thread of it is between prep and submit.
//! - A configuration that the device cannot have is rejected, as are the transfers after it.
//!
//! # Locks
//!
//! Each channel has two, taken in this order, after those of the client. The first is held while
//! the provider starts and stops jobs, the second for moves between lists, and by the completion of
//! a job. A provider's own lock may be taken under the first one, and in
//! [`Slave::transferred`] under the second one, so a provider must complete and drop jobs without a
//! lock that [`Slave::transferred`] takes.
//!
//! # Examples
//!
//! ```
//! # use crate::dmaengine::Memory;
//! # use kernel::device::{Bound, Device};
//! # fn example<P: Memory>(dev: &Device<Bound>, provider: P, channels: [P::Channel; 8]) -> Result {
//! // SAFETY: It is unregistered before the device is unbound, in a thread without locks.
//! let registration = unsafe { Registration::new_memory(dev, provider, channels)? };
//!
//! // In the driver's `unbind()`:
//! registration.close();
//! // Here the hardware is shut down.
//! registration.unregister();
//! # Ok(())
//! # }
//! ```
//!
//! C documentation: `Documentation/driver-api/dmaengine/provider.rst`.

#![allow(dead_code, unused_imports, reason = "made for more than one driver")]

mod channel;
mod config;
mod cookie;
mod descriptor;
mod device;
mod ffi;
mod issued;
mod memory;
mod of;
mod provider;
mod registration;
mod segments;
mod slave;
mod vchan;
mod wait;

#[cfg(kunit_fixture)]
mod tests;

pub(crate) use config::{
    BusWidths,
    ResidueGranularity,
    SlaveCaps,
    SlaveConfig,
    TransferDirection, //
};
pub(crate) use issued::{
    Issued,
    TxError,
    TxResult, //
};
pub(crate) use memory::{
    Memcpy,
    Memory,
    Memset, //
};
pub(crate) use provider::Provider;
pub(crate) use registration::Registration;
pub(crate) use segments::{
    Ring,
    Segment,
    Segments, //
};
pub(crate) use slave::Slave;
