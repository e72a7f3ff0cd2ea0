// SPDX-License-Identifier: GPL-2.0

//! Which bytes of two mappings a transfer is about.

use core::{
    iter,
    ops::Range, //
};

use kernel::{
    alloc::Flags,
    prelude::*, //
};

use super::{
    error::TransferError,
    program::{
        Copy,
        Copy2d,
        PlanError,
        ProgramWriter,
        Segment, //
        SgCopy,
    },
    work::{
        InjectedFault,
        Segments,
        Work, //
    }, //
};
use crate::{
    dma::{
        self,
        InFlightRef,
        MappedMemory, //
    },
    sg::{
        skip_before,
        window, //
    }, //
};

/// Bytes to copy.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    /// From this offset in the source, in bytes.
    pub(crate) from: usize,
    /// To this offset in the destination, in bytes.
    pub(crate) to: usize,
    /// So many bytes.
    pub(crate) len: usize,
}

/// Rows to copy: part of an image, a column of a matrix.
///
/// Rows of the destination must not overlap each other; those of the source may, down to a stride of 0.
#[derive(Clone, Copy)]
pub(crate) struct RowSpans {
    /// The first row.
    pub(crate) first: Span,
    /// How many rows.
    pub(crate) rows: usize,
    /// From a row of the source to the next one, in bytes.
    pub(crate) from_stride: usize,
    /// From a row of the destination to the next one, in bytes.
    pub(crate) to_stride: usize,
}

/// The first addresses that a transfer uses.
#[derive(Clone, Copy)]
pub(crate) struct Addresses {
    pub(super) source: u32,
    pub(super) destination: u32,
}

/// Mapping in flight that a program reads or writes.
type Lent<'a, T> = InFlightRef<'a, T, u32>;

/// Returns the range of `len` bytes at `offset`, if it is not empty and ends at `end` or before.
fn resolve(end: usize, offset: usize, len: usize) -> Result<Range<usize>, TransferError> {
    match offset.checked_add(len) {
        Some(last) if len != 0 && last <= end => Ok(offset..last),
        _ => Err(TransferError::OutOfRange),
    }
}

/// Converts a segment for programs.
fn for_program(segment: dma::Segment<'_, u32>) -> Result<Segment, TransferError> {
    match u32::try_from(segment.len()) {
        Ok(len) => Ok(Segment {
            address: segment.address(),
            len,
        }),
        Err(_) => Err(TransferError::Unreachable),
    }
}

/// Returns the first segment of `len` bytes at `offset`.
fn first(
    lent: Lent<'_, impl MappedMemory>,
    offset: usize,
    len: usize,
) -> Result<Segment, TransferError> {
    let range = resolve(lent.len(), offset, len)?;
    let segment = window(lent.segments(), range).next();

    for_program(segment.ok_or(TransferError::OutOfRange)?)
}

/// Returns `len` bytes at `offset` as a segment, or `None` if they are in several.
pub(super) fn contiguous(
    lent: Lent<'_, impl MappedMemory>,
    offset: usize,
    len: usize,
) -> Result<Option<Segment>, TransferError> {
    let first = first(lent, offset, len)?;

    // CAST: `usize` is no shorter than 32 bits where this is built.
    Ok((first.len as usize == len).then_some(first))
}

/// Steps through ranges of segments. Ascending ranges take one pass.
struct Walk<I> {
    all: I,
    /// Total length of the segments in bytes.
    len: usize,
    /// `all` without segments of `skipped` bytes in total.
    rest: I,
    skipped: usize,
}

impl<'a, I> Walk<I>
where
    I: Iterator<Item = dma::Segment<'a, u32>> + Clone,
{
    fn new(all: I, len: usize) -> Self {
        Self {
            rest: all.clone(),
            all,
            len,
            skipped: 0,
        }
    }

    /// Returns the segments of `len` bytes at `offset`.
    fn segments(
        &mut self,
        offset: usize,
        len: usize,
    ) -> Result<impl Iterator<Item = dma::Segment<'a, u32>> + use<'a, I>, TransferError> {
        let Range { start, end } = resolve(self.len, offset, len)?;

        if start < self.skipped {
            self.rest = self.all.clone();
            self.skipped = 0;
        }
        self.skipped += skip_before(&mut self.rest, start - self.skipped);
        Ok(window(
            self.rest.clone(),
            start - self.skipped..end - self.skipped,
        ))
    }
}

