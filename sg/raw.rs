// SPDX-License-Identifier: GPL-2.0

//! Tables as the kernel has them, and their entries one by one.

use core::{
    marker::PhantomData,
    ptr::{
        self,
        NonNull, //
    },
};

use kernel::{
    alloc::Flags,
    bindings,
    error::to_result,
    prelude::*, //
};

use super::{
    overlay::Run,
    split::Extent, //
};
use crate::{
    bindings::{
        as_gfp,
        c, //
    },
    dma::{
        MapFailure,
        RawSegment, //
    }, //
};

/// A `struct sg_table`.
///
/// # Invariants
///
/// `table` was made by `sg_alloc_table()`, with at least one entry and at most `c_int::MAX`, and has no more
/// segments than entries. Unless it is being filled, its entries have `len` bytes altogether.
pub(super) struct RawTable {
    table: bindings::sg_table,
    len: usize,
    splits_cache_line: bool,
}

// SAFETY: A table is not tied to a thread.
unsafe impl Send for RawTable {}

// SAFETY: With `&RawTable` its entries are only read.
unsafe impl Sync for RawTable {}

impl RawTable {
    /// A table for `entries` entries, which are to have `len` bytes.
    ///
    /// # Errors
    ///
    /// [`MapFailure::TooManyEntries`], [`MapFailure::InvalidFlags`] and [`MapFailure::NoMemory`].
    pub(super) fn new(
        entries: usize,
        len: usize,
        splits_cache_line: bool,
        flags: Flags,
    ) -> Result<Self, MapFailure> {
        // `sg_alloc_table()` takes twice as many, but `dma_map_sg()` does not.
        // CAST: It is not negative, and `usize` is no shorter than 32 bits where this is built.
        const MAX: usize = c_int::MAX as usize;

        if entries > MAX {
            return Err(MapFailure::TooManyEntries { entries, max: MAX });
        }

        let mut table = bindings::sg_table::default();
        let gfp = as_gfp(flags).map_err(|_| MapFailure::InvalidFlags)?;

        // SAFETY: The function initializes `table`.
        // CAST: By the comparison.
        let result = unsafe { bindings::sg_alloc_table(&mut table, entries as c_uint, gfp) };

        to_result(result).map_err(|_| MapFailure::NoMemory)?;
        // INVARIANT: Made just now, for no more than `MAX` entries; for none it would have failed.
        Ok(Self {
            table,
            len,
            splits_cache_line,
        })
    }

