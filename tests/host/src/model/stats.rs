// SPDX-License-Identifier: GPL-2.0

//! Bursts and events of a program, counted.

use super::control::Burst;

/// Bus transfers in one direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) bursts: u64,
    pub(crate) beats: u64,
    pub(crate) bytes: u64,
    /// The beats of the longest burst.
    pub(crate) longest: u32,
    /// Bursts as they are on the bus, where none crosses a multiple of 4 KiB: the DMAC makes two of
    /// one that would.
    pub(crate) on_the_bus: u64,
}

impl Traffic {
    pub(super) fn count(&mut self, burst: Burst) {
        let beats = burst.side().beats;

        self.bursts += 1;
        self.on_the_bus += burst.on_the_bus();
        self.beats += u64::from(beats);
        self.bytes += u64::from(burst.bytes());
        self.longest = self.longest.max(beats);
    }
}

/// An event and how many bytes were in memory when it was raised.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Raised {
    pub(crate) event: u8,
    pub(crate) stored: u64,
}

/// Statistics of a program.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Stats {
    pub(crate) loads: Traffic,
    pub(crate) stores: Traffic,
    pub(crate) raised: Vec<Raised>,
    pub(crate) steps: u64,
}
