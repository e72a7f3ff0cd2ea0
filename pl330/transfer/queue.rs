// SPDX-License-Identifier: GPL-2.0

//! Queues: transfers that run one after the other.

use kernel::{
    alloc::Flags,
    prelude::*,
    sync::Arc, //
};

use super::{
    super::engine::{
        Engine,
        RequestQueue, //
    },
    Transfers, //
};

/// Queue of transfers, which run one after the other in the order in which they are submitted.
///
/// Transfers of different queues, and of none, run at the same time, as long as channels are idle.
/// If one fails, the next one still runs. An idle queue costs nothing, so a driver may have any
/// number of them. If a queue is dropped, the transfers in it still run.
///
/// # Examples
///
/// ```
/// # use crate::pl330::CopyRange;
/// # fn copy_in_order<'bound, S, D>(
/// #     transfers: &Transfers<'bound>,
/// #     [a, c]: [S; 2],
/// #     [b, d]: [D; 2],
/// #     range: CopyRange,
/// # ) -> Result
/// # where
/// #     S: MappedMemory<Direction: DeviceReads> + Send + 'bound,
/// #     D: MappedMemory<Direction: DeviceWrites> + Send + 'bound,
/// # {
/// let queue = Queue::new(transfers, GFP_KERNEL)?;
/// let first = transfers.prepare(a, b, range, GFP_KERNEL)?.submit_to(&queue);
/// let second = transfers.prepare(c, d, range, GFP_KERNEL)?.submit_to(&queue);
///
/// second.wait()?;
/// first.wait()?;          // has ended before the second
/// # Ok(())
/// # }
/// ```
pub(crate) struct Queue<'a, 'bound> {
    engine: &'a Engine<'bound>,
    requests: Arc<RequestQueue<'bound>>,
}

impl<'a, 'bound> Queue<'a, 'bound> {
    /// Allocates a queue for `transfers`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(transfers: &'a Transfers<'bound>, flags: Flags) -> Result<Self> {
        let engine = transfers.engine();

        Ok(Self {
            engine,
            requests: RequestQueue::new(engine, flags)?,
        })
    }

    /// Returns true if the queue is one of `engine`.
    pub(super) fn belongs_to(&self, engine: &Engine<'bound>) -> bool {
        core::ptr::eq(self.engine, engine)
    }

    /// Returns the queue of requests.
    pub(super) fn requests(&self) -> &Arc<RequestQueue<'bound>> {
        &self.requests
    }
}
