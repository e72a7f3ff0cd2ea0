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
        Lists,
        Plan,
        Refused,
        Rows,
        Segment, //
    },
    work::{
        Flaw,
        Segments,
        Work, //
    }, //
};
use crate::{
    dma::DmaAddress,
    sg, //
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

/// A mapping, or a list, as a layout sees it.
#[derive(Clone)]
pub(crate) enum Side<'a> {
    /// Bytes that follow each other on the bus.
    Single {
        /// The first of them.
        address: DmaAddress<'a>,
        /// How many.
        len: usize,
    },
    /// Bytes in segments.
    List {
        /// The segments.
        segments: sg::Segments<'a>,
        /// How many bytes these have.
        len: usize,
    },
}

impl Side<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Single { len, .. } | Self::List { len, .. } => *len,
        }
    }

    /// The bytes from `offset` on, if there are `len` of them.
    fn resolve(&self, offset: usize, len: usize) -> Result<Range<usize>, TransferError> {
        match offset.checked_add(len) {
            Some(end) if len != 0 && end <= self.len() => Ok(offset..end),
            _ => Err(TransferError::OutOfRange),
        }
    }

    /// The segments of `len` bytes from `offset` on, if it has as many.
    fn segments(
        &self,
        offset: usize,
        len: usize,
    ) -> Result<impl Iterator<Item = Result<Segment, TransferError>> + '_, TransferError> {
        let range = self.resolve(offset, len)?;
        let (single, list) = match self {
            Self::Single { address, .. } => (Some(segment(*address, offset, len)), None),
            Self::List { segments, .. } => (None, Some(segments.clone().within(range))),
        };
        let list = list
            .into_iter()
            .flatten()
            .map(|it| segment(it.address(), 0, it.len()));

        Ok(Iterator::chain(single.into_iter(), list))
    }

    /// Steps over what ends at byte `offset` or before, and says how many bytes that is.
    fn skip_before(&mut self, offset: usize) -> usize {
        match self {
            Self::Single { .. } => 0,
            Self::List { segments, len } => {
                let skipped = segments.skip_before(offset);

                *len -= skipped;
                skipped
            }
        }
    }

    /// The first of these segments.
    fn first(&self, offset: usize, len: usize) -> Result<Segment, TransferError> {
        self.segments(offset, len)?
            .next()
            .unwrap_or(Err(TransferError::OutOfRange))
    }

    /// These segments as one, if there is but one.
    pub(super) fn contiguous(
        &self,
        offset: usize,
        len: usize,
    ) -> Result<Option<Segment>, TransferError> {
        let first = self.first(offset, len)?;

        // CAST: `usize` is no shorter than 32 bits where this is built.
        Ok((first.len as usize == len).then_some(first))
    }
}

/// `len` bytes, at least 1, `offset` bytes behind `address`, for programs.
fn segment(address: DmaAddress<'_>, offset: usize, len: usize) -> Result<Segment, TransferError> {
    match (address.to_bus32(offset), u32::try_from(len)) {
        (Ok(address), Ok(len)) if address.checked_add(len - 1).is_some() => {
            Ok(Segment { address, len })
        }
        _ => Err(TransferError::Unreachable),
    }
}

/// Steps through parts of a side: once, as long as they ascend.
struct Walk<'s, 'a> {
    side: &'s Side<'a>,
    /// What is left of it behind the first `skipped` bytes.
    rest: Side<'a>,
    skipped: usize,
}

impl<'s, 'a> Walk<'s, 'a> {
    fn new(side: &'s Side<'a>) -> Self {
        Self {
            side,
            rest: side.clone(),
            skipped: 0,
        }
    }

    /// The segments of `len` bytes from `offset` on, if the side has as many.
    fn segments(
        &mut self,
        offset: usize,
        len: usize,
    ) -> Result<impl Iterator<Item = Result<Segment, TransferError>> + '_, TransferError> {
        if offset < self.skipped {
            *self = Self::new(self.side);
        }
        self.skipped += self.rest.skip_before(offset - self.skipped);
        self.rest.segments(offset - self.skipped, len)
    }
}

