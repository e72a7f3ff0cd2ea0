// SPDX-License-Identifier: GPL-2.0

//! Parts of segments in flight: for authors of engines.

use core::ops::Range;

use super::runs::{
    Run,
    Window, //
};
use crate::dma::{
    BusAddress,
    RawSegment,
    Segment, //
};

impl Run for RawSegment {
    #[inline]
    fn len(&self) -> usize {
        RawSegment::len(self)
    }

    #[inline]
    fn skip(self, by: usize) -> Self {
        self.slice(by..RawSegment::len(&self))
    }
}

impl<A: BusAddress> Run for Segment<'_, A> {
    #[inline]
    fn len(&self) -> usize {
        Segment::len(self)
    }

    #[inline]
    fn skip(self, by: usize) -> Self {
        // `Run::skip` requires that the segment is longer.
        self.slice(by..).unwrap_or(self)
    }
}

/// Returns an iterator over the segments of the bytes in `range`.
///
/// `range` counts from the first byte of `segments`. The first and the last segment are cut at its
/// begin and end. Bytes of `range` after the end of `segments` are ignored.
pub(crate) fn window<'a, A: BusAddress + 'a>(
    segments: impl Iterator<Item = Segment<'a, A>> + Clone,
    range: Range<usize>,
) -> impl Iterator<Item = Segment<'a, A>> + Clone {
    Window::new(segments, range).filter_map(|(segment, len)| segment.slice(..len).ok())
}

#[cfg(kunit_fixture)]
mod tests;
