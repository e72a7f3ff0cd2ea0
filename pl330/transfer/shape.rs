// SPDX-License-Identifier: GPL-2.0

//! Shapes of copies: the bytes of two mappings that a transfer copies.

use core::{
    iter,
    ops::Range, //
};

use kernel::{
    alloc::Flags,
    prelude::*, //
};

use super::{
    super::{
        engine::{
            InjectedFault,
            Operation,
            Segments,
            TransferError, //
        },
        program::{
            self,
            Copy,
            Memset,
            Pattern,
            PlanError,
            ProgramWriter,
            Segment, //
        }, //
    },
    progressive::Progress, //
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

/// Range of bytes to copy.
///
/// C function: `dmaengine_prep_dma_memcpy()`.
#[derive(Clone, Copy)]
pub(crate) struct CopyRange {
    /// Offset in the source, in bytes.
    pub(crate) src_offset: usize,
    /// Offset in the destination, in bytes.
    pub(crate) dst_offset: usize,
    /// Number of bytes.
    pub(crate) len: usize,
}

/// Rows to copy: part of an image, or a column of a matrix.
///
/// Rows of the destination must not overlap each other; those of the source may, down to a stride
/// of
/// 0. C type: `struct dma_interleaved_template`.
#[derive(Clone, Copy)]
pub(crate) struct Copy2d {
    /// First row.
    pub(crate) first: CopyRange,
    /// Number of rows.
    pub(crate) rows: usize,
    /// Distance from one row of the source to the next, in bytes.
    pub(crate) src_stride: usize,
    /// Distance from one row of the destination to the next, in bytes.
    pub(crate) dst_stride: usize,
}

/// First addresses that a transfer accesses.
#[derive(Clone, Copy)]
pub(crate) struct Addresses {
    pub(super) source: u32,
    pub(super) destination: u32,
}

/// Mapping in flight that a program reads or writes.
pub(super) type Flight<'a, T> = InFlightRef<'a, T, u32>;

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
    flight: Flight<'_, impl MappedMemory>,
    offset: usize,
    len: usize,
) -> Result<Segment, TransferError> {
    let range = resolve(flight.len(), offset, len)?;
    let segment = window(flight.segments(), range).next();

    for_program(segment.ok_or(TransferError::OutOfRange)?)
}

