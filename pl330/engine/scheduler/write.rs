// SPDX-License-Identifier: GPL-2.0

//! Requests whose next program the worker writes.

use super::{
    super::channel::State,
    state::WriteResult,
    Platform,
    Reason,
    RequestList,
    Scheduler,
    MAX_CHANNELS,
    MAX_PER_CALL, //
};

impl<P: Platform> Scheduler<P> {
    /// Returns true if a request waits for the worker to write its next program.
    pub(crate) fn is_any_unwritten(&self) -> bool {
        !self.unwritten.is_empty()
    }

    /// Takes the rest of a request whose next program is to be written, and a reference to the
    /// request.
    ///
    /// Requests that wait for it come first, or programs that end before the next one is written
    /// would keep them waiting. The worker calls [`written`](Self::written) before it calls this
    /// again.
    pub(crate) fn take_unwritten<T>(
        &mut self,
        refer: impl Fn(&P::Request) -> T,
    ) -> Option<(T, P::Rest)> {
        for _ in 0..MAX_PER_CALL {
            let Some(request) = self.unwritten.pop_front() else {
                return self.take_unwritten_running(refer);
            };
            let state = P::state(self, &request);
            let rest = state.result.is_none().then(|| state.take_rest()).flatten();

            match rest {
                Some(rest) => {
                    let found = refer(&request);

                    self.writing = Some(request);
                    return Some((found, rest));
                }
                // It was terminated while it waited.
                None => self.ready.push_back(request),
            }
        }
        self.ask_for_work();
        None
    }

    /// As [`take_unwritten`](Self::take_unwritten), of a request whose program runs.
    fn take_unwritten_running<T>(
        &mut self,
        refer: impl Fn(&P::Request) -> T,
    ) -> Option<(T, P::Rest)> {
        for channel in 0..MAX_CHANNELS {
            if self.channels[channel].state() != State::Running {
                continue;
            }
            // The channel gives the request away for a moment, because the state needs the
            // scheduler.
            let Some(request) = self.channels[channel].take_request() else {
                continue;
            };
            let rest = P::state(self, &request).take_rest();
            let found = rest.map(|rest| (refer(&request), rest));

            self.channels[channel].put_back_request(request);
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Sets the program that the worker has written for the request with `key`.
    pub(crate) fn written(&mut self, key: &P::Key, written: WriteResult<P>) {
        P::state_by_key(self, key).set_written(written);
        if let Some(request) = self.writing.take() {
            if P::is_terminated(self, &request) {
                self.complete(request, Err(P::Reason::TERMINATED));
            } else {
                // After others, as when the program had been written in time.
                self.ready.push_back(request);
            }
        }
        self.dispatch();
    }
}
