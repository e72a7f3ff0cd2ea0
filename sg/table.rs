// SPDX-License-Identifier: GPL-2.0

//! Tables: what is to be mapped, in entries that the device can do.
//!
//! C functions: `sg_alloc_table()`, `sg_set_page()`, `sg_free_table()`.

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
    page::PAGE_SIZE,
    prelude::*, //
};

use super::{
    overlay::Run,
    split::{
        Extent,
        Rules,
        Splitter, //
    },
    Scattered, //
};
use crate::{
    bindings::{
        as_gfp,
        c, //
    },
    dma::{
        DmaDevice,
        Location,
        MapError,
        MapFailure, //
    }, //
};

/// Memory `M` with a table of its pieces, for a device, to be mapped.
///
/// The entries are as few as can be: pieces that follow each other in physical memory are one, unless
/// that were longer than [`Limits::max_segment`](crate::dma::Limits::max_segment), across
/// [`Limits::boundary_mask`](crate::dma::Limits::boundary_mask), or longer than what fits into a bounce
/// buffer ([`DmaDevice::max_bounced`]). A [`TableBuilder`] makes shorter ones. A table of more entries than a
/// page has room for is chained, as in C.
///
/// Memory of `kmalloc()` that may share a cache line with other data is not joined with what is next to it.
/// The kernel bounces such memory when a device writes it, which it tells from the length of the entry.
///
/// # Examples
///
/// ```ignore
/// let payload = VVec::from_elem(0u8, 1 << 20, GFP_KERNEL)?;
/// let table = Table::new(dev, (Contiguous(header), payload), GFP_KERNEL)?;
/// let list = table.map::<ToDevice>()?;
/// ```
///
/// # Invariants
///
/// The entries of `raw` are the pieces of `memory`, in their order, as `dev` can do them. There is at
/// least one.
pub(crate) struct Table<'dev, M: Scattered> {
    pub(super) dev: &'dev DmaDevice,
    /// Above the memory that it tells of.
    pub(super) raw: RawTable,
    pub(super) memory: M,
}

impl<'dev, M: Scattered> Table<'dev, M> {
    /// A table of `memory` for `dev`. Allocates with `flags`.
    ///
    /// # Errors
    ///
    /// - [`MapFailure::Empty`] if it has no bytes;
    /// - [`MapFailure::TooLong`] if it has more than 2³¹ − 1 entries or `usize::MAX` bytes, or the device can
    ///   do no byte at a time;
    /// - [`MapFailure::NoMemory`].
    ///
    /// The memory comes back in the error.
    pub(crate) fn new(dev: &'dev DmaDevice, memory: M, flags: Flags) -> Result<Self, MapError<M>> {
        TableBuilder::new(dev, memory).build(flags)
    }

    /// How many bytes it has.
    pub(crate) fn len(&self) -> usize {
        self.raw.len
    }

    /// How many entries it has, before it is mapped.
    ///
    /// C field: `sg_table.orig_nents`.
    pub(crate) fn entries(&self) -> usize {
        self.raw.entries()
    }

    /// How many bytes each entry has, before it is mapped.
    ///
    /// C field: `scatterlist.length`.
    pub(crate) fn lengths(&self) -> impl Iterator<Item = usize> + '_ {
        self.raw.iter().map(|entry| entry.len())
    }

    /// Gives the memory back.
    pub(crate) fn into_memory(self) -> M {
        self.memory
    }
}

/// A [`Table`] to be.
///
/// It shapes entries. An IOMMU may put several of them together, so that a segment is longer than the longest
/// entry; what a device cannot do in one segment belongs into its [`Limits`](crate::dma::Limits).
///
/// # Examples
///
/// An entry for each page that a buffer touches:
///
/// ```ignore
/// let table = TableBuilder::new(dev, Contiguous(buffer))
///     .split_at_pages()
///     .build(GFP_KERNEL)?;
/// ```
#[must_use = "there is no table before it is built"]
pub(crate) struct TableBuilder<'dev, M: Scattered> {
    dev: &'dev DmaDevice,
    memory: M,
    max_segment: usize,
    boundary_mask: u64,
}

impl<'dev, M: Scattered> TableBuilder<'dev, M> {
    /// A table of `memory` for `dev`.
    pub(crate) fn new(dev: &'dev DmaDevice, memory: M) -> Self {
        Self {
            dev,
            memory,
            max_segment: dev.max_segment().min(dev.max_bounced()),
            // CAST: `c_ulong` has at most 64 bits.
            boundary_mask: dev.boundary_mask() as u64,
        }
    }

    /// No entry longer than `len` bytes, at least 1, even if the device could do that. A `len` of a page
    /// or a cache line and more is rounded down to whole ones.
    pub(crate) fn max_segment(mut self, len: usize) -> Self {
        self.max_segment = self.max_segment.min(len.max(1));
        self
    }

