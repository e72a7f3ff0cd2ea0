// SPDX-License-Identifier: GPL-2.0

//! Callbacks: who calls them, and when.
//!
//! Whoever has seen requests end calls back, without the lock, when there is nothing more urgent: an
//! interrupt handler, or the watchdog. Nobody does so on behalf of others while submitting.

use kernel::{
    interrupt::local_interrupt_disable,
    list::ListArc,
    prelude::*,
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

use super::{
    controller::Controller,
    engine::MAX_CHANNELS,
    error::TransferError,
    request::{
        Finish,
        Outcome,
        Request, //
    }, //
};

/// How many callbacks one caller calls, before it leaves the others to the next one: those that run may
/// have more end at the same time, again and again.
const MAX_CALLS: usize = 2 * MAX_CHANNELS;

impl<'bound> Controller<'bound> {
    /// Calls those back whose requests have ended, in the order in which they have. One at a time: what a
    /// callback has ended comes after it. Not to be called by those who submit, as they may hold what
    /// their callbacks take.
    pub(super) fn call_back(&self) {
        // Nobody else calls back while somebody does, so that must not be interrupted.
        let _interrupts = local_interrupt_disable();

        if core::mem::replace(&mut self.shared.lock().is_calling, true) {
            return;
        }

        let mut left = MAX_CALLS;

        while let Some((mut finish, outcome)) = self.next_call(&mut left) {
            // SAFETY: This is what the request came to that was told of it.
            unsafe { finish.finish(outcome) };
        }
    }

    fn next_call(&self, left: &mut usize) -> Option<(KBox<dyn Finish + 'bound>, Outcome)> {
        let shared = &mut *self.shared.lock();

        while *left != 0 {
            let Some(request) = shared.ended.pop_front() else {
                break;
            };
            let state = request.state.access_mut(shared);

            if let (Some(finish), Some(outcome)) = (state.finish.take(), state.outcome) {
                *left -= 1;
                return Some((finish, outcome));
            }
        }
        shared.is_calling = false;
        if !shared.ended.is_empty() && !shared.is_gone {
            // As soon as can be, unless an interrupt is sooner.
            shared.is_watched = true;
            self.watchdog.arm(1);
        }
        None
    }

    /// Calls back whoever is left, and waits for those who are being called back by others. From then on
    /// nobody is called back by the watchdog or by an interrupt. Sleeps.
    pub(super) fn finish_calls(&self) {
        loop {
            self.call_back();
            {
                let shared = &mut *self.shared.lock();

                if shared.ended.is_empty() && !shared.is_calling {
                    shared.is_gone = true;
                    return;
                }
            }
            fsleep(Delta::from_micros(50));
        }
    }

    /// Ends `request`, which was not queued, as if it had been.
    pub(super) fn refuse(&self, request: ListArc<Request<'bound>>, error: TransferError) {
        let finish = {
            let shared = &mut *self.shared.lock();
            let finish = match shared.is_gone {
                true => request.state.access_mut(shared).finish.take(),
                false => None,
            };

            self.end(shared, request, Err(error));
            finish
        };

        call(finish, error);
    }

    /// Ends `request`, which nobody submits any more, and calls its callback here and now.
    pub(super) fn give_up(&self, request: ListArc<Request<'bound>>) {
        let error = TransferError::Cancelled;
        let finish = {
            let shared = &mut *self.shared.lock();
            let finish = request.state.access_mut(shared).finish.take();

            self.end(shared, request, Err(error));
            finish
        };

        call(finish, error);
    }
}

/// Tells one that its request, which had no time to be queued, came to `error`.
fn call(finish: Option<KBox<dyn Finish + '_>>, error: TransferError) {
    if let Some(mut finish) = finish {
        // SAFETY: This is what the request came to that was told of it.
        unsafe { finish.finish(Err(error)) };
    }
}
