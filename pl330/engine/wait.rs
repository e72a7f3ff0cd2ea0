// SPDX-License-Identifier: GPL-2.0

//! Waits for the progress and the end of requests, in threads.

use super::{
    request::{
        Request,
        RequestResult, //
    },
    Engine, //
};

impl<'bound> Engine<'bound> {
    /// Waits until `request`, which has no callback, has ended. Sleeps.
    ///
    /// # Errors
    ///
    /// [`TransferError`](super::TransferError)s of a program, and of the engine's end.
    pub(crate) fn wait(&self, request: &Request<'bound>) -> RequestResult {
        let mut scheduler = self.scheduler.lock();

        loop {
            if let Some(result) = request.state.access_mut(&mut scheduler).result() {
                return result;
            }
            request.changed.wait(&mut scheduler);
        }
    }

    /// Waits as [`wait`](Self::wait) does, but returns `None` if a signal is pending first. Sleeps.
    pub(crate) fn wait_interruptible(&self, request: &Request<'bound>) -> Option<RequestResult> {
        let mut scheduler = self.scheduler.lock();

        loop {
            if let Some(result) = request.state.access_mut(&mut scheduler).result() {
                return Some(result);
            }
            if request.changed.wait_interruptible(&mut scheduler) {
                return request.state.access_mut(&mut scheduler).result();
            }
        }
    }

    /// Waits until the first `len` bytes of `request` have reached memory, or it has ended, or a
    /// signal is pending. Sleeps.
    pub(crate) fn wait_for(&self, request: &Request<'bound>, len: usize) {
        let mut scheduler = self.scheduler.lock();

        loop {
            let state = request.state.access_mut(&mut scheduler);

            if state.result().is_some()
                || state.done() >= len
                || request.changed.wait_interruptible(&mut scheduler)
            {
                return;
            }
        }
    }

    /// Returns the number of the first bytes of `request` that have reached memory, as far as its
    /// programs have reported it.
    pub(crate) fn done(&self, request: &Request<'bound>) -> usize {
        request.state.access_mut(&mut self.scheduler.lock()).done()
    }
}
