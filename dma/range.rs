// SPDX-License-Identifier: GPL-2.0

//! Ranges of memory to map, in place of the whole.

use core::{
    ops::Range,
    ptr::NonNull, //
};

use kernel::prelude::*;

use super::{
    buffer::cache_line,
    Location,
    MapError,
    MapFailure,
    Memory, //
};

/// Range of memory `M`, which owns all of it. Only the range is mapped.
///
/// The range begins and ends at cache lines, or ends with memory that is padded to one, such as a
/// [`Buffer`](super::Buffer): so mapping it has no effect on other data, whatever `M` is. In C,
/// `dma_map_single()` and `dma_map_page()` map any range, and the driver must know about cache
/// lines.
///
/// # Examples
///
/// A device fills a part of a table, of which the CPU keeps the rest:
///
/// ```
/// let table = KVec::from_elem(0u32, 1024, GFP_KERNEL)?;
/// let range = MemoryRange::new(table, 1024..3072)?;
/// let mapping = Mapping::<_, FromDevice>::new(dev, range)?;   // 2048 bytes
///
/// let table = mapping.unmap().into_memory();
/// assert_eq!(table.len(), 1024);
/// ```
///
/// # Invariants
///
/// - `padded` is inside the memory, with its padding, and begins and ends at cache lines, or ends
///   with the padding.
/// - `len` is not 0 and not longer than `padded`.
pub(crate) struct MemoryRange<M: Memory> {
    memory: M,
    padded: Range<usize>,
    len: usize,
}

impl<M: Memory> MemoryRange<M> {
    /// Makes the range of `range`, in bytes, of `memory`.
    ///
    /// # Errors
    ///
    /// - [`MapFailure::Empty`], and [`MapFailure::OutOfRange`] if `range` is not inside the memory;
    /// - [`MapFailure::SharesCacheLine`] if it does not begin at a cache line, or ends neither at
    ///   one nor with memory that is padded to one.
    ///
    /// The error contains the memory.
    pub(crate) fn new(mut memory: M, range: Range<usize>) -> Result<Self, MapError<M>> {
        let (len, padded_len) = (memory.len(), memory.padded_len());
        let failure = if range.start >= range.end {
            Some(MapFailure::Empty)
        } else if range.end > len {
            Some(MapFailure::OutOfRange {
                end: range.end,
                len,
            })
        } else {
            None
        };

        if let Some(failure) = failure {
            return Err(MapError { failure, memory });
        }

        let line = cache_line();
        let start = memory.as_mut_ptr().addr().get();
        let is_at_line = |offset: usize| (start + offset) % line == 0;
        // The end of the last line, counted from the beginning of the memory.
        let end = (start + range.end).next_multiple_of(line) - start;
        let is_owned =
            is_at_line(range.start) && (end == range.end || range.end == len && end <= padded_len);

        if !is_owned {
            let failure = MapFailure::SharesCacheLine;

            return Err(MapError { failure, memory });
        }
        // INVARIANT: Compared above.
        Ok(Self {
            padded: range.start..end,
            len: range.len(),
            memory,
        })
    }

    /// Returns the whole memory.
    pub(crate) fn into_memory(self) -> M {
        self.memory
    }
}

// SAFETY:
// - `M` meets the contract, and the range is inside its memory.
// - The range has whole cache lines of that memory, which has no other user.
// - `location`, `as_ptr` and `as_mut_ptr` have the same offset.
unsafe impl<M: Memory> Memory for MemoryRange<M> {
    fn location(&mut self) -> Location {
        let start = self.padded.start;

        match self.memory.location() {
            // SAFETY: The sum must be inside the memory: by the type invariant.
            Location::Linear(memory) => Location::Linear(unsafe { memory.add(start) }),
            Location::Page { page, offset } => Location::Page {
                page,
                offset: offset + start,
            },
        }
    }

    fn as_ptr(&self) -> NonNull<u8> {
        // SAFETY: As in `location`.
        unsafe { self.memory.as_ptr().add(self.padded.start) }
    }

    fn as_mut_ptr(&mut self) -> NonNull<u8> {
        // SAFETY: As in `location`.
        unsafe { self.memory.as_mut_ptr().add(self.padded.start) }
    }

    fn len(&self) -> usize {
        self.len
    }

    fn padded_len(&self) -> usize {
        self.padded.len()
    }

    #[inline]
    fn check(&self, _: bool) -> Result<(), MapFailure> {
        Ok(())
    }
}

#[cfg(kunit_fixture)]
mod tests;
