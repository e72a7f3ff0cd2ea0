// SPDX-License-Identifier: GPL-2.0

//! The end: all that is due is done, then all is freed.

use super::{
    super::{
        channel::State,
        hardware::Course,
        scheduler::MAX_CHANNELS, //
    },
    Driver, //
};

/// Largest number of rounds until nothing changes.
const MAX_ROUNDS: usize = 3000;

impl Driver {
    /// Runs all that is due once. Returns false if nothing is due.
    fn round(&mut self) -> bool {
        let mut is_due = self.hardware().step_port();

        for channel in 0..MAX_CHANNELS {
            is_due |= self.hardware().step(channel);
        }
        if self.hardware().is_event_raised {
            is_due = true;
            self.events();
        }
        if self.hardware().is_abort_raised {
            is_due = true;
            self.faults();
        }
        if self.is_work_due || !self.failed.is_empty() || self.is_writing() {
            is_due = true;
            self.work();
        }
        if self.is_watched {
            is_due = true;
            self.check();
        }
        is_due
    }

    /// Runs all that is due until nothing changes. All requests are completed then.
    ///
    /// Requests that would run forever are terminated first.
    pub(in super::super) fn quiesce(&mut self) {
        for index in 0..self.scheduler.platform.entries.len() {
            let entry = &self.scheduler.platform.entries[index];
            let is_endless = entry.kinds.iter().any(|it| it.course == Course::NeverEnds);

            if is_endless && entry.timeout_ms.is_none() {
                self.terminate(index);
            }
        }

        self.wake();

        let mut rounds = 0;

        while self.round() {
            rounds += 1;
            assert!(rounds < MAX_ROUNDS, "it does not come to rest");
        }
        self.check_all_completed();
    }

    fn check_all_completed(&self) {
        let entries = &self.scheduler.platform.entries;

        for (index, entry) in entries.iter().enumerate() {
            assert!(entry.is_completed, "{index} is not completed");
        }
        assert_eq!(self.scheduler.platform.completed.len(), entries.len());
    }

    /// Accepts no more requests.
    pub(in super::super) fn shut_down(&mut self) {
        self.scheduler.platform.is_shut_down = true;
        for channel in 0..MAX_CHANNELS {
            if self.state(channel) == State::Running {
                self.scheduler.platform.checks[channel] = 0;
            }
        }
        self.scheduler.shut_down();
        self.unlock();
    }

    /// Waits until all channels are closed, or retires those that do not stop after `rounds`.
    pub(in super::super) fn close(&mut self, rounds: u32) -> bool {
        for _ in 0..rounds {
            self.round();
            if self.scheduler.close() {
                self.closed();
                return true;
            }
            self.unlock();
        }
        self.scheduler.platform.is_closing = true;
        for channel in 0..MAX_CHANNELS {
            self.scheduler.retire_unless_stopped(channel);
        }
        assert!(self.scheduler.close());
        self.closed();
        false
    }

    fn closed(&mut self) {
        self.unlock();
        self.work();
        self.check_all_completed();
        for channel in 0..MAX_CHANNELS {
            let is_retired = |&(it, _): &_| it == channel;

            assert_eq!(self.state(channel), State::Retired);
            if !self.scheduler.platform.retired.iter().any(is_retired) {
                assert!(!self.hardware().may_run(channel), "{channel} runs");
            }
        }
    }
}

/// Frees all that the driver holds, and fails unless the memory of all programs is freed.
impl Drop for Driver {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }

        let leaked = self.memories.iter().filter(|it| !it.is_freed.get());
        let held = (0..MAX_CHANNELS).filter(|&it| self.scheduler.channel(it).program().is_some());
        let failed = self
            .failed
            .iter()
            .filter(|(_, program, _)| program.is_some());
        let waiting = self.scheduler.platform.entries.iter();
        let waiting = waiting.filter(|it| it.state.program.is_some());

        assert_eq!(
            leaked.count(),
            held.count() + failed.count() + waiting.count(),
            "memory of a program is leaked"
        );
    }
}
