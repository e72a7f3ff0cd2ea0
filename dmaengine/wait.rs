// SPDX-License-Identifier: GPL-2.0

//! Waits for what usually takes microseconds, and has no limit.

use kernel::time::{
    delay::fsleep,
    Delta,
    Instant,
    Monotonic, //
};

/// Length of the first sleep, and of the longest, in microseconds.
const SHORTEST_US: i64 = 20;
const LONGEST_US: i64 = 10_000;

/// Time between warnings.
const WARNING: Delta = Delta::from_secs(10);

/// Wait: sleeps that become longer, with a warning every 10 s.
pub(super) struct Wait {
    us: i64,
    warned: Instant<Monotonic>,
}

impl Wait {
    /// Begins a wait.
    pub(super) fn new() -> Self {
        Self {
            us: SHORTEST_US,
            warned: Instant::now(),
        }
    }

    /// Sleeps, and then calls `warn` if that is due.
    pub(super) fn sleep(&mut self, warn: impl FnOnce()) {
        fsleep(Delta::from_micros(self.us));
        self.us = LONGEST_US.min(2 * self.us);
        if self.warned.elapsed() >= WARNING {
            self.warned = Instant::now();
            warn();
        }
    }
}
