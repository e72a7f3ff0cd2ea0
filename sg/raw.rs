// SPDX-License-Identifier: GPL-2.0

//! Raw tables, without the memory, and their entries.
//!
//! C types: `struct sg_table`, `struct scatterlist`.

use core::{
    marker::PhantomData,
    ops::Range,
    ptr, //
};

use kernel::{
    alloc::Flags,
    bindings,
    error::to_result,
    prelude::*, //
};

use super::{
    runs::for_each_contiguous,
    split::Sink, //
};
use crate::dma::{
    as_gfp,
    c,
    Location,
    MapFailure, //
};

mod entries;

pub(super) use entries::Entries;
pub(crate) use entries::RawSegments;
use entries::{
    following,
    RawEntries, //
};

/// Fields of a `struct sg_table`, with its number of bytes and its use of cache lines.
///
/// The fields, not the struct: if the address of a struct is passed to C functions, the compiler
/// copies the struct each time the value is moved.
///
/// # Invariants
///
/// `sg_alloc_table()` returned `sgl` and `orig_nents`, which is at most `c_int::MAX` and not 0.
/// `nents` is not larger. Unless the table is being filled, its entries have `len` bytes in all.
pub(super) struct RawTable {
    sgl: *mut bindings::scatterlist,
    orig_nents: c_uint,
    nents: c_uint,
    len: usize,
    cache_lines: CacheLines,
}

/// Use of the cache lines in which entries begin and end.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum CacheLines {
    /// No entry shares one, or the kernel bounces each that does.
    Owned,
    /// An entry shares one with other data, or with another entry, and the kernel does not bounce
    /// it.
    Split,
}

// SAFETY: The kernel does not tie a table to a thread.
unsafe impl Send for RawTable {}

// SAFETY: Safe methods with `&self` only read entries.
unsafe impl Sync for RawTable {}

impl RawTable {
    /// Allocates a table of `entries` entries, which will have `len` bytes in all.
    ///
    /// C function: `sg_alloc_table()`.
    ///
    /// # Errors
    ///
    /// [`MapFailure::TooManyEntries`], [`MapFailure::InvalidFlags`] and [`MapFailure::NoMemory`].
    #[inline(always)]
    pub(super) fn new(entries: usize, len: usize, flags: Flags) -> Result<Self, MapFailure> {
        // `sg_alloc_table()` takes twice that number, but `dma_map_sg()` does not.
        // CAST: Not negative, and `usize` has at least 32 bits where this is built.
        const MAX: usize = c_int::MAX as usize;

        if entries > MAX {
            return Err(MapFailure::TooManyEntries { entries, max: MAX });
        }

        let mut table = bindings::sg_table {
            sgl: ptr::null_mut(),
            nents: 0,
            orig_nents: 0,
        };
        let gfp = as_gfp(flags).map_err(|_| MapFailure::InvalidFlags)?;

        // The kernel would warn of it, and ignore it.
        if gfp & bindings::__GFP_HIGHMEM != 0 {
            return Err(MapFailure::InvalidFlags);
        }

        // SAFETY: The function initializes `table`.
        // CAST: By the comparison.
        if unsafe { bindings::sg_alloc_table(&mut table, entries as c_uint, gfp) } != 0 {
            return Err(MapFailure::NoMemory);
        }
        // INVARIANT: Allocated above, for at most `MAX` entries; `sg_alloc_table()` fails for 0.
        Ok(Self {
            sgl: table.sgl,
            orig_nents: table.orig_nents,
            nents: table.orig_nents,
            len,
            cache_lines: CacheLines::Owned,
        })
    }

    /// Maps all entries for `dev`.
    ///
    /// C function: `dma_map_sgtable()`.
    ///
    /// # Errors
    ///
    /// Those of the C function.
    ///
    /// # Safety
    ///
    /// `dev` is bound, and its DMA mask is set. The memory of the entries may be mapped in
    /// direction `dir`. The table is not mapped.
    #[inline(always)]
    pub(super) unsafe fn map(
        &mut self,
        dev: *mut bindings::device,
        dir: bindings::dma_data_direction,
    ) -> Result {
        self.clear_swiotlb_flag();

        let mut table = bindings::sg_table {
            sgl: self.sgl,
            nents: self.nents,
            orig_nents: self.orig_nents,
        };
        // SAFETY: The function requires a bound device with a mask, and a table whose memory may be
        // mapped: the caller guarantees the former; by the type invariant `table` is one.
        let result = unsafe { bindings::dma_map_sgtable(dev, &mut table, dir, 0) };

        // INVARIANT: The kernel does not map entries to more segments.
        self.nents = table.nents;
        to_result(result)
    }