    /// Its entries, to be set in turn.
    pub(super) fn as_empty(&mut self) -> Empty<'_> {
        Empty {
            next: NonNull::new(self.table.sgl),
            table: PhantomData,
        }
    }

    /// How many bytes its entries have.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether an entry shares a cache line with other data, or with another entry, and the kernel would not
    /// bounce it.
    #[inline]
    pub(super) fn splits_cache_line(&self) -> bool {
        self.splits_cache_line
    }

    /// How many entries it has.
    #[inline]
    pub(super) fn orig_nents(&self) -> usize {
        // CAST: `usize` is no shorter than 32 bits where this is built.
        self.table.orig_nents as usize
    }

    /// How many segments they were mapped to, if they are.
    #[inline]
    pub(super) fn nents(&self) -> usize {
        // CAST: As above.
        self.table.nents as usize
    }

    #[inline]
    pub(super) fn as_ptr(&mut self) -> *mut bindings::sg_table {
        &mut self.table
    }

    /// Takes away the mark of the kernel's IOMMU code that it was mapped through bounce buffers. The kernel
    /// leaves it, and would go by it when the table is unmapped that was mapped again without them.
    ///
    /// C field: `scatterlist.dma_flags`.
    #[inline]
    pub(super) fn clear_swiotlb_flag(&mut self) {
        // SAFETY: By the type invariant there is a first entry, and `&mut self` excludes others.
        #[cfg(CONFIG_NEED_SG_DMA_FLAGS)]
        unsafe {
            (*self.table.sgl).dma_flags &= !bindings::SG_DMA_SWIOTLB
        };
    }

    /// The first entry.
    #[inline]
    pub(super) fn first(&self) -> *mut bindings::scatterlist {
        self.table.sgl
    }

    /// The entries, for the CPU.
    #[inline]
    pub(super) fn iter(&self) -> Entries<'_> {
        // SAFETY: By the type invariant there are as many.
        Entries(unsafe { RawEntries::new(self.first(), self.orig_nents()) })
    }

    /// The segments. If it is not mapped, they say nothing.
    #[inline]
    pub(super) fn mapped(&self) -> RawSegments<'_> {
        // SAFETY: By the type invariant there are as many entries, or more.
        RawSegments(unsafe { RawEntries::new(self.first(), self.nents()) })
    }

    /// The same two from where byte `offset` of a mapped table is, or before, and what is left of the offset.
    #[inline]
    pub(super) fn seek(&self, mut offset: usize) -> (Entries<'_>, RawSegments<'_>, usize) {
        let mut next = self.first();
        let mut skipped = 0;

        // As long as each entry was mapped to a segment of its own, the next segment is in the next entry.
        while skipped + 1 < self.nents() {
            // SAFETY: By the type invariant it is an entry.
            let entry = unsafe { &*next };
            // CAST: `usize` is no shorter than 32 bits where this is built.
            let len = entry.length as usize;

            if entry.length != entry.dma_length || offset < len {
                break;
            }
            // SAFETY: It is not the last segment, so it is not the last entry.
            next = unsafe { following(next) };
            offset -= len;
            skipped += 1;
        }
        // SAFETY: So many were stepped over, fewer than there are segments, of which there are no more than
        // entries.
        let (entries, segments) = unsafe {
            (
                RawEntries::new(next, self.orig_nents() - skipped),
                RawEntries::new(next, self.nents() - skipped),
            )
        };

        (Entries(entries), RawSegments(segments), offset)
    }
}

impl Drop for RawTable {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is the table of an allocation, which is not used any more.
        unsafe { bindings::sg_free_table(&mut self.table) };
    }
}

/// Entries of a table to be set.
pub(super) struct Empty<'a> {
    next: Option<NonNull<bindings::scatterlist>>,
    table: PhantomData<&'a mut RawTable>,
}

impl Empty<'_> {
    /// Sets the next entry to `extent`, if there is one.
    ///
    /// # Safety
    ///
    /// An extent is in memory that has pages, and no longer than 32 bits can say.
    #[inline]
    pub(super) unsafe fn set_next(&mut self, extent: Extent) {
        let Some(entry) = self.next else {
            return;
        };

        // SAFETY: It is an entry of the table, which is borrowed. `sg_alloc_table()` has marked the last
        // one. By the caller's promise there is a page.
        self.next = unsafe {
            // CAST: By the caller's promise.
            c::rk3588_dma_sg_set(entry.as_ptr(), extent.start, extent.len as c_uint);
            NonNull::new(bindings::sg_next(entry.as_ptr()))
        };
    }
}

/// An entry, or the rest of one, as the CPU sees it.
///
/// # Invariants
///
/// `entry` is one of a table that was filled, so there are pages for it. `offset` and `len` together are its
/// length.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    entry: &'a bindings::scatterlist,
    /// So many bytes of it come before.
    offset: usize,
    len: usize,
}

impl Entry<'_> {
    /// The first byte, in the linear map.
    pub(super) fn start(&self) -> NonNull<u8> {
        // SAFETY: By the type invariant there are pages, which have addresses in the linear map, as all have
        // on 64-bit machines, and the offset is inside, or at the end.
        unsafe {
            let start = c::rk3588_dma_sg_virt(ptr::from_ref(self.entry).cast_mut());

            NonNull::new_unchecked(start.cast::<u8>().add(self.offset))
        }
    }
}

