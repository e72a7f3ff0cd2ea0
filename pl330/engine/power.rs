// SPDX-License-Identifier: GPL-2.0

//! Power: the clock is on while the engine needs the registers, and off while the system sleeps.
//!
//! The first request after a time without any turns the clock on. The watchdog, which runs from
//! then on, gives it up at the first check that finds nothing to do. So requests that follow each
//! other pay nothing.

use kernel::{
    prelude::*,
    time::{
        delay::fsleep,
        Delta,
        Instant,
        Monotonic, //
    }, //
};

use super::{
    channel::State,
    platform::{
        KernelScheduler,
        Report, //
    },
    scheduler::{
        Power,
        Scheduler,
        MAX_CHANNELS, //
    },
    Engine, //
};
use crate::bindings;

/// Longest time that [`Engine::suspend`] waits for programs to end.
const SUSPEND_TIMEOUT: Delta = Delta::from_secs(2);

/// Interval at which it checks.
const SUSPEND_INTERVAL: Delta = Delta::from_micros(500);

/// Turns the clock on, unless it is on or the system sleeps.
pub(super) fn turn_on(scheduler: &mut KernelScheduler<'_>) {
    if scheduler.platform.pm.is_on() || scheduler.power() == Power::Asleep {
        return;
    }
    if scheduler.platform.pm.turn_on().is_err() {
        return scheduler.set_power(Power::Failed);
    }
    scheduler.set_power(Power::On);
    restore(scheduler);
    scheduler.watch();
}

/// Gives up the clock, unless a channel that does not stop needs it.
pub(super) fn turn_off(scheduler: &mut KernelScheduler<'_>) {
    if !scheduler.platform.needs_clock {
        scheduler.platform.pm.turn_off();
    }
}

/// Writes the registers again if they were lost while the clock or the power was off.
pub(super) fn restore(scheduler: &mut KernelScheduler<'_>) {
    if scheduler.hardware.restore() {
        scheduler.platform.report(Report::RegistersLost);
        scheduler.ask_for_work();
    }
}

impl Engine<'_> {
    /// Starts no more programs, waits until those that run have ended, and turns the clock off.
    ///
    /// Requests that are submitted from then on wait for [`resume`](Self::resume), and so do the
    /// next programs of long ones. Sleeps.
    ///
    /// # Errors
    ///
    /// `EBUSY` if a program has not ended after 2 s. Everything goes on then.
    pub(crate) fn suspend(&self) -> Result {
        let start = Instant::<Monotonic>::now();

        {
            let scheduler = &mut *self.scheduler.lock();

            // The PM core has disabled runtime PM: the clock cannot be turned on any more.
            scheduler.set_power(if scheduler.platform.pm.is_on() {
                Power::Held
            } else {
                Power::Asleep
            });
        }
        while self.with_clock(Scheduler::is_quiet) == Some(false) {
            if start.elapsed() >= SUSPEND_TIMEOUT {
                self.resume();
                self.log_busy_channels();
                return Err(EBUSY);
            }
            fsleep(SUSPEND_INTERVAL);
        }

        let needs_clock = {
            let scheduler = &mut *self.scheduler.lock();

            turn_off(scheduler);
            scheduler.stop_watching();
            if !scheduler.platform.needs_clock {
                scheduler.set_power(Power::Asleep);
            }
            scheduler.platform.needs_clock
        };

        if needs_clock {
            return Ok(());
        }
        bindings::force_suspend(self.dev).inspect_err(|_| self.resume())
    }

    /// Undoes what [`suspend`](Self::suspend) did to the clock. Sleeps.
    ///
    /// # Errors
    ///
    /// Those of the clock.
    pub(crate) fn resume_early(&self) -> Result {
        if self.scheduler.lock().power() == Power::Asleep {
            bindings::force_resume(self.dev)?;
        }
        Ok(())
    }

    /// Starts programs again. Callable from any context in which a `spinlock_t` may be taken.
    pub(crate) fn resume(&self) {
        {
            let scheduler = &mut *self.scheduler.lock();

            scheduler.set_power(Power::On);
            if !scheduler.is_any_waiting() {
                // The next request turns the clock on.
                return;
            }
        }
        self.with(Scheduler::dispatch);
    }

    fn log_busy_channels(&self) {
        for channel in 0..MAX_CHANNELS {
            let state = self.scheduler.lock().channel(channel).state();

            if matches!(state, State::Running | State::Stopping) {
                dev_err!(
                    self.dev,
                    "channel {channel} runs a program that does not end: no system sleep\n"
                );
            }
        }
    }
}
