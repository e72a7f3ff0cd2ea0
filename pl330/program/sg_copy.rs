// SPDX-License-Identifier: GPL-2.0

//! Copies from a list of segments to another one.

use super::{
    emitter::Emitter,
    insn::TooLong,
    meet,
    reachable,
    Copy,
    Operation,
    PlanError,
    SegmentIndices, //
};

/// Bytes that follow each other on the bus.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Segment {
    /// The first of them.
    pub(crate) address: u32,
    /// How many; none are skipped.
    pub(crate) len: u32,
}

impl Segment {
    const NONE: Self = Self { address: 0, len: 0 };

    fn end(self) -> u64 {
        u64::from(self.address) + u64::from(self.len)
    }

    fn meets(self, other: Self) -> bool {
        self.len != 0
            && other.len != 0
            && meet(
                self.address,
                self.len.into(),
                other.address,
                other.len.into(),
            )
    }

    /// Takes the first `len` bytes away, of as many.
    fn skip(&mut self, len: u32) {
        self.address = self.address.wrapping_add(len);
        self.len -= len;
    }
}

/// Segments to copy to segments, as if those of either side followed each other.
///
/// The lists are iterated over more than once, by clones of the iterators, which must yield the same
/// segments each time.
///
/// The two sides overlap if any source segment has a byte in common with any destination segment.
/// That takes a time proportional to the number of segments if all of one side are below all of the
/// other, or if both sides ascend; otherwise to the product of the two numbers. Where the caller owns
/// the memory of both sides and knows better, there is [`ProgramWriter::of_distinct_memory`].
///
/// Destination segments may overlap each other. Which of the bytes meant for such a place ends up there
/// is undefined.
///
/// [`ProgramWriter::of_distinct_memory`]: super::ProgramWriter::of_distinct_memory
#[derive(Clone)]
pub(crate) struct SgCopy<S, D> {
    source: Side<S>,
    destination: Side<D>,
}

/// A list, as far as it has been taken.
#[derive(Clone)]
struct Side<I> {
    rest: I,
    /// What is left of the segment that was taken last.
    segment: Segment,
    /// How many were taken, those without bytes as well.
    taken: u32,
}

impl<I: Iterator<Item = Segment> + Clone> Side<I> {
    fn new(list: impl IntoIterator<IntoIter = I>) -> Self {
        Self {
            rest: list.into_iter(),
            segment: Segment::NONE,
            taken: 0,
        }
    }

    /// What has not been taken yet, which is all of it while the job is checked.
    fn rest(&self) -> I {
        self.rest.clone()
    }

    /// Takes the next segment that has bytes, once the last one has none left.
    fn refill(&mut self) {
        while self.segment.len == 0 {
            let Some(segment) = self.rest.next() else {
                return;
            };

            self.segment = segment;
            self.taken = self.taken.saturating_add(1);
        }
    }

    /// The index of the segment that was taken last.
    fn index(&self) -> u32 {
        self.taken.saturating_sub(1)
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
    fn len(&self) -> Result<u64, PlanError> {
        let source = total(self.source.rest())?;
        let destination = total(self.destination.rest())?;

        match source == destination {
            true => Ok(source),
            false => Err(PlanError::Lengths),
        }
    }

    fn overlaps(&self) -> bool {
        let (sources, destinations) = (self.source.rest(), self.destination.rest());

        if !hull(sources.clone()).meets(&hull(destinations.clone())) {
            return false;
        }
        if ascends(sources.clone()) && ascends(destinations.clone()) {
            return ascending_meet(sources, destinations);
        }

        let mut destinations = destinations;

        destinations.any(|to| sources.clone().any(|from| from.meets(to)))
    }

    fn step(&mut self, _done: u64, program: &mut Emitter<'_>) -> Result<u64, TooLong> {
        self.source.refill();
        self.destination.refill();

        let (from, to) = (&mut self.source.segment, &mut self.destination.segment);
        let part = Copy {
            source: from.address,
            destination: to.address,
            len: from.len.min(to.len),
        };
        let len = part.write_step(program)?;

        from.skip(len);
        to.skip(len);
        Ok(len.into())
    }

    fn part(&self, _done: u64) -> SegmentIndices {
        SegmentIndices {
            source: self.source.index(),
            destination: self.destination.index(),
        }
    }
}

fn total(mut list: impl Iterator<Item = Segment>) -> Result<u64, PlanError> {
    list.try_fold(0u64, |total, segment| {
        reachable(segment.address, segment.len.into())?;
        total
            .checked_add(segment.len.into())
            .ok_or(PlanError::Lengths)
    })
}

/// From the first byte of a list to behind its last one.
struct Hull {
    start: u64,
    end: u64,
}

impl Hull {
    fn meets(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

fn hull(list: impl Iterator<Item = Segment>) -> Hull {
    let nothing = Hull {
        start: u64::MAX,
        end: 0,
    };

    list.filter(|segment| segment.len != 0)
        .fold(nothing, |hull, segment| Hull {
            start: hull.start.min(segment.address.into()),
            end: hull.end.max(segment.end()),
        })
}

/// Whether each segment begins where the one before ends, or after that.
fn ascends(mut list: impl Iterator<Item = Segment>) -> bool {
    let mut end = 0;

    list.all(|segment| {
        let ascends = u64::from(segment.address) >= end;

        end = segment.end();
        ascends
    })
}

/// Whether two lists that ascend have a byte in common: of two segments without one, the lower has
/// nothing in common with what follows the other either.
fn ascending_meet(
    mut left: impl Iterator<Item = Segment>,
    mut right: impl Iterator<Item = Segment>,
) -> bool {
    let mut next = (left.next(), right.next());

    while let (Some(a), Some(b)) = next {
        if a.meets(b) {
            return true;
        }
        next = match a.end() <= b.end() {
            true => (left.next(), Some(b)),
            false => (Some(a), right.next()),
        };
    }
    false
}
