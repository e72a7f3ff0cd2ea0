// SPDX-License-Identifier: GPL-2.0

//! Transfers: mappings go in, programs run over them, and they come back.
//!
//! ```text
//!   mappings ──prepare──▶ Prepared ──submit──▶ Transfer ──wait──▶ mappings
//!                            │                     └──drop──▶ (stopped, unmapped)
//!                            └──then, submit──▶ callback(mappings)
//! ```

use core::mem::ManuallyDrop;

use kernel::{
    alloc::Flags,
    list::ListArc,
    prelude::*,
    sync::Arc,
    time::Delta, //
};

use super::{
    controller::Controller,
    error::TransferError,
    layout::Addresses,
    queue::Queue,
    request::{
        Finish,
        Outcome,
        Ran,
        Request, //
    }, //
};
use crate::dma::{
    InFlight,
    Mapped,
    WrongDevice, //
};

/// What there is to say of a transfer that was done.
#[derive(Clone, Copy)]
pub(crate) struct Receipt {
    /// Bus address, for logs, of the first byte that was read, or of the first byte that was written
    /// if none was read.
    pub(crate) source: u32,
    /// Bus address, for logs, of the first byte that was written.
    pub(crate) destination: u32,
    /// How many programs it took, and so how many interrupts.
    pub(crate) programs: u32,
    /// The length of the programs in bytes.
    pub(crate) program_len: usize,
    /// From the start of its first program to the interrupt of the last.
    pub(crate) duration: Delta,
}

/// A transfer that was done.
pub(crate) struct Done<M> {
    /// Mappings that the transfer used: a [`Pair`](crate::dma::Pair), or the one that was filled.
    pub(crate) mappings: M,
    /// How it went.
    pub(crate) receipt: Receipt,
}

/// A transfer that was not done, or not wholly.
///
/// Turns into its error with `?`, which unmaps and drops what was mapped.
pub(crate) struct Failed<M> {
    /// Why.
    pub(crate) error: TransferError,
    /// What it used. `None` if the channel could not be stopped
    /// ([`TransferError::Stuck`]): the hardware may still use them, so they are lost.
    pub(crate) mappings: Option<M>,
}

impl<M> From<WrongDevice<M>> for Failed<M> {
    fn from(WrongDevice(mappings): WrongDevice<M>) -> Self {
        Self {
            error: TransferError::WrongDevice,
            mappings: Some(mappings),
        }
    }
}

impl<M> From<Failed<M>> for Error {
    fn from(failed: Failed<M>) -> Self {
        failed.error.into()
    }
}

/// What a transfer comes to.
pub(crate) type TransferResult<M> = Result<Done<M>, Failed<M>>;

/// Result of preparing a transfer.
pub(crate) type PrepareResult<'a, 'bound, T> = Result<Prepared<'a, 'bound, T>, Failed<T>>;

/// A transfer that has all it needs, and was not asked for yet. Dropped, it unmaps what it was for.
///
/// # Invariants
///
/// `request` was not submitted. What its programs use is `lent`.
#[must_use = "nothing is transferred before it is submitted"]
pub(crate) struct Prepared<'a, 'bound, T: Mapped> {
    controller: &'a Controller<'bound>,
    request: ListArc<Request<'bound>>,
    lent: Returned<T>,
    addresses: Addresses,
}

/// What was lent for a request that has ended, or was never submitted. Dropped, it is taken back.
///
/// # Invariants
///
/// The hardware does not use it.
struct Returned<T: Mapped>(ManuallyDrop<InFlight<T, u32>>);

impl<T: Mapped> Returned<T> {
    fn take_back(self) -> T {
        let mut this = ManuallyDrop::new(self);

        // SAFETY: `this` is neither dropped nor used any more. By the type invariant the hardware does
        // not use what it was lent.
        unsafe { ManuallyDrop::take(&mut this.0).complete() }
    }

    fn lend(self) -> InFlight<T, u32> {
        let mut this = ManuallyDrop::new(self);

        // SAFETY: `this` is neither dropped nor used any more.
        unsafe { ManuallyDrop::take(&mut this.0) }
    }
}

impl<T: Mapped> Drop for Returned<T> {
    fn drop(&mut self) {
        // SAFETY: This is the drop; and as in `take_back`.
        drop(unsafe { ManuallyDrop::take(&mut self.0).complete() });
    }
}

