// SPDX-License-Identifier: GPL-2.0

//! Transfers that were submitted.

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
use crate::dma::Mapped;

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
