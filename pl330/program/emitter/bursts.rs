// SPDX-License-Identifier: GPL-2.0

//! Shapes of bursts, and their control words.

use super::super::ProgramLimits;

/// Beats of a burst.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) struct Shape {
    /// Length of a beat in bytes: a power of two.
    pub(in super::super) beat: u32,
    /// Number of beats: 1 to 16.
    pub(in super::super) beats: u32,
}

impl Shape {
    /// Returns the length in bytes of a burst from a multiple of a beat.
    pub(in super::super) fn bytes(self) -> u32 {
        self.beat * self.beats
    }
}

/// Full bursts, for the longest part of a copy.
#[derive(Clone, Copy)]
pub(in super::super) struct Bursts {
    /// Shape on both sides.
    pub(in super::super) shape: Shape,
    /// Length in bytes of a burst from a boundary.
    pub(in super::super) bytes: u32,
    /// Control word.
    pub(super) control: u32,
    /// Number of loads before the first store.
    pub(super) loads: u32,
}

impl Bursts {
    /// Returns bursts of beats of the bus that use up to `lines` lines, each from its first lane.
    pub(super) fn within(bus: ProgramLimits, accesses: u32, lines: u32) -> Self {
        let beats = lines.min(bus.beats.into()).max(1);
        let shape = Shape {
            beat: bus.bytes.into(),
            beats,
        };

        Self {
            shape,
            bytes: shape.bytes(),
            control: control(accesses, shape, shape),
            loads: (lines / beats).clamp(1, u32::from(bus.loads).max(1)),
        }
    }
}

/// Returns the control word for bursts of these shapes.
#[inline(always)]
pub(in super::super) fn control(accesses: u32, source: Shape, destination: Shape) -> u32 {
    /// From a field of the source to that of the destination.
    const DESTINATION: u32 = 14;

    let side = |shape: Shape| accesses | shape.beat.trailing_zeros() << 1 | (shape.beats - 1) << 4;

    side(source) | side(destination) << DESTINATION
}
