// SPDX-License-Identifier: GPL-2.0

//! Sleeps between checks of what usually takes microseconds, and may take seconds.

use kernel::time::{
    delay::fsleep,
    Delta, //
};

/// Length of the first sleeps, and of the longest, in microseconds.
const SHORTEST_US: i64 = 50;
const LONGEST_US: i64 = 5_000;

/// Number of sleeps of the shortest length, after the first.
const SHORTEST: u32 = 100;

/// Sleeps: short ones for some milliseconds, then each twice as long as the one before, up to 5 ms.
///
/// So what ends soon is noticed soon, and what takes seconds costs some hundred checks.
#[derive(Default)]
pub(super) struct Backoff {
    /// Number of sleeps until now.
    sleeps: u32,
}

impl Backoff {
    /// Sleeps.
    pub(super) fn sleep(&mut self) {
        let doublings = self.sleeps.saturating_sub(SHORTEST).min(7);
        let us = (SHORTEST_US << doublings).min(LONGEST_US);

        fsleep(Delta::from_micros(us));
        self.sleeps = self.sleeps.saturating_add(1);
    }
}
