// SPDX-License-Identifier: GPL-2.0

//! Transfers that are prepared, and not submitted yet.

use core::mem;

use kernel::{
    alloc::Flags,
    list::ListArc,
    prelude::*, //
};

use super::{
    super::engine::{
        CallbackContext,
        Engine,
        Request,
        TransferError, //
    },
    in_progress::{
        Ticket,
        Transfer, //
    },
    parcel::{
        Call,
        Failed,
        Orphan,
        Parcel,
        TransferResult, //
    },
    queue::Queue, //
};
use crate::dma::Mapped;

/// Result of preparing a transfer.
pub(crate) type PrepareResult<'a, 'bound, T> = Result<Descriptor<'a, 'bound, T>, Failed<T>>;

/// Transfer that has all it needs, its program too. If it is dropped, it unmaps its mappings.
///
/// C type: `struct dma_async_tx_descriptor`.
///
/// # Invariants
///
/// - `request` was not submitted.
/// - `parcel` is that of `request`, and is there until the descriptor is consumed.
#[must_use = "nothing is transferred before it is submitted"]
pub(crate) struct Descriptor<'a, 'bound, T: Mapped> {
    engine: &'a Engine<'bound>,
    request: Option<ListArc<Request<'bound>>>,
    parcel: Option<KBox<Orphan<T>>>,
}

impl<'a, 'bound, T: Mapped> Descriptor<'a, 'bound, T> {
    /// Creates a descriptor of `request`, which is new.
    ///
    /// # Safety
    ///
    /// The invariants of [`Parcel`] hold for `request` and `parcel`.
    pub(super) unsafe fn new(
        engine: &'a Engine<'bound>,
        request: ListArc<Request<'bound>>,
        memory: ParcelMemory<T>,
        parcel: Parcel<T>,
    ) -> Self {
        // INVARIANT: The caller guarantees that of `Parcel`.
        let parcel = memory.write(Orphan(Some(parcel)));

        // INVARIANT: The request is new, so it was not submitted.
        Self {
            engine,
            request: Some(request),
            parcel: Some(parcel),
        }
    }

    /// Sets the longest time that each program of the transfer may take; `None` for no limit.
    ///
    /// Without this call, it is 5 s, and 1024 clock cycles more for each burst: 45 ms for each MiB
    /// at 375 MHz. The limit is checked every 100 ms.
    pub(crate) fn with_timeout(self, timeout_ms: Option<u32>) -> Self {
        if let Some(request) = &self.request {
            request.set_timeout(self.engine, timeout_ms);
        }
        self
    }
}

/// Memory for the mappings of a transfer.
pub(super) type ParcelMemory<T> = KBox<mem::MaybeUninit<Orphan<T>>>;

impl<'a, 'bound, T: Mapped + Send + 'bound> Descriptor<'a, 'bound, T> {
    /// Submits the transfer, for the channel that is idle first.
    ///
    /// Callable from any context in which a `spinlock_t` may be taken: an interrupt handler, a
    /// softirq, under a lock. With `PREEMPT_RT` that excludes a raw spinlock that is held, and
    /// disabled interrupts or preemption. Does not allocate. C functions: `dmaengine_submit()`,
    /// `dma_async_issue_pending()`.
    pub(crate) fn submit(self) -> Transfer<'a, 'bound, T> {
        self.submit_in(None)
    }

    /// Submits the transfer, which runs after those already in `queue`.
    ///
    /// Callable from the contexts of [`submit`](Self::submit).
    pub(crate) fn submit_to(self, queue: &Queue<'_, 'bound>) -> Transfer<'a, 'bound, T> {
        self.submit_in(Some(queue))
    }

    fn submit_in(mut self, queue: Option<&Queue<'_, 'bound>>) -> Transfer<'a, 'bound, T> {
        // INVARIANT: By ours.
        let transfer = Transfer::new(
            self.engine,
            self.request.as_ref().map(ListArc::clone_arc),
            self.parcel.take(),
        );

        if let Some(request) = self.request.take() {
            submit_in(self.engine, request, queue);
        }
        transfer
    }

    /// Sets a function to call at the end, with the result that [`Transfer::wait`] would return.
    ///
    /// Allocates with `flags`. C field: `callback_result`.
    ///
    /// `f` is called exactly once, in `context`, after those of transfers with the same context
    /// that have ended before; not within `submit`, so a caller may hold a lock that `f` takes.
    /// There are two exceptions, in which `f` is called at once: when the descriptor is dropped
    /// before it is submitted; and when it is submitted while the driver is unbound, from the point
    /// where [`Controller::shut_down`] has ended all transfers. So an atomic context may submit a
    /// transfer with a callback for [`CallbackContext::Thread`] only if the callback does not sleep
    /// after [`ShuttingDown`](TransferError::ShuttingDown).
    ///
    /// `f` may submit transfers, also those that have failed, except after
    /// [`ShuttingDown`](TransferError::ShuttingDown) and [`Retired`](TransferError::Retired), which
    /// do not pass.
    ///
    /// [`Controller::shut_down`]: crate::pl330::Controller::shut_down
    ///
    /// # Errors
    ///
    /// [`TransferError::NoMemory`].
    pub(crate) fn with_callback<F>(
        mut self,
        context: CallbackContext,
        f: F,
        flags: Flags,
    ) -> Result<CallbackDescriptor<'a, 'bound>, Failed<T>>
    where
        F: FnOnce(TransferResult<T>) + Send + 'bound,
    {
        let Ok(memory) = KBox::<Call<T, F>>::new_uninit(flags) else {
            return Err(Failed {
                error: TransferError::NoMemory,
                mappings: self.take_mappings(),
            });
        };

        if let (Some(request), Some(parcel)) = (&self.request, self.parcel.take()) {
            let callback = memory.write(Call::new(parcel, f));

            // SAFETY: The mapping must be the one that the programs access: by the type invariants
            // it is.
            unsafe { request.set_callback(self.engine, callback, context.into()) };
        }
        // INVARIANT: By ours.
        Ok(CallbackDescriptor {
            engine: self.engine,
            request: self.request.take(),
        })
    }
}