impl<'a, 'bound, T: Mapped> Prepared<'a, 'bound, T> {
    /// A transfer that is done by `request`, which is new.
    ///
    /// # Safety
    ///
    /// The programs of `request` read and write nothing but `lent`.
    pub(super) unsafe fn new(
        controller: &'a Controller<'bound>,
        request: ListArc<Request<'bound>>,
        lent: InFlight<T, u32>,
        addresses: Addresses,
    ) -> Self {
        // INVARIANT: It is new, so it was not submitted, and the hardware does not know of `lent`.
        Self {
            controller,
            request,
            lent: Returned(ManuallyDrop::new(lent)),
            addresses,
        }
    }

    /// Asks for the transfer, on whichever channel is free first. Callable from any context: it
    /// neither sleeps nor allocates.
    pub(crate) fn submit(self) -> Transfer<'a, 'bound, T> {
        self.submit_in(None)
    }

    /// Asks for the transfer, to be done when all others of `queue` are that were submitted before.
    /// Callable from any context.
    pub(crate) fn submit_to(self, queue: &Queue<'_, 'bound>) -> Transfer<'a, 'bound, T> {
        self.submit_in(Some(queue))
    }

    fn submit_in(self, queue: Option<&Queue<'_, 'bound>>) -> Transfer<'a, 'bound, T> {
        let Self {
            controller,
            request,
            lent,
            addresses,
        } = self;
        // INVARIANT: By ours.
        let transfer = Transfer {
            controller,
            request: request.clone_arc(),
            lent: Some(lent.lend()),
            addresses,
        };

        submit_in(controller, request, queue);
        transfer
    }

    /// Prepares to ask for the transfer and to have `then` called at its end, with what
    /// [`Transfer::wait`] would return. Allocates.
    ///
    /// `then` is called exactly once, after those of transfers that have ended before. As a rule that is
    /// in the interrupt handler, and in any case with interrupts disabled; not within `submit`, so that a
    /// submitter may hold a lock that `then` takes. There are two exceptions, in which no other callback is
    /// called: what is dropped before it is submitted calls back at once, and so does what is submitted when
    /// [`Controller::shut_down`] has returned.
    ///
    /// It must not drop vmalloc memory, whose release sleeps outside of interrupt context:
    /// [`Controller::shut_down`] calls it, too.
    ///
    /// It may submit transfers, also again what has failed, but for
    /// [`ShuttingDown`](TransferError::ShuttingDown) and [`Retired`](TransferError::Retired), which do not
    /// pass. What may pass, such as [`DebugPortBusy`](TransferError::DebugPortBusy), it had better not try
    /// without end.
    ///
    /// # Errors
    ///
    /// [`TransferError::NoMemory`].
    pub(crate) fn then<F>(
        self,
        flags: Flags,
        then: F,
    ) -> Result<PreparedCall<'a, 'bound>, Failed<T>>
    where
        T: Send + 'bound,
        F: FnOnce(TransferResult<T>) + Send + 'bound,
    {
        let Self {
            controller,
            request,
            lent,
            addresses,
        } = self;
        let Ok(memory) = KBox::<Call<T, F>>::new_uninit(flags) else {
            return Err(Failed {
                error: TransferError::NoMemory,
                mappings: Some(lent.take_back()),
            });
        };
        let call = memory.write(Call {
            lent: Some(lent.lend()),
            addresses,
            then: Some(then),
        });

        // SAFETY: By our invariants it was for `lent`.
        unsafe { request.tell(&mut controller.shared.lock(), call) };
        // INVARIANT: `self` was not submitted.
        Ok(PreparedCall {
            controller,
            request: Some(request),
        })
    }
}

/// A transfer with a callback that has all it needs, and was not asked for yet. Dropped, it calls back
/// with [`TransferError::Cancelled`].
///
/// # Invariants
///
/// `request` was not submitted; it is `None` only on the way out.
#[must_use = "nothing is transferred before it is submitted"]
pub(crate) struct PreparedCall<'a, 'bound> {
    controller: &'a Controller<'bound>,
    request: Option<ListArc<Request<'bound>>>,
}

impl<'bound> PreparedCall<'_, 'bound> {
    /// Asks for the transfer, on whichever channel is free first. Callable from any context.
    pub(crate) fn submit(mut self) {
        if let Some(request) = self.request.take() {
            submit_in(self.controller, request, None);
        }
    }

    /// Asks for the transfer, to be done when all others of `queue` are that were submitted before.
    /// Callable from any context.
    pub(crate) fn submit_to(mut self, queue: &Queue<'_, 'bound>) {
        if let Some(request) = self.request.take() {
            submit_in(self.controller, request, Some(queue));
        }
    }
}

