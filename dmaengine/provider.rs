// SPDX-License-Identifier: GPL-2.0

//! The trait that all providers implement.

use kernel::{
    build_error,
    error::VTABLE_DEFAULT_ERROR,
    prelude::*, //
};

use super::issued::Issued;

/// Driver of a DMA controller, for clients of the DMA engine framework.
///
/// A provider also implements [`Memory`](super::Memory) or [`Slave`](super::Slave), by which
/// clients prepare jobs. The framework keeps the lists, numbers and callbacks of their descriptors,
/// and hands over the jobs one after the other.
///
/// # Memory of clients
///
/// A job has bus addresses of memory that the client has mapped for the device of the
/// [`Registration`](super::Registration). By the contract of the framework the client keeps it
/// mapped until the callback of the job has begun, or until it has terminated the job and then
/// synchronized. So the hardware may access it from [`start`](Self::start) until the [`Issued`] is
/// completed or dropped, and not longer.
///
/// # Contexts
///
/// Clients call from hard interrupt context, and with their own locks held. [`start`](Self::start)
/// and [`terminate`](Self::terminate) are called one at a time for each channel, with a lock of the
/// channel held and interrupts disabled (with `PREEMPT_RT`: enabled). They must not sleep. They may
/// complete jobs. Jobs are dropped in these contexts, too.
///
/// C type: `struct dma_device`.
pub(crate) trait Provider: Send + Sync {
    /// Data of the provider for each channel.
    type Channel: Send + Sync;

    /// Job for the hardware, which a client prepares.
    ///
    /// It is initialized in place and pinned, so it may have links of lists. It may be dropped in
    /// any context.
    type Job: Send + Sync;

    /// Allocates what a channel needs while a client holds it. May sleep.
    ///
    /// C function: `device_alloc_chan_resources()`.
    ///
    /// # Errors
    ///
    /// Any; the client gets no channel.
    fn open(&self, channel: &Self::Channel) -> Result {
        let _ = channel;
        Ok(())
    }

    /// Undoes [`open`](Self::open), when the client has released the channel and no job is left.
    /// May sleep.
    ///
    /// C function: `device_free_chan_resources()`.
    fn close(&self, channel: &Self::Channel) {
        let _ = channel;
    }

    /// Starts `job`, or queues it behind the jobs of `channel` that were started before.
    ///
    /// C function: `device_issue_pending()`.
    fn start(&self, channel: &Self::Channel, job: Issued<Self::Job>);

    /// Stops all jobs of `channel` that were started. Each is completed once the hardware does not
    /// access its memory any more, now or later.
    ///
    /// Also resumes a paused channel. C function: `device_terminate_all()`.
    fn terminate(&self, channel: &Self::Channel);
}

/// Body of an optional method that returns an initializer.
#[inline(always)]
pub(super) fn default_job<J>() -> Result<J> {
    build_error!(VTABLE_DEFAULT_ERROR)
}