impl<T: Mapped> Descriptor<'_, '_, T> {
    /// Takes the mappings back from a transfer that is not submitted.
    fn take_mappings(&mut self) -> Option<T> {
        let parcel = self.parcel.take()?.0.take()?;

        self.request = None;
        // SAFETY: The device must not use the mapping: by the type invariants the request was not
        // submitted, and it has just been dropped.
        Some(unsafe { parcel.flight.complete() })
    }
}

impl<T: Mapped> Drop for Descriptor<'_, '_, T> {
    fn drop(&mut self) {
        drop(self.take_mappings());
    }
}

/// Transfer with a callback that has all it needs. If it is dropped, it calls back with
/// [`TransferError::Terminated`].
///
/// # Invariants
///
/// `request` was not submitted, and is there until the descriptor is consumed.
#[must_use = "nothing is transferred before it is submitted"]
pub(crate) struct CallbackDescriptor<'a, 'bound> {
    engine: &'a Engine<'bound>,
    request: Option<ListArc<Request<'bound>>>,
}

impl<'a, 'bound> CallbackDescriptor<'a, 'bound> {
    /// Submits the transfer, for the channel that is idle first.
    ///
    /// Callable from the contexts of [`Descriptor::submit`]. The ticket terminates the transfer. It
    /// may be dropped.
    pub(crate) fn submit(self) -> Ticket<'a, 'bound> {
        self.submit_in(None)
    }

    /// Submits the transfer, which runs after those already in `queue`.
    ///
    /// Callable from the contexts of [`Descriptor::submit`].
    pub(crate) fn submit_to(self, queue: &Queue<'_, 'bound>) -> Ticket<'a, 'bound> {
        self.submit_in(Some(queue))
    }

    fn submit_in(mut self, queue: Option<&Queue<'_, 'bound>>) -> Ticket<'a, 'bound> {
        let ticket = Ticket::new(self.engine, self.request.as_ref().map(ListArc::clone_arc));

        if let Some(request) = self.request.take() {
            submit_in(self.engine, request, queue);
        }
        ticket
    }
}

impl Drop for CallbackDescriptor<'_, '_> {
    fn drop(&mut self) {
        if let Some(request) = self.request.take() {
            self.engine.cancel_unsubmitted(request);
        }
    }
}

fn submit_in<'bound>(
    engine: &Engine<'bound>,
    request: ListArc<Request<'bound>>,
    queue: Option<&Queue<'_, 'bound>>,
) {
    match queue {
        Some(queue) if !queue.belongs_to(engine) => {
            engine.reject(request, TransferError::WrongDevice);
        }
        Some(queue) => engine.submit(request, Some(queue.requests())),
        None => engine.submit(request, None),
    }
}
