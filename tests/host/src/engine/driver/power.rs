// SPDX-License-Identifier: GPL-2.0

//! System sleep: the clock is off from a time without programs on.

use super::{
    super::scheduler::Power,
    Driver, //
};

impl Driver {
    fn set_power(&mut self, power: Power) {
        self.scheduler.platform.power = power;
        self.scheduler.set_power(power);
    }

    /// Starts no more programs.
    pub(in super::super) fn hold(&mut self) {
        if self.hardware().is_clocked {
            self.set_power(Power::Held);
        }
    }

    /// Turns the clock off if the scheduler starts no programs and none runs.
    pub(in super::super) fn sleep(&mut self) -> bool {
        let is_quiet = self.hardware().is_clocked
            && self.scheduler.platform.power == Power::Held
            && self.scheduler.is_quiet();

        if is_quiet {
            for channel in 0..super::MAX_CHANNELS {
                assert!(!self.hardware().may_run(channel), "{channel} runs");
            }
            self.scheduler.stop_watching();
            self.is_watched = false;
            self.hardware().is_clocked = false;
            self.set_power(Power::Asleep);
        }
        is_quiet
    }

    /// Turns the clock on, and starts programs again.
    pub(in super::super) fn wake(&mut self) {
        self.hardware().is_clocked = true;
        self.set_power(Power::On);
        self.scheduler.dispatch();
        self.unlock();
    }

    /// Turns the clock on in vain.
    pub(in super::super) fn wake_in_vain(&mut self) {
        if !self.hardware().is_clocked {
            self.set_power(Power::Failed);
            self.scheduler.dispatch();
            self.unlock();
        }
    }
}
