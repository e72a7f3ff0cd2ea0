// SPDX-License-Identifier: GPL-2.0

//! Copies from a list of segments to another one.

use super::{
    emitter::Emitter,
    insn::TooLong,
    progress::Divisible,
    reachable,
    Copy,
    Operation,
    PlanError,
    SegmentIndices, //
};

/// Consecutive bytes on the bus.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Segment {
    /// Address of the first byte.
    pub(crate) address: u32,
    /// Number of bytes.
    pub(crate) len: u32,
}

impl Segment {
    const NONE: Self = Self { address: 0, len: 0 };

    /// Returns the segment, of at least `len` bytes, without its first `len` bytes.
    fn skip(self, len: u32) -> Self {
        Self {
            address: self.address.wrapping_add(len),
            len: self.len.wrapping_sub(len),
        }
    }
}

/// Segments to copy to segments, as if those of each side followed each other.
///
/// The lists are iterated over more than once, by clones of the iterators, which must yield the
/// same segments each time.
///
/// No source segment may overlap a destination segment. Destination segments may overlap each
/// other. Where segments overlap, the bytes that arrive are undefined.
#[derive(Clone)]
pub(crate) struct SgCopy<S, D> {
    source: Side<S>,
    destination: Side<D>,
}

/// List of one side, and its rest.
#[derive(Clone)]
pub(super) struct Side<I> {
    list: I,
    /// Segments that no step has begun.
    rest: I,
    /// Rest of the segment that the last step has begun.
    segment: Segment,
}

impl<I: Iterator<Item = Segment> + Clone> Side<I> {
    pub(super) fn new(list: impl IntoIterator<IntoIter = I>) -> Self {
        let list = list.into_iter();

        Self {
            rest: list.clone(),
            list,
            segment: Segment::NONE,
        }
    }

    /// Returns an iterator over the whole list.
    pub(super) fn list(&self) -> I {
        self.list.clone()
    }

    /// Returns the rest of the segment that was begun, or begins the next one that has bytes.
    ///
    /// At the end of the list, it has no bytes.
    pub(super) fn begin(&mut self) -> Segment {
        while self.segment.len == 0 {
            let Some(next) = self.rest.next() else {
                break;
            };

            self.segment = next;
        }
        self.segment
    }

    /// Removes the first `len` bytes, which a step has done, from the segment that was begun.
    pub(super) fn finish(&mut self, len: u32) {
        self.segment = self.segment.skip(len);
    }

    /// Removes the first `len` bytes of the rest, which must have them.
    pub(super) fn skip(&mut self, mut len: u32) {
        while len != 0 {
            let first = self.begin().len.min(len);

            if first == 0 {
                // An iterator has become shorter.
                return;
            }
            self.finish(first);
            len -= first;
        }
    }

    /// Returns the index of the segment that was begun last.
    pub(super) fn index(&self) -> u32 {
        let begun = self.list.clone().count() - self.rest.clone().count();

        // CAST: Segments with bytes are fewer than 2^32, and a list has fewer empty ones than that.
        begun.saturating_sub(1) as u32
    }
}

impl<S, D> SgCopy<S, D>
where
    S: Iterator<Item = Segment> + Clone,
    D: Iterator<Item = Segment> + Clone,
{
    /// Segments to read and segments to write, each in this order.
    pub(crate) fn new(
        sources: impl IntoIterator<IntoIter = S>,
        destinations: impl IntoIterator<IntoIter = D>,
    ) -> Self {
        Self {
            source: Side::new(sources),
            destination: Side::new(destinations),
        }
    }
}

impl<S, D> Operation for SgCopy<S, D>
where
    S: Iterator<Item = Segment> + Clone,
    D: Iterator<Item = Segment> + Clone,
{
    fn check(&self) -> Result<u64, PlanError> {
        let source = total(self.source.list())?;
        let destination = total(self.destination.list())?;

        if source == destination {
            Ok(source)
        } else {
            Err(PlanError::Lengths)
        }
    }

    #[inline(always)]
    fn step(&mut self, _done: u64, program: &mut Emitter<'_>) -> Result<u64, TooLong> {
        // Segments that begin together mostly end together, so that nothing is left of them.
        if self.source.segment.len | self.destination.segment.len == 0 {
            let from = self.source.rest.next().unwrap_or(Segment::NONE);
            let to = self.destination.rest.next().unwrap_or(Segment::NONE);

            if from.len == to.len && program.try_pages(from.address, to.address, from.len) {
                return Ok(from.len.into());
            }
            self.source.segment = from;
            self.destination.segment = to;
        }
        self.step_in_segments(u32::MAX, program)
    }

    fn part(&self, _done: u64) -> SegmentIndices {
        SegmentIndices {
            source: self.source.index(),
            destination: self.destination.index(),
        }
    }
}

impl<S, D> Divisible for SgCopy<S, D>
where
    S: Iterator<Item = Segment> + Clone,
    D: Iterator<Item = Segment> + Clone,
{
    fn step_within(
        &mut self,
        _done: u64,
        most: u64,
        program: &mut Emitter<'_>,
    ) -> Result<u64, TooLong> {
        self.step_in_segments(most.try_into().unwrap_or(u32::MAX), program)
    }
}

impl<S, D> SgCopy<S, D>
where
    S: Iterator<Item = Segment> + Clone,
    D: Iterator<Item = Segment> + Clone,
{
    /// Appends the copy up to the end of a segment, or the longest part of at most `most` bytes
    /// that a step can have.
    fn step_in_segments(&mut self, most: u32, program: &mut Emitter<'_>) -> Result<u64, TooLong> {
        let (from, to) = (self.source.begin(), self.destination.begin());
        let len = from.len.min(to.len).min(most);

        if len == 0 {
            // An iterator has become shorter.
            return Err(TooLong);
        }

        let has_template = program.try_template(from.address, to.address, len);
        let part = Copy {
            source: from.address,
            destination: to.address,
            len,
        };
        let len = if has_template {
            len
        } else {
            part.write_any(program)?
        };

        self.source.finish(len);
        self.destination.finish(len);
        Ok(len.into())
    }
}

/// Returns the number of bytes in a list.
///
/// # Errors
///
/// [`PlanError::Unreachable`]; [`PlanError::Lengths`] if 64 bits do not count them.
pub(super) fn total(mut list: impl Iterator<Item = Segment>) -> Result<u64, PlanError> {
    list.try_fold(0u64, |total, segment| {
        reachable(segment.address, segment.len.into())?;
        total
            .checked_add(segment.len.into())
            .ok_or(PlanError::Lengths)
    })
}