    /// No entry in more than one page.
    pub(crate) fn split_at_pages(mut self) -> Self {
        // CAST: As above.
        self.boundary_mask &= PAGE_SIZE as u64 - 1;
        self
    }

    /// Makes the table. Allocates with `flags`.
    ///
    /// # Errors
    ///
    /// As [`Table::new`].
    pub(crate) fn build(mut self, flags: Flags) -> Result<Table<'dev, M>, MapError<M>> {
        match self.raw(flags) {
            // INVARIANT: Made of this memory for this device just now.
            Ok(raw) => Ok(Table {
                dev: self.dev,
                raw,
                memory: self.memory,
            }),
            Err(failure) => {
                self.dev.statistics().count_failure();
                Err(MapError {
                    failure,
                    memory: self.memory,
                })
            }
        }
    }

    fn raw(&mut self, flags: Flags) -> Result<RawTable, MapFailure> {
        let len = self.memory.len();

        if len == 0 {
            return Err(MapFailure::Empty);
        }
        if len == usize::MAX {
            return Err(MapFailure::TooLong { len, max: len - 1 });
        }

        if self.max_segment == 0 {
            return Err(MapFailure::TooLong { len, max: 0 });
        }

        let mut count = 0usize;
        let is_cut_in_line = self.for_each_entry(&mut |_| count += 1)?;

        // `sg_alloc_table()` takes twice as many, but `dma_map_sg()` does not.
        // CAST: Neither is negative, and `usize` is no shorter than 32 bits where this is built.
        const MAX: usize = c_int::MAX as usize;

        if count > MAX {
            return Err(MapFailure::TooLong {
                len: count,
                max: MAX,
            });
        }
        // CAST: By the comparison.
        let mut table = RawTable::new(count as c_uint, len, is_cut_in_line, flags)?;
        let mut empty = table.as_empty();

        self.for_each_entry(&mut |extent| empty.set_next(extent))?;
        Ok(table)
    }

    /// Calls `emit` with each entry in turn. Says whether one of them is part of a piece, shares a cache line
    /// with another part of it or with other data, and is not known to the kernel to do so.
    fn for_each_entry(&mut self, emit: &mut impl FnMut(Extent)) -> Result<bool, MapFailure> {
        // SAFETY: Callable from any context.
        let line = unsafe { c::rk3588_dma_get_cache_alignment() }.max(1) as usize;
        // CAST: `usize` is no shorter than 32 bits where this is built.
        let max_segment = self.max_segment.min(c_uint::MAX as usize);
        let rules = Rules::new(max_segment, self.boundary_mask, [PAGE_SIZE, line]);
        // CAST: `usize` has at most 64 bits.
        let cuts_lines = max_segment < line || self.boundary_mask < line as u64 - 1;
        let mut splitter = Splitter::new(rules);
        let mut is_linear = true;
        let mut is_cut_in_line = false;

        self.memory.for_each(&mut |location: Location, len| {
            if len == 0 {
                return;
            }
            if cfg!(CONFIG_RUST_DEBUG_ASSERTIONS) && !location.is_linear(len) {
                is_linear = false;
                return;
            }

            // SAFETY: By the contract of `Scattered`.
            let start = unsafe { location.to_phys() };
            let piece = Extent { start, len };

            // The bytes of an entry are a slice, by the address of the first. Where that has a tag, which the
            // rest of it would not have if it were from another allocation, an entry is of one piece.
            if cfg!(any(CONFIG_KASAN_SW_TAGS, CONFIG_KASAN_HW_TAGS)) {
                splitter.flush(emit);
            }

            if owns_lines(location, piece) && !cuts_lines {
                splitter.push(piece, emit);
                return;
            }
            // Joined with others it would have another length, and the kernel not bounce it any more. It
            // knows a piece, of which `check` says so otherwise; of part of one it need not know. Nor may
            // some parts of a line be bounced and others not: what is written back to memory is the line.
            splitter.flush(emit);

            let mut emit_part = |part| {
                is_cut_in_line |= part != piece && !is_whole_lines(part, line) && !is_bounced(part);
                emit(part);
            };

            splitter.push(piece, &mut emit_part);
            splitter.flush(&mut emit_part);
        });
        splitter.finish(emit);
        match is_linear {
            true => Ok(is_cut_in_line),
            false => Err(MapFailure::NotLinear),
        }
    }
}

/// Whether nobody else uses the cache lines that `piece`, which is at `location`, begins and ends in. Pages
/// have one owner; the other kind of memory may be of `kmalloc()`.
fn owns_lines(location: Location, piece: Extent) -> bool {
    match location {
        Location::Page { .. } => true,
        // SAFETY: The function takes any address and length.
        Location::Linear(_) => unsafe { c::rk3588_dma_owns_lines(piece.start, piece.len) },
    }
}

/// Whether `part` begins and ends with a cache line, of `line` bytes.
fn is_whole_lines(part: Extent, line: usize) -> bool {
    // CAST: `usize` has at most 64 bits.
    part.start % line as u64 == 0 && part.len % line == 0
}