/// The work of copying `spans`, one after the other, from segments to segments.
fn lists(
    spans: impl Iterator<Item = Span> + Clone,
    source: Lent<'_, impl MappedMemory>,
    destination: Lent<'_, impl MappedMemory>,
    flags: Flags,
) -> Result<(Work, Addresses), TransferError> {
    let offsets = |part: fn(&Span) -> usize| spans.clone().map(move |it| (part(&it), it.len));
    let (from, sources) = list(source, offsets(|span| span.from), flags)?;
    let (to, destinations) = list(destination, offsets(|span| span.to), flags)?;
    let plan = ProgramWriter::of_distinct_memory(SgCopy::new(sources, destinations))?;

    Ok((
        Work::SgCopy(plan),
        Addresses {
            source: from,
            destination: to,
        },
    ))
}

/// Returns the address of the first segment, and the segments, of ranges given by offset and length.
fn list(
    lent: Lent<'_, impl MappedMemory>,
    ranges: impl Iterator<Item = (usize, usize)>,
    flags: Flags,
) -> Result<(u32, Segments), TransferError> {
    let mut list = KVec::new();
    let mut walk = Walk::new(lent.segments(), lent.len());

    for (offset, len) in ranges {
        for segment in walk.segments(offset, len)? {
            list.push(for_program(segment)?, flags)
                .map_err(|_| TransferError::NoMemory)?;
        }
    }

    let first = list.first().ok_or(TransferError::OutOfRange)?.address;

    Ok((first, Segments::new(list, flags)?))
}

/// Which bytes of a source go where in a destination: [`Span`], [`RowSpans`], or a vector of spans. In how
/// many segments they are on either side makes no difference.
///
/// # Errors
///
/// Of [`work`](Self::work):
///
/// - [`OutOfRange`](TransferError::OutOfRange) if there are no bytes, or bytes outside a mapping;
/// - [`Unreachable`](TransferError::Unreachable) if a length or a stride does not fit into 32 bits;
/// - [`PlanError`](TransferError::Refused) if rows of the destination overlap;
/// - [`NoMemory`](TransferError::NoMemory) if the allocation of the segments fails: 8 contiguous
///   bytes for each, and so at most 2¹⁹ segments with pages of 4 KiB, by the limit of `kmalloc()`.
///
/// # Safety
///
/// The programs of the work read only bytes of the source and write only bytes of the destination.
pub(crate) unsafe trait Layout {
    /// How many bytes that is.
    fn bytes(&self) -> usize;

    /// The work of copying them between two sides that have no byte in common, and the first addresses.
    fn work(
        self,
        source: Lent<'_, impl MappedMemory>,
        destination: Lent<'_, impl MappedMemory>,
        flags: Flags,
    ) -> Result<(Work, Addresses), TransferError>;
}

// SAFETY: All addresses come from `InFlightRef::segments`, cut to the range of the layout.
unsafe impl Layout for Span {
    fn bytes(&self) -> usize {
        self.len
    }

    fn work(
        self,
        source: Lent<'_, impl MappedMemory>,
        destination: Lent<'_, impl MappedMemory>,
        flags: Flags,
    ) -> Result<(Work, Addresses), TransferError> {
        let (Some(from), Some(to)) = (
            contiguous(source, self.from, self.len)?,
            contiguous(destination, self.to, self.len)?,
        ) else {
            return lists(iter::once(self), source, destination, flags);
        };
        let copy = Copy {
            source: from.address,
            destination: to.address,
            len: from.len,
        };

        Ok((
            Work::Copy(ProgramWriter::of_distinct_memory(copy)?),
            Addresses {
                source: copy.source,
                destination: copy.destination,
            },
        ))
    }
}

