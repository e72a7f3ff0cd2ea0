// SPDX-License-Identifier: GPL-2.0

//! Checks of the watchdog.

use super::{
    super::channel::State,
    ChannelOf,
    Hardware,
    Platform,
    Power,
    Reason,
    RequestList,
    Scheduler,
    MAX_CHANNELS, //
};

/// Watchdog checks after which a channel that does not stop is retired.
const MAX_STOP_CHECKS: u32 = 20;

/// Time between two watchdog checks, in milliseconds.
pub(crate) const CHECK_PERIOD_MS: u32 = 100;

impl<P: Platform> Scheduler<P> {
    /// Returns true if something runs or waits that an earlier watchdog check has seen.
    pub(crate) fn is_overdue(&self) -> bool {
        let is_overdue = |it: &ChannelOf<P>| it.state() != State::Idle && it.checks() > 0;

        !self.ready.is_empty() || self.channels.iter().any(is_overdue)
    }

    /// Does a watchdog check. Returns true if another one is needed.
    pub(crate) fn check(&mut self) -> bool {
        for channel in 0..MAX_CHANNELS {
            let checks = match self.channels[channel].state() {
                State::Running | State::Stopping => self.channels[channel].check(),
                State::Idle if self.power == Power::On && !self.ready.is_empty() => {
                    self.check_idle(channel)
                }
                State::Idle | State::Retired => continue,
            };

            match self.channels[channel].state() {
                // It may have been started just now.
                State::Running if checks > 1 => self.check_running(channel, checks),
                State::Stopping | State::Idle => self.check_stopping(channel, checks),
                State::Running | State::Retired => (),
            }
        }
        self.dispatch();
        // The caller starts it again: calls of `watch` above must not start another one.
        self.is_watched = self.is_busy();
        self.is_watched
    }

    /// Returns true if there is something for the watchdog to check.
    fn is_busy(&self) -> bool {
        let is_busy = |it: &ChannelOf<P>| matches!(it.state(), State::Running | State::Stopping);

        !self.ready.is_empty() || self.channels.iter().any(is_busy)
    }

    /// Checks an idle channel while requests wait: it may have a fault behind its event.
    fn check_idle(&mut self, channel: usize) -> u32 {
        if self.hardware.is_stopped(channel) {
            self.channels[channel].restart_checks();
            return 0;
        }
        self.hardware.kill(channel);
        self.channels[channel].check()
    }

    /// Checks a program that has been running for at least a period.
    fn check_running(&mut self, channel: usize, checks: u32) {
        let timeout_ms = match self.channels[channel].take_request() {
            Some(request) => {
                let timeout_ms = P::state(self, &request).timeout_ms;

                self.channels[channel].put_back_request(request);
                timeout_ms
            }
            None => return,
        };
        // In this order: one that stops after the first look has raised its event before.
        let is_stopped = self.hardware.is_stopped(channel);

        if self.hardware.is_event_pending(channel) {
            // The handler may be on its way.
            if self.channels[channel].note_event_pending() {
                self.hardware.clear_event(channel);
                P::interrupt_lost(self, channel);
                self.event(channel);
            }
        } else if is_stopped {
            self.stop(channel, P::Reason::NO_EVENT);
        } else if let Some(limit) = timeout_ms {
            if (checks - 1).saturating_mul(CHECK_PERIOD_MS) >= limit {
                self.stop(channel, P::Reason::timeout(limit));
            }
        }
    }

    /// Checks a channel that should have stopped.
    fn check_stopping(&mut self, channel: usize, checks: u32) {
        if self.channels[channel].state() == State::Stopping {
            self.hardware.kill(channel);
            self.settle_channel(channel);
            // The worker ends a request with a fault once the channel has stopped.
            if self.channels[channel].state() == State::Stopping {
                self.ask_for_work();
            }
        }
        if checks > MAX_STOP_CHECKS {
            self.retire_unless_stopped(channel);
        }
    }
}
