// SPDX-License-Identifier: GPL-2.0

//! Fills of lists of segments.

use super::{
    emitter::Emitter,
    insn::TooLong,
    memset::Fill,
    sg_copy::{
        total,
        Side, //
    },
    Operation,
    Pattern,
    PlanError,
    Segment,
    SegmentIndices, //
};

/// Segments to fill, as if they followed each other, beginning with the first byte of a pattern.
///
/// The list is iterated over more than once, by clones of the iterator, which must yield the same
/// segments each time. Segments may overlap each other. Where they do, the bytes that arrive are
/// undefined.
///
/// The pattern stands behind the program once, so a segment in which it begins at other addresses,
/// modulo its length, begins another program. If all addresses and lengths but the last are
/// multiples of that length, one program can fill all segments.
#[derive(Clone)]
pub(crate) struct SgMemset<D> {
    destination: Side<D>,
    fill: Fill,
    /// Number of bytes that all steps so far fill.
    done: u64,
    /// [Phase](Pattern::phase) of the addresses in the program that is being written.
    phase: u32,
}

impl<D: Iterator<Item = Segment> + Clone> SgMemset<D> {
    /// Creates a fill of `destinations`, in this order.
    pub(crate) fn new(destinations: impl IntoIterator<IntoIter = D>, pattern: Pattern) -> Self {
        Self {
            destination: Side::new(destinations),
            fill: Fill::new(pattern),
            done: 0,
            phase: 0,
        }
    }
}

impl<D: Iterator<Item = Segment> + Clone> Operation for SgMemset<D> {
    fn check(&self) -> Result<u64, PlanError> {
        total(self.destination.list())
    }

    fn begin(&mut self, program: &mut Emitter<'_>) -> Result<(), TooLong> {
        let address = self.destination.begin().address;

        self.phase = self.fill.pattern().phase(address, self.done);
        self.fill.begin(self.phase, program)
    }

    fn step(&mut self, _done: u64, program: &mut Emitter<'_>) -> Result<u64, TooLong> {
        let segment = self.destination.begin();
        let phase = self.fill.pattern().phase(segment.address, self.done);

        // An iterator has become shorter, or another program is needed.
        if segment.len == 0 || phase != self.phase {
            return Err(TooLong);
        }

        let len = self.fill.step(segment.address, segment.len, program)?;

        self.destination.finish(len);
        self.done += u64::from(len);
        Ok(len.into())
    }

    fn part(&self, _done: u64) -> SegmentIndices {
        SegmentIndices {
            source: 0,
            destination: self.destination.index(),
        }
    }
}