    /// Unmaps all entries.
    ///
    /// C function: `dma_unmap_sgtable()`, which is `dma_unmap_sg_attrs()` with `orig_nents`.
    ///
    /// # Safety
    ///
    /// [`map`](Self::map) has mapped the table, with the same arguments. It was not unmapped since.
    #[inline(always)]
    pub(super) unsafe fn unmap(
        &self,
        dev: *mut bindings::device,
        dir: bindings::dma_data_direction,
        attrs: c_ulong,
    ) {
        // SAFETY: The function requires the arguments of the mapping: the caller guarantees `dev`
        // and `dir`, and the fields are those that were mapped.
        // CAST: By the type invariant.
        unsafe {
            bindings::dma_unmap_sg_attrs(dev, self.sgl, self.orig_nents as c_int, dir, attrs)
        };
    }

    /// Returns the entries, to be set in their order.
    ///
    /// # Safety
    ///
    /// All entries that are begun are in memory that has pages, and end after a number of bytes
    /// that fits into 32 bits.
    #[inline(always)]
    pub(super) unsafe fn entries_to_set(&mut self) -> EntriesToSet<'_> {
        // INVARIANT: By the type invariant there are `orig_nents` entries. The caller guarantees
        // the rest.
        EntriesToSet {
            next: self.sgl,
            left: self.orig_nents,
            capacity: self.orig_nents,
            excess: 0,
            table: PhantomData,
        }
    }

    /// Returns the number of bytes in all entries.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Returns the use of cache lines, which is `Owned` unless it was set.
    #[inline]
    pub(super) fn cache_lines(&self) -> CacheLines {
        self.cache_lines
    }

    /// Sets the use of cache lines.
    #[inline]
    pub(super) fn set_cache_lines(&mut self, cache_lines: CacheLines) {
        self.cache_lines = cache_lines;
    }

    /// Returns the number of entries.
    #[inline]
    pub(super) fn orig_nents(&self) -> usize {
        // CAST: `usize` has at least 32 bits where this is built.
        self.orig_nents as usize
    }

    /// Returns the number of segments that the entries were mapped to last.
    #[inline]
    pub(super) fn nents(&self) -> usize {
        // CAST: As above.
        self.nents as usize
    }

    /// Clears the flag of the kernel's IOMMU code that the table was mapped with bounce buffers.
    /// The kernel keeps it after unmapping, and would act on it when it unmaps a table that was
    /// mapped again without bounce buffers.
    ///
    /// C field: `scatterlist.dma_flags`.
    #[inline(always)]
    fn clear_swiotlb_flag(&mut self) {
        // SAFETY: By the type invariant there is a first entry, and `&mut self` excludes other
        // users.
        #[cfg(CONFIG_NEED_SG_DMA_FLAGS)]
        unsafe {
            (*self.sgl).dma_flags &= !bindings::SG_DMA_SWIOTLB
        };
    }

    /// Returns an iterator over the entries, for accesses of the CPU.
    #[inline]
    pub(super) fn iter(&self) -> Entries<'_> {
        // SAFETY: By the type invariant there are `orig_nents` entries.
        Entries(unsafe { RawEntries::new(self.sgl, self.orig_nents()) })
    }

    /// Returns an iterator over the segments, which are valid only if the table is mapped.
    #[inline]
    pub(super) fn mapped(&self) -> RawSegments<'_> {
        // SAFETY: By the type invariant there are at least `nents` entries.
        RawSegments(unsafe { RawEntries::new(self.sgl, self.nents()) })
    }

    /// Calls `act` with address and length of each part of `range` that is contiguous in memory and
    /// for the device. The table is mapped; bytes of `range` after its end are ignored.
    #[inline(always)]
    pub(super) fn for_each_part(
        &self,
        range: Range<usize>,
        mut act: impl FnMut(bindings::dma_addr_t, usize),
    ) {
        let (mut offset, mut left) = (range.start, range.len());
        let (mut index, mut next) = (0, self.sgl);

        // If entries were not merged, the segment of an entry is in the same `scatterlist`.
        while left != 0 {
            // SAFETY: `next` must be an entry: by the type invariant the table has `orig_nents`,
            // which is not 0, and `index` is less.
            let entry = unsafe { &*next };

            if entry.length != entry.dma_length {
                // SAFETY: From the first entry on there are `orig_nents`, and from `next` on
                // `index` less.
                unsafe { self.for_each_merged_part(next, index, offset..offset + left, &mut act) };
                return;
            }
            // CAST: `usize` has at least 32 bits where this is built.
            let len = entry.length as usize;

            if offset < len {
                let len = left.min(len - offset);

                // CAST: `usize` has at most 64 bits.
                act(entry.dma_address.wrapping_add(offset as u64), len);
                left -= len;
                offset = 0;
            } else {
                offset -= len;
            }
            index += 1;
            if index >= self.nents {
                return;
            }
            // SAFETY: An entry must follow: `index` is less than `nents`, which is at most
            // `orig_nents`.
            next = unsafe { following(next) };
        }
    }

    /// Continues [`for_each_part`](Self::for_each_part) at `next`, entry number `index`, after
    /// which entries were merged.
    ///
    /// # Safety
    ///
    /// From `next` on there are `orig_nents - index` entries, and that is not 0.
    #[cold]
    #[inline(never)]
    unsafe fn for_each_merged_part(
        &self,
        next: *mut bindings::scatterlist,
        index: c_uint,
        range: Range<usize>,
        act: &mut impl FnMut(bindings::dma_addr_t, usize),
    ) {
        // CAST: `usize` has at least 32 bits where this is built.
        let (orig_nents, nents) = (self.orig_nents as usize, self.nents as usize);
        // SAFETY: There must be these numbers of entries from `next` on: the caller guarantees the
        // first; `nents` is at most `orig_nents`.
        let (entries, segments) = unsafe {
            (
                RawEntries::new(next, orig_nents - index as usize),
                RawEntries::new(next, nents - index as usize),
            )
        };

        for_each_contiguous(
            Entries(entries),
            RawSegments(segments),
            range,
            |_, segment, len| act(segment.address(), len),
        );
    }
}

