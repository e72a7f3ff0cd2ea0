// SPDX-License-Identifier: GPL-2.0

//! Transfers that were submitted.

use core::ops::RangeBounds;

use kernel::{
    prelude::*,
    sync::Arc, //
};

use super::{
    super::engine::{
        Engine,
        Request,
        RequestResult,
        TransferError, //
    },
    parcel::{
        Failed,
        Orphan,
        TransferResult, //
    }, //
};
use crate::dma::{
    resolve,
    Mapped,
    MappedMemory,
    Pair,
    ReadInFlight, //
};

/// Transfer that was submitted.
///
/// If it is dropped, it is terminated: its program is killed, or never started. Its mappings are
/// unmapped once the channel has stopped, at once as a rule and otherwise by a thread. They are
/// leaked only if the channel never stops. Callable from any context in which a `spinlock_t` may be
/// taken and the mappings can be dropped: those of vmalloc memory sleep.
///
/// # Invariants
///
/// `parcel` is that of `request`; both are there until the transfer is consumed.
#[must_use = "a transfer that is dropped is terminated"]
pub(crate) struct Transfer<'a, 'bound, T: Mapped + Send + 'bound> {
    engine: &'a Engine<'bound>,
    request: Option<Arc<Request<'bound>>>,
    parcel: Option<KBox<Orphan<T>>>,
}

impl<'a, 'bound, T: Mapped + Send + 'bound> Transfer<'a, 'bound, T> {
    /// Creates a transfer. The caller keeps the invariant.
    pub(super) fn new(
        engine: &'a Engine<'bound>,
        request: Option<Arc<Request<'bound>>>,
        parcel: Option<KBox<Orphan<T>>>,
    ) -> Self {
        Self {
            engine,
            request,
            parcel,
        }
    }

    /// Waits until the transfer has ended, and returns its mappings.
    ///
    /// Sleeps. The watchdog ends a transfer with a time limit; one without may take forever. C
    /// function: `dma_sync_wait()`.
    ///
    /// # Errors
    ///
    /// [`TransferError`]s of a program, of the controller's end, and of a queue of another
    /// controller.
    pub(crate) fn wait(self) -> TransferResult<T> {
        let result = match &self.request {
            Some(request) => self.engine.wait(request),
            // It is there until here.
            None => Err(TransferError::Stuck),
        };

        self.into_result(result)
    }

    /// Waits until the transfer has ended or a signal is pending. Sleeps.
    ///
    /// # Errors
    ///
    /// The transfer itself after a signal: to wait again, or to drop and so terminate.
    pub(crate) fn wait_interruptible(self) -> Result<TransferResult<T>, Self> {
        let result = match &self.request {
            Some(request) => self.engine.wait_interruptible(request),
            None => Some(Err(TransferError::Stuck)),
        };

        match result {
            Some(result) => Ok(self.into_result(result)),
            None => Err(self),
        }
    }

    fn into_result(mut self, result: RequestResult) -> TransferResult<T> {
        self.request = None;
        match self.parcel.take().and_then(|mut orphan| orphan.0.take()) {
            // SAFETY: The result must be that of the parcel's request: by the type invariant it is.
            Some(parcel) => unsafe { parcel.into_result(result) },
            // It is there until here.
            None => Err(Failed {
                error: TransferError::Stuck,
                mappings: None,
            }),
        }
    }
}

/// Copies [`with_progress`](super::CopyRange::with_progress), while they go on. Of other transfers
/// no bytes are known to have been copied before the end.
impl<'bound, S, D> Transfer<'_, 'bound, Pair<S, D>>
where
    S: MappedMemory + Send + 'bound,
    D: ReadInFlight + Send + 'bound,
{
    /// Waits until the first `len` bytes of the copy have reached memory. Sleeps.
    ///
    /// Returns the number of the first bytes that have. It is less than `len` if the copy failed,
    /// or a signal is pending.
    pub(crate) fn wait_for(&self, len: usize) -> usize {
        if let Some(request) = &self.request {
            self.engine.wait_for(request, len);
        }
        self.done()
    }

    /// Returns the number of the first bytes of the copy that have reached memory.
    pub(crate) fn done(&self) -> usize {
        let progress = self.parcel.as_deref().and_then(Orphan::progress);

        match (&self.request, progress) {
            (Some(request), Some(it)) => self.engine.done(request).min(it.range.len()),
            _ => 0,
        }
    }

    /// Syncs bytes of the destination for the CPU, while the copy of others goes on.
    ///
    /// The bytes of `range` are among the first that have reached memory, or come before them.
    /// While the result is in use, the transfer cannot be waited for or dropped.
    ///
    /// C function: `dma_sync_single_range_for_cpu()`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `range` is not inside the destination; `EBUSY` if it has bytes that may not have
    /// reached memory.
    pub(crate) fn for_cpu(&mut self, range: impl RangeBounds<usize>) -> Result<D::Bytes<'_>> {
        let done = self.done();
        let parcel = self.parcel.as_deref_mut().and_then(|it| it.0.as_mut());
        // It is there until the transfer is consumed.
        let parcel = parcel.ok_or(EBUSY)?;
        let range = resolve(range, parcel.flight.each_ref().destination.len())?;

        match &parcel.progress {
            Some(it) if range.end <= it.range.start + done => (),
            _ => return Err(EBUSY),
        }
        // SAFETY: The device must not write the bytes while the result exists. By the invariant of
        // `Parcel`, the programs write each byte once, in ascending order. These bytes come before
        // the last one of which a program has reported that it has reached memory.
        unsafe { parcel.flight.destination_for_cpu(range) }
    }
}

impl<'bound, T: Mapped + Send + 'bound> Drop for Transfer<'_, 'bound, T> {
    fn drop(&mut self) {
        if let (Some(request), Some(parcel)) = (self.request.take(), self.parcel.take()) {
            // SAFETY: The mapping must be the one that the programs access: by the type invariant
            // it is.
            unsafe { self.engine.terminate(&request, Some(parcel)) };
        }
    }
}

/// Ticket of a transfer with a callback. If it is dropped, the transfer goes on.
pub(crate) struct Ticket<'a, 'bound> {
    engine: &'a Engine<'bound>,
    request: Option<Arc<Request<'bound>>>,
}

impl<'a, 'bound> Ticket<'a, 'bound> {
    /// Creates a ticket for `request`.
    pub(super) fn new(engine: &'a Engine<'bound>, request: Option<Arc<Request<'bound>>>) -> Self {
        Self { engine, request }
    }

    /// Terminates the transfer, unless it has ended.
    ///
    /// Callable from any context in which a `spinlock_t` may be taken. The callback is called with
    /// [`TransferError::Terminated`]: once the channel has stopped, or, if the transfer waits, when
    /// its turn comes. C function: `dmaengine_terminate_async()`, which terminates all transfers of
    /// a channel.
    pub(crate) fn terminate(self) {
        if let Some(request) = &self.request {
            // SAFETY: There is no callback.
            unsafe { self.engine.terminate(request, None) };
        }
    }
}