impl Run for Entry<'_> {
    #[inline]
    fn len(&self) -> usize {
        self.len
    }

    #[inline]
    fn skip(self, by: usize) -> Self {
        // By the contract of this function that is all of it, at most.
        let by = by.min(self.len);

        // INVARIANT: The one has grown by as much as the other has shrunk.
        Self {
            offset: self.offset + by,
            len: self.len - by,
            ..self
        }
    }
}

/// The entries of a table, as the CPU sees them.
#[derive(Clone)]
pub(super) struct Entries<'a>(RawEntries<'a>);

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'a>> {
        let entry = self.0.next()?;

        // INVARIANT: All of it. Tables are lent when they are filled, and not before.
        Some(Entry {
            entry,
            offset: 0,
            // CAST: `usize` is no shorter than 32 bits where this is built.
            len: entry.length as usize,
        })
    }
}

/// The segments of a table.
#[derive(Clone)]
pub(crate) struct RawSegments<'a>(RawEntries<'a>);

impl Iterator for RawSegments<'_> {
    type Item = RawSegment;

    #[inline]
    fn next(&mut self) -> Option<RawSegment> {
        let entry = self.0.next()?;

        // These fields are what `sg_dma_address()` and `sg_dma_len()` are in C.
        // CAST: `usize` is no shorter than 32 bits where this is built.
        Some(RawSegment::new(
            entry.dma_address,
            entry.dma_length as usize,
        ))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

/// Some entries of a table.
///
/// # Invariants
///
/// From `next` on there are `left` entries of a table that is borrowed for `'a`.
#[derive(Clone)]
struct RawEntries<'a> {
    next: *mut bindings::scatterlist,
    left: usize,
    table: PhantomData<&'a RawTable>,
}

impl RawEntries<'_> {
    /// # Safety
    ///
    /// From `next` on there are `left` entries of a table, which stays for as long as the lifetime says.
    #[inline]
    unsafe fn new(next: *mut bindings::scatterlist, left: usize) -> Self {
        // INVARIANT: By the caller's promise.
        Self {
            next,
            left,
            table: PhantomData,
        }
    }
}

impl<'a> Iterator for RawEntries<'a> {
    type Item = &'a bindings::scatterlist;

    #[inline]
    fn next(&mut self) -> Option<&'a bindings::scatterlist> {
        self.left = self.left.checked_sub(1)?;

        // SAFETY: By the type invariant it is an entry, of a table that is borrowed.
        let entry = unsafe { &*self.next };

        if self.left != 0 {
            // SAFETY: There is another one behind it.
            // INVARIANT: One less, counted above.
            self.next = unsafe { following(self.next) };
        }
        Some(entry)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

/// The entry behind `entry`.
///
/// C function: `sg_next()`, which is inline there, too.
///
/// # Safety
///
/// There is one.
#[inline]
unsafe fn following(entry: *mut bindings::scatterlist) -> *mut bindings::scatterlist {
    const CHAIN: c_ulong = bindings::SG_CHAIN as c_ulong;
    const FLAGS: c_ulong = CHAIN | bindings::SG_END as c_ulong;

    // SAFETY: By the caller's promise there is something behind it: an entry, or a link to where the table
    // goes on.
    let (next, link) = unsafe {
        let next = entry.add(1);

        (next, (*next).page_link)
    };

    match link & CHAIN {
        0 => next,
        // CAST: An address.
        _ => (link & !FLAGS) as *mut bindings::scatterlist,
    }
}

#[kunit_tests(rk3588_dma_sg_raw)]
mod tests {
    use super::*;

    #[test]
    fn more_entries_than_can_be_mapped_are_refused() {
        let max = c_int::MAX as usize;
        let failure = |entries| RawTable::new(entries, entries, false, GFP_KERNEL).err();

        for entries in [max + 1, c_uint::MAX as usize + 2, usize::MAX] {
            assert_eq!(
                failure(entries),
                Some(MapFailure::TooManyEntries { entries, max })
            );
        }
    }
}