/// Returns `len` bytes at `offset` as a segment, or `None` if they are in several.
fn contiguous(
    flight: Flight<'_, impl MappedMemory>,
    offset: usize,
    len: usize,
) -> Result<Option<Segment>, TransferError> {
    let first = first(flight, offset, len)?;

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

/// Returns the operation that copies `ranges`, one after the other, from segments to segments.
fn lists(
    ranges: impl Iterator<Item = CopyRange> + Clone,
    source: Flight<'_, impl MappedMemory>,
    destination: Flight<'_, impl MappedMemory>,
    flags: Flags,
) -> Result<(Operation, Addresses), TransferError> {
    let offsets =
        |offset: fn(&CopyRange) -> usize| ranges.clone().map(move |it| (offset(&it), it.len));
    let (from, sources) = list(source, offsets(|range| range.src_offset), flags)?;
    let (to, destinations) = list(destination, offsets(|range| range.dst_offset), flags)?;

    Ok((
        Operation::sg_copy(sources, destinations)?,
        Addresses {
            source: from,
            destination: to,
        },
    ))
}

/// Returns the operation that sets `len` bytes at `offset` to `pattern`, and the first address.
pub(super) fn memset(
    flight: Flight<'_, impl MappedMemory>,
    offset: usize,
    len: usize,
    pattern: Pattern,
    flags: Flags,
) -> Result<(Operation, Addresses), TransferError> {
    let (address, operation) = match contiguous(flight, offset, len)? {
        Some(Segment { address, len }) => {
            let memset = Memset::new(address, len, pattern);

            (address, Operation::Memset(ProgramWriter::new(memset)?))
        }
        None => {
            let (first, segments) = list(flight, iter::once((offset, len)), flags)?;

            (first, Operation::sg_memset(segments, pattern)?)
        }
    };

    Ok((
        operation,
        Addresses {
            source: address,
            destination: address,
        },
    ))
}

/// Returns the address of the first segment, and the segments, of ranges given by offset and
/// length.
fn list(
    flight: Flight<'_, impl MappedMemory>,
    ranges: impl Iterator<Item = (usize, usize)>,
    flags: Flags,
) -> Result<(u32, Segments), TransferError> {
    let mut ranges = ranges.peekable();
    let is_whole = ranges.peek().is_some_and(|(_, len)| *len == flight.len());
    // The vector grows if ranges have more than one segment each.
    let least = if is_whole {
        flight.nents()
    } else {
        ranges.size_hint().0
    };
    let mut list = KVec::with_capacity(least, flags).map_err(|_| TransferError::NoMemory)?;
    let mut walk = Walk::new(flight.segments(), flight.len());

    for (offset, len) in ranges {
        for segment in walk.segments(offset, len)? {
            list.push(for_program(segment)?, flags)
                .map_err(|_| TransferError::NoMemory)?;
        }
    }

    let first = list.first().ok_or(TransferError::OutOfRange)?.address;

    Ok((first, Segments::new(list, flags)?))
}

/// Shape of a copy: a [`CopyRange`], [`Copy2d`], or a vector of ranges.
///
/// The bytes may be in any number of segments on either side.
///
/// # Errors
///
/// Of [`operation`](Self::operation):
///
/// - [`OutOfRange`](TransferError::OutOfRange) if there are no bytes, or bytes outside a mapping;
/// - [`Unreachable`](TransferError::Unreachable) if a length or a stride does not fit into 32 bits;
/// - [`Plan`](TransferError::Plan) if rows of the destination overlap;
/// - [`NoMemory`](TransferError::NoMemory) if the allocation of the segments fails: 8 contiguous
///   bytes for each, and so at most 2¹⁹ segments with pages of 4 KiB, by the limit of `kmalloc()`.
///
/// # Safety
///
/// - The programs of the operation read only bytes of the source, and write only bytes of the
///   destination.
/// - With [`progress`](Self::progress), they write exactly its range of the destination, each byte
///   once, in ascending order.
pub(crate) unsafe trait CopyShape {
    /// Returns the number of bytes.
    fn bytes(&self) -> usize;

    /// Returns the progress to report, if the bytes are one range.
    fn progress(&self) -> Option<Progress> {
        None
    }

    /// Returns the operation that copies the bytes, and the first addresses.
    ///
    /// The mappings have no byte in common.
    fn operation(
        self,
        source: Flight<'_, impl MappedMemory>,
        destination: Flight<'_, impl MappedMemory>,
        flags: Flags,
    ) -> Result<(Operation, Addresses), TransferError>;
}

// SAFETY: All addresses come from `InFlightRef::segments`, cut to the range of the shape.
unsafe impl CopyShape for CopyRange {
    fn bytes(&self) -> usize {
        self.len
    }

    fn operation(
        self,
        source: Flight<'_, impl MappedMemory>,
        destination: Flight<'_, impl MappedMemory>,
        flags: Flags,
    ) -> Result<(Operation, Addresses), TransferError> {
        let (Some(from), Some(to)) = (
            contiguous(source, self.src_offset, self.len)?,
            contiguous(destination, self.dst_offset, self.len)?,
        ) else {
            return lists(iter::once(self), source, destination, flags);
        };
        let copy = Copy {
            source: from.address,
            destination: to.address,
            len: from.len,
        };

        Ok((
            Operation::Copy(ProgramWriter::new(copy)?),
            Addresses {
                source: copy.source,
                destination: copy.destination,
            },
        ))
    }
}

impl CopyRange {
    /// Returns an operation with `fault`, which copies nothing, and the first addresses.
    pub(super) fn faulty(
        self,
        source: Flight<'_, impl MappedMemory>,
        destination: Flight<'_, impl MappedMemory>,
        fault: InjectedFault,
    ) -> Result<(Operation, Addresses), TransferError> {
        let addresses = Addresses {
            source: first(source, self.src_offset, self.len)?.address,
            destination: first(destination, self.dst_offset, self.len)?.address,
        };

        Ok((
            Operation::Faulty(addresses.source, addresses.destination, fault),
            addresses,
        ))
    }
}

impl Copy2d {
    /// Returns the number of bytes from the first row to the end of the last, on one side.
    fn reach(&self, stride: usize) -> Result<usize, TransferError> {
        self.rows
            .checked_sub(1)
            .and_then(|gaps| gaps.checked_mul(stride))
            .and_then(|gaps| gaps.checked_add(self.first.len))
            .ok_or(TransferError::OutOfRange)
    }

    /// Returns the operation for rows that are in several segments. [`reach`](Self::reach) has
    /// checked the numbers.
    fn as_lists(
        self,
        source: Flight<'_, impl MappedMemory>,
        destination: Flight<'_, impl MappedMemory>,
        flags: Flags,
    ) -> Result<(Operation, Addresses), TransferError> {
        if self.rows > 1 && self.dst_stride < self.first.len {
            return Err(TransferError::Plan(PlanError::Overlap));
        }

        let ranges = (0..self.rows).map(|row| CopyRange {
            src_offset: self.first.src_offset + row * self.src_stride,
            dst_offset: self.first.dst_offset + row * self.dst_stride,
            len: self.first.len,
        });

        lists(ranges, source, destination, flags)
    }
}

// SAFETY: All addresses come from `InFlightRef::segments`, cut to the range of the shape.
unsafe impl CopyShape for Copy2d {
    fn bytes(&self) -> usize {
        self.rows.saturating_mul(self.first.len)
    }

    fn operation(
        self,
        source: Flight<'_, impl MappedMemory>,
        destination: Flight<'_, impl MappedMemory>,
        flags: Flags,
    ) -> Result<(Operation, Addresses), TransferError> {
        let (Some(from), Some(to)) = (
            contiguous(source, self.first.src_offset, self.reach(self.src_stride)?)?,
            contiguous(
                destination,
                self.first.dst_offset,
                self.reach(self.dst_stride)?,
            )?,
        ) else {
            return self.as_lists(source, destination, flags);
        };

        if self.first.len == 0 {
            return Err(TransferError::OutOfRange);
        }
        let (Ok(row_len), Ok(rows), Ok(source_stride), Ok(destination_stride)) = (
            u32::try_from(self.first.len),
            u32::try_from(self.rows),
            u32::try_from(self.src_stride),
            u32::try_from(self.dst_stride),
        ) else {
            return Err(TransferError::Unreachable);
        };

        // The mappings have no byte in common, so only rows of the destination may overlap.
        let writer = ProgramWriter::new(program::Copy2d {
            source: from.address,
            destination: to.address,
            row_len,
            rows,
            source_stride,
            destination_stride,
        })?;

        Ok((
            Operation::Copy2d(writer, self.rows),
            Addresses {
                source: from.address,
                destination: to.address,
            },
        ))
    }
}

// Ranges in any order, in one transfer. Where those of the destination overlap, the result is one
// of them, and undefined which.
//
// SAFETY: All addresses come from `InFlightRef::segments`, cut to the range of the shape.
unsafe impl CopyShape for KVec<CopyRange> {
    fn bytes(&self) -> usize {
        self.iter()
            .fold(0, |bytes, range| bytes.saturating_add(range.len))
    }

    fn operation(
        self,
        source: Flight<'_, impl MappedMemory>,
        destination: Flight<'_, impl MappedMemory>,
        flags: Flags,
    ) -> Result<(Operation, Addresses), TransferError> {
        lists(self.iter().copied(), source, destination, flags)
    }
}

#[cfg(CONFIG_KUNIT = "y")]
mod tests;
