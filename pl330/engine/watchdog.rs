// SPDX-License-Identifier: GPL-2.0

//! Watchdog: finds programs that never end, and events and faults whose interrupt was lost.
//!
//! A timer that runs while the engine is busy, and a period longer: then it releases the clock. A
//! program that takes less than its period costs no register access.

use core::mem::offset_of;

use kernel::time::{
    msecs_to_jiffies,
    Jiffies, //
};

use super::{
    fault,
    power,
    scheduler::{
        Power,
        CHECK_PERIOD_MS, //
    },
    worker,
    Engine, //
};
use crate::bindings::HasTimer;

/// Returns the time between two checks.
pub(super) fn period() -> Jiffies {
    msecs_to_jiffies(CHECK_PERIOD_MS)
}

// SAFETY:
// - The timer is the first field of an `Engine`, which has no `Drop`.
// - By the contract of `Engine::new`, the engine is shut down before the last reference is dropped
//   and before `'bound` ends.
// - `expired` does not drop the engine: a request that it ends may own a reference to it, but by
//   the same contract not the last one.
unsafe impl HasTimer for Engine<'_> {
    const OFFSET: usize = offset_of!(Self, watchdog);

    fn expired(&self) {
        let is_needed = self.with_clock(|scheduler| {
            let is_masked = scheduler.platform.masked_irq.is_some();

            if is_masked || scheduler.is_overdue() {
                power::restore(scheduler);
                fault::stop_faulting(scheduler);
            }
            let is_needed = scheduler.check();

            if is_masked {
                worker::unmask(scheduler);
            }
            if scheduler.platform.masked_irq.is_some() {
                scheduler.watch();
            } else if !is_needed && scheduler.power() == Power::On {
                power::turn_off(scheduler);
            }
            is_needed
        });

        if is_needed == Some(true) {
            self.watchdog.arm(period());
        }
    }
}
