// SPDX-License-Identifier: GPL-2.0

//! Power: the clock is on while the engine needs the registers, and off while the system sleeps.
//!
//! The first request after a time without any turns the clock on. The watchdog, which runs from
//! then on, releases it at the first check that finds nothing to do. So requests that follow each
//! other pay nothing.

use kernel::{
    prelude::*,
    time::{
        Delta,
        Instant,
        Monotonic, //
    }, //
};

use super::{
    super::backoff::Backoff,
    channel::State,
    platform::{
        KernelScheduler,
        Report, //
    },
    scheduler::{
        Hardware,
        Power,
        Scheduler,
        MAX_CHANNELS, //
    },
    Engine, //
};
use crate::bindings;

/// Longest time that [`Engine::suspend`] waits for programs to end.
const SUSPEND_TIMEOUT: Delta = Delta::from_secs(2);

/// Turns the clock on, unless it is on or the system sleeps.
pub(super) fn turn_on(scheduler: &mut KernelScheduler<'_>) {
    if scheduler.platform.pm.is_on() || scheduler.power() == Power::Asleep {
        return;
    }
    match scheduler.platform.pm.turn_on() {
        Ok(()) => (),
        // The system is about to sleep: `resume` follows.
        Err(error) if error == EACCES => return scheduler.set_power(Power::Asleep),
        Err(_) => return scheduler.set_power(Power::Failed),
    }
    if scheduler.power() != Power::Held {
        scheduler.set_power(Power::On);
    }
    if restore(scheduler) {
        // No program runs, so these events are old.
        scheduler.hardware.clear_events();
    }
    scheduler.watch();
}

/// Releases the clock, unless a channel that does not stop needs it.
///
/// If a channel has not stopped yet, the next check of the watchdog tries again.
pub(super) fn turn_off(scheduler: &mut KernelScheduler<'_>) {
    if scheduler.platform.needs_clock {
        return;
    }
    if scheduler.is_quiet() {
        scheduler.platform.pm.turn_off();
    } else {
        scheduler.watch();
    }
}

/// Writes the registers again if they were lost while the clock or the power was off. Returns true
/// if they were.
pub(super) fn restore(scheduler: &mut KernelScheduler<'_>) -> bool {
    let is_lost = scheduler.hardware.restore();

    if is_lost {
        scheduler.platform.report(Report::RegistersLost);
        scheduler.ask_for_work();
    }
    is_lost
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
        let mut backoff = Backoff::default();

        {
            let scheduler = &mut *self.scheduler.lock();

            // The PM core has disabled runtime PM: a clock that is off stays off.
            scheduler.set_power(if scheduler.platform.pm.is_on() {
                Power::Held
            } else {
                Power::Asleep
            });
        }
        while !self.try_sleep() {
            if start.elapsed() >= SUSPEND_TIMEOUT {
                self.resume();
                self.log_busy_channels();
                return Err(EBUSY);
            }
            backoff.sleep();
        }

        if self.scheduler.lock().platform.needs_clock {
            return Ok(());
        }
        bindings::force_suspend(self.dev).inspect_err(|_| self.resume())
    }

    /// Releases the clock if no program runs. Returns false if one does.
    fn try_sleep(&self) -> bool {
        let scheduler = &mut *self.scheduler.lock();

        // Without a clock nothing runs.
        if scheduler.platform.pm.is_on() {
            if !scheduler.is_quiet() {
                return false;
            }
            turn_off(scheduler);
        }
        scheduler.stop_watching();
        if !scheduler.platform.needs_clock {
            scheduler.set_power(Power::Asleep);
        }
        true
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
            if scheduler.platform.pm.is_on() {
                // The clock was on in the sleep, but the power may have been off.
                restore(scheduler);
            }
            if !scheduler.is_any_waiting() {
                // The next request turns the clock on.
                return;
            }
        }
        self.with(Scheduler::dispatch);
    }

    fn log_busy_channels(&self) {
        for channel in 0..MAX_CHANNELS {
            let is_busy = {
                let scheduler = &mut *self.scheduler.lock();

                match scheduler.channel(channel).state() {
                    State::Idle => !Hardware::is_stopped(&mut scheduler.hardware, channel),
                    State::Running | State::Stopping => true,
                    State::Retired => false,
                }
            };

            if is_busy {
                dev_err!(
                    self.dev,
                    "channel {channel} runs a program that does not end: no system sleep\n"
                );
            }
        }
    }
}
