// SPDX-License-Identifier: GPL-2.0

//! Callbacks: functions that are called when a request has ended.
//!
//! Callbacks of the contexts [`Softirq`](Context::Softirq) and [`Thread`](Context::Thread) are
//! called one at a time, in the order in which their requests have ended, and not by an interrupt
//! handler or a caller who submits, except after the shutdown. Those of
//! [`Immediate`](Context::Immediate) are called by the thread or interrupt handler that ends the
//! request, also on several CPUs at a time.

use kernel::{
    list::ListArc,
    prelude::*, //
};

use super::{
    super::backoff::Backoff,
    platform::KernelScheduler,
    request::{
        Request,
        RequestResult, //
    },
    scheduler::Reason,
    Engine,
    TransferError, //
};

/// Number of callbacks that are called before other work of the CPU gets its turn.
const BATCH: usize = 16;

/// Context in which a callback is called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallbackContext {
    /// Softirq context, soon after the interrupt: the callback must not sleep, and should be short.
    ///
    /// With `PREEMPT_RT` that is a thread with softirqs disabled. The callback may take a
    /// `spinlock_t`, but must not sleep otherwise.
    Softirq,
    /// A kernel thread: the callback may sleep.
    Thread,
}

/// Context in which the engine calls a callback.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Context {
    /// That in which the request has ended: an interrupt handler, or a caller who submits or
    /// terminates. The callback must take little time, and only locks under which no request is
    /// submitted or terminated.
    Immediate,
    /// [`CallbackContext::Softirq`].
    Softirq,
    /// [`CallbackContext::Thread`].
    Thread,
}

impl Context {
    /// All contexts.
    pub(super) const ALL: [Self; 3] = [Self::Immediate, Self::Softirq, Self::Thread];

    /// Returns the index of the context in [`ALL`](Self::ALL).
    pub(super) fn index(self) -> usize {
        match self {
            Self::Immediate => 0,
            Self::Softirq => 1,
            Self::Thread => 2,
        }
    }
}

impl From<CallbackContext> for Context {
    fn from(context: CallbackContext) -> Self {
        match context {
            CallbackContext::Softirq => Self::Softirq,
            CallbackContext::Thread => Self::Thread,
        }
    }
}

/// Function that is called when a request has ended.
pub(crate) trait Callback: Send {
    /// Handles the result of the request. Called once.
    ///
    /// # Safety
    ///
    /// `result` is that of the request for which this callback was set.
    unsafe fn call(&mut self, result: RequestResult);
}

/// Callback of a request, with its context.
pub(super) struct OwnedCallback<'bound> {
    callback: KBox<dyn Callback + 'bound>,
    context: Context,
}

// SAFETY: A shared reference gives access to the context only.
unsafe impl Sync for OwnedCallback<'_> {}

impl<'bound> OwnedCallback<'bound> {
    /// Creates the value.
    pub(super) fn new(callback: KBox<dyn Callback + 'bound>, context: Context) -> Self {
        Self { callback, context }
    }

    /// Returns the context.
    pub(super) fn context(&self) -> Context {
        self.context
    }

    /// Returns the callback.
    pub(super) fn into_inner(self) -> KBox<dyn Callback + 'bound> {
        self.callback
    }
}

/// Callback with its result, and the request, to be dropped later and without the lock.
type Taken<'bound> = (
    KBox<dyn Callback + 'bound>,
    RequestResult,
    ListArc<Request<'bound>>,
);

/// Takes the callback of the first request of `context` that has ended.
fn take_callback<'bound>(
    scheduler: &mut KernelScheduler<'bound>,
    context: Context,
) -> Option<Taken<'bound>> {
    loop {
        let request = scheduler.platform.ended[context.index()].pop_front()?;
        let state = request.state.access_mut(scheduler);

        if let (Some(callback), Some(result)) = (state.callback.take(), state.result()) {
            return Some((callback.into_inner(), result, request));
        }
    }
}

impl<'bound> Engine<'bound> {
    /// Calls callbacks of requests that have ended, at most [`BATCH`] of them.
    ///
    /// Returns true if others are left. Does nothing while another caller calls one of the same
    /// `context`, unless it is [`Context::Immediate`]: that caller goes on with the others.
    pub(super) fn call_back(&self, context: Context) -> bool {
        let mut left = BATCH;
        let mut next = self.first_callback(context);

        while let Some((mut callback, result, request)) = next {
            // SAFETY: The result must be that of the callback's request: `take_callback` took both
            // from one.
            unsafe { callback.call(result) };
            drop((callback, request));
            left -= 1;
            next = self.next_callback(context, left);
        }
        left == 0
    }

    /// Takes the first callback to call, unless another caller calls those of `context`.
    fn first_callback(&self, context: Context) -> Option<Taken<'bound>> {
        let scheduler = &mut *self.scheduler.lock();

        let may_call =
            context == Context::Immediate || scheduler.platform.callers[context.index()] == 0;
        let first = if may_call {
            take_callback(scheduler, context)
        } else {
            None
        };

        if first.is_some() {
            scheduler.platform.callers[context.index()] += 1;
        }
        first
    }

    /// Takes the next callback, unless none is `left` to call.
    fn next_callback(&self, context: Context, left: usize) -> Option<Taken<'bound>> {
        let scheduler = &mut *self.scheduler.lock();
        let next = if left == 0 {
            None
        } else {
            take_callback(scheduler, context)
        };

        if next.is_none() {
            scheduler.platform.callers[context.index()] -= 1;
        }
        next
    }

    /// Waits until all callbacks have returned. From then on, no other context calls any. Sleeps.
    pub(super) fn finish_callbacks(&self) {
        let mut backoff = Backoff::default();

        loop {
            self.thread.flush();
            {
                let platform = &mut self.scheduler.lock().platform;

                if platform.ended.iter().all(|it| it.is_empty())
                    && platform.callers == [0; Context::ALL.len()]
                {
                    platform.is_shut_down = true;
                    break;
                }
            }
            // A context that has ended a request queues its work after it has released the lock.
            backoff.sleep();
        }
        self.tasklet.kill();
        self.thread.disable();
    }

    /// Ends `request`, which was not submitted and will not be, and calls its callback at once.
    pub(crate) fn cancel_unsubmitted(&self, request: ListArc<Request<'bound>>) {
        let callback = {
            let scheduler = &mut *self.scheduler.lock();

            request.state.access_mut(scheduler).callback.take()
        };

        if let Some(mut callback) = callback.map(OwnedCallback::into_inner) {
            // SAFETY: The result must be that of the request: it ends with this one, because it is
            // not submitted.
            unsafe { callback.call(Err(TransferError::TERMINATED)) };
        }
    }
}
