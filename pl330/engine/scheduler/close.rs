// SPDX-License-Identifier: GPL-2.0

//! The end of queues, of channels, and of the scheduler.

use core::mem;

use super::{
    super::channel::State,
    Hardware,
    Platform,
    Reason,
    RequestList,
    Scheduler,
    MAX_CHANNELS,
    MAX_PER_CALL, //
};

impl<P: Platform> Scheduler<P> {
    /// Begins to terminate all requests in `queue`.
    ///
    /// [`end_waiting`](Self::end_waiting) goes on until it returns false, and then
    /// [`stop_queue`](Self::stop_queue).
    pub(crate) fn terminate_queue(&mut self, queue: &P::Queue) {
        let state = P::queue(self, queue);

        state.terminations = state.terminations.wrapping_add(1);
    }

    /// Ends requests of `queue` that wait for the one before and were terminated, at most
    /// [`MAX_PER_CALL`]. Returns true if others may be left.
    pub(crate) fn end_waiting(&mut self, queue: &P::Queue) -> bool {
        for _ in 0..MAX_PER_CALL {
            let Some(request) = P::queue(self, queue).waiting.pop_front() else {
                return false;
            };

            if !P::is_terminated(self, &request) {
                P::queue(self, queue).waiting.push_front(request);
                return false;
            }
            // Its end gives no other request its turn.
            P::state(self, &request).queue = None;
            self.complete(request, Err(P::Reason::TERMINATED));
        }
        true
    }

    /// Ends the request of `queue` that has its turn, and was terminated. If its program runs, that
    /// is killed, and the request ends when the channel has stopped. Otherwise it ends at once,
    /// also during a sleep, unless the worker writes its next program.
    pub(crate) fn stop_queue(&mut self, queue: &P::Queue) {
        let running = (0..MAX_CHANNELS).find(|&channel| {
            let request = self.channels[channel].request();

            request.is_some_and(|it| self.is_to_end(it, queue))
        });

        if let Some(channel) = running {
            self.stop(channel, P::Reason::TERMINATED);
        } else if let Some(request) = self.take_from_lists(queue) {
            self.complete(request, Err(P::Reason::TERMINATED));
        }
        self.dispatch();
    }

    fn is_to_end(&self, request: &P::Request, queue: &P::Queue) -> bool {
        P::is_in(self, request, queue) && P::is_terminated(self, request)
    }

    /// Takes the terminated request of `queue` that waits for a channel or for its program.
    fn take_from_lists(&mut self, queue: &P::Queue) -> Option<P::Request> {
        let mut taken = None;
        let lists =
            [&mut self.ready, &mut self.unwritten].map(|it| mem::replace(it, P::List::new()));
        let [mut ready, mut unwritten] = lists;

        while let Some(request) = ready.pop_front() {
            if self.is_to_end(&request, queue) {
                taken = Some(request);
            } else {
                self.ready.push_back(request);
            }
        }
        while let Some(request) = unwritten.pop_front() {
            if self.is_to_end(&request, queue) {
                taken = Some(request);
            } else {
                self.unwritten.push_back(request);
            }
        }
        taken
    }

    /// Retires a channel that does not stop, and fails its request as stuck.
    pub(crate) fn retire_unless_stopped(&mut self, channel: usize) {
        let state = self.channels[channel].state();

        if !matches!(state, State::Idle | State::Stopping) || self.hardware.is_stopped(channel) {
            return;
        }

        let failed = self.channels[channel].retire();

        P::retired(self, channel, failed.as_ref().map(|(_, reason)| *reason));
        if let Some((request, _)) = failed {
            self.complete(request, Err(P::Reason::STUCK));
        }
        if !self.has_channels() {
            self.fail_waiting(P::Reason::NO_CHANNELS);
        }
    }

    /// Accepts no more requests, stops what runs, and ends what waits.
    pub(crate) fn shut_down(&mut self) {
        self.is_shutting_down = true;
        for channel in 0..MAX_CHANNELS {
            self.stop(channel, P::Reason::SHUTTING_DOWN);
        }
        self.fail_waiting(P::Reason::SHUTTING_DOWN);
    }

    /// Ends requests that do not run, at most [`MAX_PER_CALL`]. The worker ends the others.
    pub(super) fn fail_waiting(&mut self, reason: P::Reason) {
        for _ in 0..MAX_PER_CALL {
            let next = self.ready.pop_front();

            match next.or_else(|| self.unwritten.pop_front()) {
                Some(request) => self.complete(request, Err(reason)),
                None => return,
            }
        }
        if self.is_any_waiting() {
            self.ask_for_work();
        }
    }

    /// Returns true if a request waits, other than behind one in a queue.
    pub(crate) fn is_any_waiting(&self) -> bool {
        !self.ready.is_empty() || !self.unwritten.is_empty() || self.writing.is_some()
    }

    /// Retires the channels that have stopped, after [`shut_down`](Self::shut_down).
    ///
    /// Returns true if all are retired, and no request waits.
    pub(crate) fn close(&mut self) -> bool {
        let mut is_closed = true;

        self.settle();
        for channel in 0..MAX_CHANNELS {
            if self.channels[channel].state() == State::Idle {
                // Without a clock nothing runs, and the registers must not be accessed.
                let is_closed = !self.power.has_clock() || {
                    self.hardware.kill(channel);
                    self.reclaim(channel).is_some()
                };

                if is_closed {
                    self.channels[channel].retire();
                }
            }
            is_closed &= self.channels[channel].state() == State::Retired;
        }
        self.fail_waiting(P::Reason::SHUTTING_DOWN);
        is_closed && !self.is_any_waiting()
    }
}