/// Whether the kernel bounces `part` for its length where a device writes it.
fn is_bounced(part: Extent) -> bool {
    // SAFETY: The function takes any length.
    unsafe { c::rk3588_dma_bounces_len(part.len) }
}

/// A `struct sg_table`.
///
/// # Invariants
///
/// `table` was made by `sg_alloc_table()`, with at least one entry and at most `c_int::MAX`, and has no more
/// segments than entries. Unless it is being filled, its entries have `len` bytes altogether.
pub(super) struct RawTable {
    table: bindings::sg_table,
    pub(super) len: usize,
    /// An entry shares a cache line with other data, and the kernel would not bounce it.
    pub(super) is_cut_in_line: bool,
}

// SAFETY: A table is not tied to a thread.
unsafe impl Send for RawTable {}

// SAFETY: With `&RawTable` its entries are only read.
unsafe impl Sync for RawTable {}

impl RawTable {
    /// A table for `entries` entries, which are to have `len` bytes.
    fn new(
        entries: c_uint,
        len: usize,
        is_cut_in_line: bool,
        flags: Flags,
    ) -> Result<Self, MapFailure> {
        let mut table = bindings::sg_table::default();

        // SAFETY: The function initializes `table`.
        to_result(unsafe { bindings::sg_alloc_table(&mut table, entries, as_gfp(flags)) })
            .map_err(|_| MapFailure::NoMemory)?;
        // INVARIANT: Made just now; for no entries it would have failed.
        Ok(Self {
            table,
            len,
            is_cut_in_line,
        })
    }

    fn as_empty(&mut self) -> Empty<'_> {
        Empty {
            next: NonNull::new(self.table.sgl),
            table: PhantomData,
        }
    }

    /// How many entries it has.
    #[inline]
    pub(super) fn entries(&self) -> usize {
        // CAST: `usize` is no shorter than 32 bits where this is built.
        self.table.orig_nents as usize
    }

    /// How many segments they were mapped to, if they are.
    #[inline]
    pub(super) fn segments(&self) -> usize {
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
    pub(super) fn forget_bounced(&mut self) {
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
        // INVARIANT: By ours.
        // SAFETY: By the type invariant there are as many.
        Entries(unsafe { RawEntries::new(self.first(), self.entries()) })
    }

    /// The entries that say where the segments are, if it is mapped.
    #[inline]
    pub(super) fn iter_mapped(&self) -> RawEntries<'_> {
        // SAFETY: By the type invariant there are as many entries, and more.
        unsafe { RawEntries::new(self.first(), self.segments()) }
    }

    /// The same two from where byte `offset` of a mapped table is, or before, and what is left of the offset.
    #[inline]
    pub(super) fn behind(&self, mut offset: usize) -> (Entries<'_>, RawEntries<'_>, usize) {
        let mut next = self.first();
        let mut skipped = 0;

        // As long as each entry was mapped to a segment of its own, the next segment is in the next entry.
        while skipped + 1 < self.segments() {
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
                RawEntries::new(next, self.entries() - skipped),
                RawEntries::new(next, self.segments() - skipped),
            )
        };

        (Entries(entries), segments, offset)
    }
}

impl Drop for RawTable {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is the table of an allocation, which is not used any more.
        unsafe { bindings::sg_free_table(&mut self.table) };
    }
}

/// Entries of a table to be set.
struct Empty<'a> {
    next: Option<NonNull<bindings::scatterlist>>,
    table: PhantomData<&'a mut RawTable>,
}

impl Empty<'_> {
    /// Sets the next entry to `extent`, if there is one.
    fn set_next(&mut self, extent: Extent) {
        let Some(entry) = self.next else {
            return;
        };

        // SAFETY: It is an entry of the table, which is borrowed. `sg_alloc_table()` has marked the last
        // one. An extent is no longer than 32 bits say, and in a page that there is.
        self.next = unsafe {
            // CAST: See `for_each_entry`.
            c::rk3588_dma_sg_set(entry.as_ptr(), extent.start, extent.len as c_uint);
            NonNull::new(bindings::sg_next(entry.as_ptr()))
        };
    }
}

/// An entry, or the rest of one, as the CPU sees it.
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
        // SAFETY: It is an entry of pages, which have addresses in the linear map, as all have on 64-bit
        // machines. The offset is inside, or at its end.
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

        Some(Entry {
            entry,
            offset: 0,
            // CAST: `usize` is no shorter than 32 bits where this is built.
            len: entry.length as usize,
        })
    }
}

/// Some entries of a table.
///
/// # Invariants
///
/// From `next` on there are `left` entries of a table that is borrowed for `'a`.
#[derive(Clone)]
pub(super) struct RawEntries<'a> {
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

#[cfg(CONFIG_KUNIT = "y")]
mod tests;