impl Drop for PreparedCall<'_, '_> {
    fn drop(&mut self) {
        if let Some(request) = self.request.take() {
            self.controller.give_up(request);
        }
    }
}

/// A callback with what it is about.
///
/// # Invariants
///
/// `lent` is what the programs of the request use that was [told](Request::tell) of this.
struct Call<T: Mapped, F> {
    /// Dropped, it is leaked, because the program has its addresses.
    lent: Option<InFlight<T, u32>>,
    addresses: Addresses,
    then: Option<F>,
}

impl<T, F> Finish for Call<T, F>
where
    T: Mapped + Send,
    F: FnOnce(TransferResult<T>) + Send,
{
    unsafe fn finish(&mut self, outcome: Outcome) {
        if let (Some(lent), Some(then)) = (self.lent.take(), self.then.take()) {
            // SAFETY: By the caller's promise it is the outcome of the request that was told of this; by
            // the type invariant that was for `lent`.
            then(unsafe { settle(lent, self.addresses, outcome) });
        }
    }
}

/// A transfer that was asked for.
///
/// Dropped, it is given up, and unmapped: its program is stopped, which takes some microseconds, or never
/// started. Callable from any context. If the channel does not stop at once, what it uses is lost.
///
/// # Invariants
///
/// What the programs of `request` use is `lent`, until `wait` or `drop` takes it out.
#[must_use = "a transfer that is dropped is given up"]
pub(crate) struct Transfer<'a, 'bound, T: Mapped> {
    controller: &'a Controller<'bound>,
    request: Arc<Request<'bound>>,
    lent: Option<InFlight<T, u32>>,
    addresses: Addresses,
}

impl<T: Mapped> Transfer<'_, '_, T> {
    /// Waits until the transfer has ended, and gives back what it used. Sleeps; the watchdog sees to it
    /// that it is not for good.
    ///
    /// # Errors
    ///
    /// [`TransferError`]s of a program, of the controller's end, and of a queue of another controller.
    pub(crate) fn wait(mut self) -> TransferResult<T> {
        self.request.ended.wait_for_completion();

        let outcome = self.controller.outcome(&self.request);

        match self.lent.take() {
            // SAFETY: The request has ended with this outcome. By the type invariant it was for `lent`.
            Some(lent) => unsafe { settle(lent, self.addresses, outcome) },
            // `lent` is there until here.
            None => Err(Failed {
                error: TransferError::Stuck,
                mappings: None,
            }),
        }
    }
}

impl<T: Mapped> Drop for Transfer<'_, '_, T> {
    fn drop(&mut self) {
        if let Some(lent) = self.lent.take() {
            let outcome = self.controller.cancel(&self.request);

            // SAFETY: As in `wait`.
            drop(unsafe { settle(lent, self.addresses, outcome) });
        }
    }
}

/// What comes of a transfer when its request has come to `outcome`.
///
/// # Safety
///
/// `lent` is what a request used that has ended with `outcome`.
unsafe fn settle<T: Mapped>(
    lent: InFlight<T, u32>,
    addresses: Addresses,
    outcome: Outcome,
) -> TransferResult<T> {
    let Addresses {
        source,
        destination,
    } = addresses;

    match outcome {
        Ok(Ran {
            programs,
            program_len,
            duration,
        }) => Ok(Done {
            // SAFETY: By the invariants of `Request`, none of its programs runs, nor will. Their last
            // accesses came before the barrier in front of their events.
            mappings: unsafe { lent.complete() },
            receipt: Receipt {
                source,
                destination,
                programs,
                program_len,
                duration,
            },
        }),
        // Dropping what is in flight leaks it, because the program has its addresses.
        Err(error @ TransferError::Stuck) => Err(Failed {
            error,
            mappings: None,
        }),
        Err(error) => Err(Failed {
            error,
            // SAFETY: As above; a stopped channel has no accesses outstanding.
            mappings: Some(unsafe { lent.complete() }),
        }),
    }
}

fn submit_in<'bound>(
    controller: &Controller<'bound>,
    request: ListArc<Request<'bound>>,
    queue: Option<&Queue<'_, 'bound>>,
) {
    match queue {
        Some(queue) if !queue.is_for(controller) => {
            controller.refuse(request, TransferError::WrongDevice);
        }
        Some(queue) => controller.submit(request, Some(queue.line())),
        None => controller.submit(request, None),
    }
}
