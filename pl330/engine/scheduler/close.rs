// SPDX-License-Identifier: GPL-2.0

//! The end of channels, and of the scheduler.

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