impl Drop for RawTable {
    fn drop(&mut self) {
        let mut table = bindings::sg_table {
            sgl: self.sgl,
            nents: self.nents,
            orig_nents: self.orig_nents,
        };

        // SAFETY: The table must come from `sg_alloc_table()`, by the type invariant, and is not
        // used any more.
        unsafe { bindings::sg_free_table(&mut table) };
    }
}

/// Sink that sets the entries of a table, and counts those that are needed.
///
/// # Invariants
///
/// `next` is null, or an entry of a table that is borrowed for `'a` to set its entries, and `left`
/// is the number of entries from there on. All entries that are begun are in memory that has pages,
/// and end after a number of bytes that fits into 32 bits.
#[derive(Clone, Copy)]
pub(super) struct EntriesToSet<'a> {
    next: *mut bindings::scatterlist,
    left: c_uint,
    /// Number of entries of the table.
    capacity: c_uint,
    /// Number of entries that have ended after the last entry of the table.
    excess: usize,
    table: PhantomData<&'a RawTable>,
}

impl EntriesToSet<'_> {
    /// Returns a sink without entries, which only counts.
    pub(super) fn none() -> Self {
        // INVARIANT: `next` is null.
        Self {
            next: ptr::null_mut(),
            left: 0,
            capacity: 0,
            excess: 0,
            table: PhantomData,
        }
    }

    /// Returns the number of entries that have ended.
    pub(super) fn count(&self) -> usize {
        // CAST: `usize` has at least 32 bits where this is built.
        self.excess + (self.capacity - self.left) as usize
    }
}

impl Sink for EntriesToSet<'_> {
    type Origin = Location;

    /// Sets the page and the offset of the next entry, if there is one.
    ///
    /// C function: `sg_assign_page()`.
    #[inline(always)]
    fn begin(&mut self, start: u64, origin: Option<Location>) {
        if self.next.is_null() {
            return;
        }
        // SAFETY: `next` must be an entry that is not in use, and there must be pages: by the type
        // invariants. `sg_alloc_table()` has marked the last entry; the functions keep the mark.
        unsafe {
            match origin {
                // CAST: The offset fits into 32 bits, by the contract of `Memory`.
                Some(Location::Page { page, offset }) => {
                    c::rk3588_dma_sg_assign_page(self.next, page.as_ptr(), offset as c_uint)
                }
                _ => c::rk3588_dma_sg_assign_phys(self.next, start),
            }
        }
    }

    /// Sets the length of the next entry, if there is one, and advances by one entry.
    #[inline(always)]
    fn end(&mut self, len: usize) {
        if self.next.is_null() {
            self.excess += 1;
            return;
        }
        // SAFETY: By the type invariants `next` is an entry, which is borrowed to be set.
        // CAST: By the type invariants.
        unsafe { (*self.next).length = len as c_uint };
        // INVARIANT: If none is left, `next` is null; otherwise another entry follows.
        self.left = self.left.wrapping_sub(1);
        self.next = match self.left {
            0 => ptr::null_mut(),
            // SAFETY: As above.
            _ => unsafe { following(self.next) },
        };
    }
}

#[cfg(kunit_fixture)]
#[kunit_tests(rk3588_dma_sg_raw)]
mod tests {
    use super::*;

    #[test]
    fn more_entries_than_can_be_mapped_are_refused() {
        let max = c_int::MAX as usize;
        let failure = |entries| RawTable::new(entries, entries, GFP_KERNEL).err();

        for entries in [max + 1, c_uint::MAX as usize + 2, usize::MAX] {
            assert_eq!(
                failure(entries),
                Some(MapFailure::TooManyEntries { entries, max })
            );
        }
    }
}