/// The work of copying `spans`, one after the other, from segments to segments.
fn lists(
    spans: impl Iterator<Item = Span> + Clone,
    source: &Side<'_>,
    destination: &Side<'_>,
    flags: Flags,
) -> Result<(Work, Addresses), TransferError> {
    let list = |side: &Side<'_>, part: fn(&Span) -> usize| -> Result<_, TransferError> {
        let mut list = KVec::new();
        let mut walk = Walk::new(side);

        for span in spans.clone() {
            for segment in walk.segments(part(&span), span.len)? {
                list.push(segment?, flags)
                    .map_err(|_| TransferError::NoMemory)?;
            }
        }

        let first = list.first().ok_or(TransferError::OutOfRange)?.address;

        Ok((first, Segments::new(list, flags)?))
    };
    let (from, sources) = list(source, |span| span.from)?;
    let (to, destinations) = list(destination, |span| span.to)?;
    let plan = Plan::of_distinct_memory(Lists::new(sources, destinations))?;

    Ok((
        Work::Lists(plan),
        Addresses {
            source: from,
            destination: to,
        },
    ))
}

/// Which bytes of a source go where in a destination: [`Span`], [`RowSpans`], or a vector of spans. In how
/// many segments they are on either side makes no difference.
///
/// # Errors
///
/// In [`work`](Self::work): [`OutOfRange`](TransferError::OutOfRange) if it asks for nothing, or for
/// bytes that one of them does not have; [`Unreachable`](TransferError::Unreachable) if these have
/// addresses of more than 32 bits; [`Refused`](TransferError::Refused) for rows of the destination that
/// overlap; [`NoMemory`](TransferError::NoMemory) if there is none for a list of the segments, which takes 8
/// contiguous bytes for each of them and is at most as long as `kmalloc()` goes: of 2¹⁹ segments with pages of
/// 4 KiB.
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
        source: Side<'_>,
        destination: Side<'_>,
        flags: Flags,
    ) -> Result<(Work, Addresses), TransferError>;
}

// SAFETY: All addresses come from `Side::segments`.
unsafe impl Layout for Span {
    fn bytes(&self) -> usize {
        self.len
    }

    fn work(
        self,
        source: Side<'_>,
        destination: Side<'_>,
        flags: Flags,
    ) -> Result<(Work, Addresses), TransferError> {
        let (Some(from), Some(to)) = (
            source.contiguous(self.from, self.len)?,
            destination.contiguous(self.to, self.len)?,
        ) else {
            return lists(iter::once(self), &source, &destination, flags);
        };
        let copy = Copy {
            source: from.address,
            destination: to.address,
            len: from.len,
        };

        Ok((
            Work::Copy(Plan::of_distinct_memory(copy)?),
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
        source: Side<'_>,
        destination: Side<'_>,
        flaw: Flaw,
    ) -> Result<(Work, Addresses), TransferError> {
        let addresses = Addresses {
            source: source.first(self.from, self.len)?.address,
            destination: destination.first(self.to, self.len)?.address,
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
        source: &Side<'_>,
        destination: &Side<'_>,
        flags: Flags,
    ) -> Result<(Work, Addresses), TransferError> {
        if self.rows > 1 && self.to_stride < self.first.len {
            return Err(TransferError::Refused(Refused::Overlap));
        }

        let spans = (0..self.rows).map(|row| Span {
            from: self.first.from + row * self.from_stride,
            to: self.first.to + row * self.to_stride,
            len: self.first.len,
        });

        lists(spans, source, destination, flags)
    }
}

// SAFETY: All addresses come from `Side::segments`.
unsafe impl Layout for RowSpans {
    fn bytes(&self) -> usize {
        self.rows.saturating_mul(self.first.len)
    }

    fn work(
        self,
        source: Side<'_>,
        destination: Side<'_>,
        flags: Flags,
    ) -> Result<(Work, Addresses), TransferError> {
        let (Some(from), Some(to)) = (
            source.contiguous(self.first.from, self.reach(self.from_stride)?)?,
            destination.contiguous(self.first.to, self.reach(self.to_stride)?)?,
        ) else {
            return self.as_lists(&source, &destination, flags);
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
        let plan = Plan::new(Rows {
            source: from.address,
            destination: to.address,
            row_len,
            rows,
            source_stride,
            destination_stride,
        })?;

        Ok((
            Work::Rows(plan),
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
// SAFETY: All addresses come from `Side::segments`.
unsafe impl Layout for KVec<Span> {
    fn bytes(&self) -> usize {
        self.iter()
            .fold(0, |bytes, span| bytes.saturating_add(span.len))
    }

    fn work(
        self,
        source: Side<'_>,
        destination: Side<'_>,
        flags: Flags,
    ) -> Result<(Work, Addresses), TransferError> {
        lists(self.iter().copied(), &source, &destination, flags)
    }
}

#[cfg(CONFIG_KUNIT = "y")]
mod tests;
