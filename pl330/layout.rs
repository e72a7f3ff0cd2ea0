// SPDX-License-Identifier: GPL-2.0

//! Which bytes of two mappings a transfer is about.

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
        Rows,
        Segment, //
    },
    work::{
        Flaw,
        Segments,
        Work, //
    }, //
};
use crate::dma::DmaAddress;

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

/// A mapping as a layout sees it.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
    pub(super) address: DmaAddress<'a>,
    pub(super) len: usize,
}

impl Side<'_> {
    /// The address of `len` bytes from `offset` on, if there are as many.
    pub(super) fn segment(&self, offset: usize, len: usize) -> Result<Segment, TransferError> {
        let is_within = offset.checked_add(len).is_some_and(|end| end <= self.len);

        if len == 0 || !is_within {
            return Err(TransferError::OutOfRange);
        }

        let address = self.address.to_bus32(offset);
        let len = u32::try_from(len);

        match (address, len) {
            (Ok(address), Ok(len)) if address.checked_add(len - 1).is_some() => {
                Ok(Segment { address, len })
            }
            _ => Err(TransferError::Unreachable),
        }
    }
}

/// Which bytes of a source go where in a destination: [`Span`], [`RowSpans`], or a vector of spans.
///
/// # Errors
///
/// In [`work`](Self::work): [`OutOfRange`](TransferError::OutOfRange) if it asks for nothing, or for
/// bytes that one of them does not have; [`Unreachable`](TransferError::Unreachable) if these have
/// addresses of more than 32 bits; [`Refused`](TransferError::Refused) for rows of the destination that
/// overlap.
///
/// # Safety
///
/// The programs of the work read only bytes of the source and write only bytes of the destination.
pub(crate) unsafe trait Layout {
    /// How many bytes that is.
    fn bytes(&self) -> usize;

    /// The work of copying them between two mappings that have no byte in common, and the first
    /// addresses.
    fn work(
        self,
        source: Side<'_>,
        destination: Side<'_>,
        flags: Flags,
    ) -> Result<(Work, Addresses), TransferError>;
}

// SAFETY: All addresses come from `Side::segment`.
unsafe impl Layout for Span {
    fn bytes(&self) -> usize {
        self.len
    }

    fn work(
        self,
        source: Side<'_>,
        destination: Side<'_>,
        _: Flags,
    ) -> Result<(Work, Addresses), TransferError> {
        let copy = self.copy(source, destination)?;

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
        let copy = self.copy(source, destination)?;

        Ok((
            Work::Flawed(copy, flaw),
            Addresses {
                source: copy.source,
                destination: copy.destination,
            },
        ))
    }

    /// It as addresses.
    fn copy(self, source: Side<'_>, destination: Side<'_>) -> Result<Copy, TransferError> {
        let from = source.segment(self.from, self.len)?;
        let to = destination.segment(self.to, self.len)?;

        Ok(Copy {
            source: from.address,
            destination: to.address,
            len: from.len,
        })
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
}

// SAFETY: All addresses come from `Side::segment`.
unsafe impl Layout for RowSpans {
    fn bytes(&self) -> usize {
        self.rows.saturating_mul(self.first.len)
    }

    fn work(
        self,
        source: Side<'_>,
        destination: Side<'_>,
        _: Flags,
    ) -> Result<(Work, Addresses), TransferError> {
        let from = source.segment(self.first.from, self.reach(self.from_stride)?)?;
        let to = destination.segment(self.first.to, self.reach(self.to_stride)?)?;

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
// SAFETY: All addresses come from `Side::segment`.
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
        let first = self.first().ok_or(TransferError::OutOfRange)?;
        let addresses = Addresses {
            source: source.segment(first.from, first.len)?.address,
            destination: destination.segment(first.to, first.len)?.address,
        };
        let segments = |segment: &dyn Fn(&Span) -> Result<Segment, TransferError>| {
            let mut segments =
                KVec::with_capacity(self.len(), flags).map_err(|_| TransferError::NoMemory)?;

            for span in &self {
                segments
                    .push(segment(span)?, flags)
                    .map_err(|_| TransferError::NoMemory)?;
            }
            Segments::new(segments, flags)
        };

        let plan = Plan::of_distinct_memory(Lists::new(
            segments(&|span| source.segment(span.from, span.len))?,
            segments(&|span| destination.segment(span.to, span.len))?,
        ))?;

        Ok((Work::Lists(plan), addresses))
    }
}