impl Span {
    /// The work of a program with a `flaw`, which moves nothing.
    pub(super) fn flawed(
        self,
        source: Lent<'_, impl MappedMemory>,
        destination: Lent<'_, impl MappedMemory>,
        flaw: InjectedFault,
    ) -> Result<(Work, Addresses), TransferError> {
        let addresses = Addresses {
            source: first(source, self.from, self.len)?.address,
            destination: first(destination, self.to, self.len)?.address,
        };

        Ok((
            Work::Flawed(addresses.source, addresses.destination, flaw),
            addresses,
        ))
    }
}

impl RowSpans {
    /// From the first byte of the first row to behind the last one of the last.
    fn reach(&self, stride: usize) -> Result<usize, TransferError> {
        self.rows
            .checked_sub(1)
            .and_then(|gaps| gaps.checked_mul(stride))
            .and_then(|gaps| gaps.checked_add(self.first.len))
            .ok_or(TransferError::OutOfRange)
    }

    /// The same work where a row, or what is between two, is not in one segment: `self.reach()` was looked
    /// at.
    fn as_lists(
        self,
        source: Lent<'_, impl MappedMemory>,
        destination: Lent<'_, impl MappedMemory>,
        flags: Flags,
    ) -> Result<(Work, Addresses), TransferError> {
        if self.rows > 1 && self.to_stride < self.first.len {
            return Err(TransferError::Plan(PlanError::Overlap));
        }

        let spans = (0..self.rows).map(|row| Span {
            from: self.first.from + row * self.from_stride,
            to: self.first.to + row * self.to_stride,
            len: self.first.len,
        });

        lists(spans, source, destination, flags)
    }
}

// SAFETY: All addresses come from `InFlightRef::segments`, cut to the range of the layout.
unsafe impl Layout for RowSpans {
    fn bytes(&self) -> usize {
        self.rows.saturating_mul(self.first.len)
    }

    fn work(
        self,
        source: Lent<'_, impl MappedMemory>,
        destination: Lent<'_, impl MappedMemory>,
        flags: Flags,
    ) -> Result<(Work, Addresses), TransferError> {
        let (Some(from), Some(to)) = (
            contiguous(source, self.first.from, self.reach(self.from_stride)?)?,
            contiguous(destination, self.first.to, self.reach(self.to_stride)?)?,
        ) else {
            return self.as_lists(source, destination, flags);
        };

        if self.first.len == 0 {
            return Err(TransferError::OutOfRange);
        }
        let (Ok(row_len), Ok(rows), Ok(source_stride), Ok(destination_stride)) = (
            u32::try_from(self.first.len),
            u32::try_from(self.rows),
            u32::try_from(self.from_stride),
            u32::try_from(self.to_stride),
        ) else {
            return Err(TransferError::Unreachable);
        };

        // The sides have no byte in common, so the overlap to look for is that of rows.
        let plan = ProgramWriter::new(Copy2d {
            source: from.address,
            destination: to.address,
            row_len,
            rows,
            source_stride,
            destination_stride,
        })?;

        Ok((
            Work::Copy2d(plan),
            Addresses {
                source: from.address,
                destination: to.address,
            },
        ))
    }
}

// Spans in any order, as one request. Where those of the destination overlap, which of them is there at
// the end is undefined.
//
// SAFETY: All addresses come from `InFlightRef::segments`, cut to the range of the layout.
unsafe impl Layout for KVec<Span> {
    fn bytes(&self) -> usize {
        self.iter()
            .fold(0, |bytes, span| bytes.saturating_add(span.len))
    }

    fn work(
        self,
        source: Lent<'_, impl MappedMemory>,
        destination: Lent<'_, impl MappedMemory>,
        flags: Flags,
    ) -> Result<(Work, Addresses), TransferError> {
        lists(self.iter().copied(), source, destination, flags)
    }
}

#[cfg(CONFIG_KUNIT = "y")]
mod tests;
