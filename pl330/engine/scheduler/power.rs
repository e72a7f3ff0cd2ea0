// SPDX-License-Identifier: GPL-2.0

//! The scheduler while the system sleeps.

use super::{
    super::channel::State,
    Hardware,
    Platform,
    Scheduler,
    MAX_CHANNELS, //
};

/// Power of the hardware.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Power {
    /// Programs may be started.
    On,
    /// Requests wait, because the system is about to sleep. Programs that run go on.
    Held,
    /// Requests wait, because the system sleeps. The hardware has no clock.
    Asleep,
    /// The hardware has no clock: requests fail.
    Failed,
}

impl Power {
    /// Returns true if the hardware has a clock, or gets one when it is used.
    pub(super) fn has_clock(self) -> bool {
        matches!(self, Self::On | Self::Held)
    }
}

impl<P: Platform> Scheduler<P> {
    /// Returns the power.
    pub(crate) fn power(&self) -> Power {
        self.power
    }

    /// Sets the power. The caller calls [`dispatch`](Self::dispatch) if requests may wait.
    pub(crate) fn set_power(&mut self, power: Power) {
        self.power = power;
    }

    /// Returns true if no program runs: all channels have stopped, or are retired.
    pub(crate) fn is_quiet(&mut self) -> bool {
        (0..MAX_CHANNELS).all(|channel| match self.channels[channel].state() {
            State::Idle => self.hardware.is_stopped(channel),
            State::Running | State::Stopping => false,
            State::Retired => true,
        })
    }

    /// Notes that the watchdog does not run.
    pub(crate) fn stop_watching(&mut self) {
        self.is_watched = false;
    }
}
