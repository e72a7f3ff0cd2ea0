// SPDX-License-Identifier: GPL-2.0

//! Tables: memory in entries that are within the limits of a device.
//!
//! C functions: `sg_alloc_table()`, `sg_set_page()`, `sg_free_table()`.

use kernel::{
    alloc::Flags,
    page::PAGE_SIZE,
    prelude::*, //
};

use super::{
    raw::{
        CacheLines,
        EntriesToSet,
        RawTable, //
    },
    runs::Run,
    split::{
        EntryBuilder,
        EntryLimits,
        Extent,
        Sink, //
    },
    SgMemory, //
};
use crate::dma::{
    c,
    DmaDevice,
    Location,
    MapError,
    MapFailure, //
};

/// Memory `M` with a table of its pieces, to be mapped for a device.
///
/// Pieces that are contiguous in physical memory are joined to one entry, unless the entry would
///
/// - be longer than [`Limits::max_segment`](crate::dma::Limits::max_segment), or than a bounce
///   buffer ([`DmaDevice::max_mapping_size`]);
/// - cross a boundary of [`Limits::boundary_mask`](crate::dma::Limits::boundary_mask);
/// - join memory of `kmalloc()` that may share a cache line with other data, which the kernel
///   bounces by the length of the entry if the device writes it;
/// - join several allocations where KASAN has tags in addresses.
///
/// A [`SgTableBuilder`] makes shorter entries. A table of more entries than fit into a page is
/// chained, as in C.
///
/// # Examples
///
/// ```
/// # let header = Buffer::zeroed(64, GFP_KERNEL)?;
/// let payload = VVec::from_elem(0u8, 1 << 20, GFP_KERNEL)?;
/// let table = SgTable::new(dev, (Contiguous(header), payload), GFP_KERNEL)?;
/// let list = table.map::<ToDevice>()?;
/// ```
///
/// # Invariants
///
/// The entries of `raw` are the pieces of `memory`, in their order, within the limits of `dev`.
/// There is at least one.
pub(crate) struct SgTable<'dev, M: SgMemory> {
    pub(super) dev: &'dev DmaDevice,
    /// Before `memory`, because fields are dropped in order: the table is freed first.
    pub(super) raw: RawTable,
    pub(super) memory: M,
}

impl<'dev, M: SgMemory> SgTable<'dev, M> {
    /// Makes a table of `memory` for `dev`. Allocates with `flags`.
    ///
    /// C functions: `sg_alloc_table()`, `sg_set_page()`.
    ///
    /// # Errors
    ///
    /// - [`MapFailure::Empty`] if the memory has no bytes;
    /// - [`MapFailure::TooLong`] if it has `usize::MAX` bytes, or the segments of the device have a
    ///   maximum length of 0;
    /// - [`MapFailure::TooManyEntries`] if it needs more than 2³¹ − 1 entries;
    /// - [`MapFailure::NotLinear`] if a piece is not in the linear map;
    /// - [`MapFailure::InvalidFlags`] and [`MapFailure::NoMemory`].
    ///
    /// The error contains the memory.
    pub(crate) fn new(dev: &'dev DmaDevice, memory: M, flags: Flags) -> Result<Self, MapError<M>> {
        SgTableBuilder::new(dev, memory).build(flags)
    }

    /// Returns the number of bytes.
    pub(crate) fn len(&self) -> usize {
        self.raw.len()
    }

    /// Returns the number of entries.
    ///
    /// C field: `sg_table.orig_nents`.
    pub(crate) fn orig_nents(&self) -> usize {
        self.raw.orig_nents()
    }

    /// Returns an iterator over the numbers of bytes of the entries.
    ///
    /// C field: `scatterlist.length`.
    pub(crate) fn lengths(&self) -> impl Iterator<Item = usize> + '_ {
        self.raw.iter().map(|entry| entry.len())
    }

    /// Frees the table, and returns the memory.
    ///
    /// C function: `sg_free_table()`.
    pub(crate) fn into_memory(self) -> M {
        self.memory
    }
}

/// Builder of a [`SgTable`] with shorter entries than the device requires.
///
/// An IOMMU may merge entries, so a segment may be longer than the longest entry. Limits of the
/// device's segments belong into [`Limits`](crate::dma::Limits).
///
/// # Examples
///
/// An entry for each page of a buffer:
///
/// ```
/// # let buffer = Buffer::zeroed(64 << 10, GFP_KERNEL)?;
/// let table = SgTableBuilder::new(dev, Contiguous(buffer))
///     .split_at_pages()
///     .build(GFP_KERNEL)?;
/// ```
#[must_use = "there is no table before it is built"]
pub(crate) struct SgTableBuilder<'dev, M: SgMemory> {
    dev: &'dev DmaDevice,
    memory: M,
    max_segment: usize,
    boundary_mask: u64,
}

impl<'dev, M: SgMemory> SgTableBuilder<'dev, M> {
    /// Returns a builder for a table of `memory` for `dev`.
    pub(crate) fn new(dev: &'dev DmaDevice, memory: M) -> Self {
        Self {
            dev,
            memory,
            max_segment: dev.max_segment().min(dev.max_mapping_size()),
            // CAST: `c_ulong` has at most 64 bits.
            boundary_mask: dev.boundary_mask() as u64,
        }
    }

    /// Limits entries to `len` bytes; 0 means 1. A `len` of at least a page is rounded down to
    /// whole pages, and one of at least a cache line to whole cache lines.
    pub(crate) fn max_segment(mut self, len: usize) -> Self {
        self.max_segment = self.max_segment.min(len.max(1));
        self
    }

    /// Limits each entry to one page.
    pub(crate) fn split_at_pages(mut self) -> Self {
        // CAST: As above.
        self.boundary_mask &= PAGE_SIZE as u64 - 1;
        self
    }

    /// Makes the table. Allocates with `flags`.
    ///
    /// # Errors
    ///
    /// Those of [`SgTable::new`].
    pub(crate) fn build(mut self, flags: Flags) -> Result<SgTable<'dev, M>, MapError<M>> {
        match self.build_raw(flags) {
            // INVARIANT: `build_raw` made it of this memory for this device.
            Ok(raw) => Ok(SgTable {
                dev: self.dev,
                raw,
                memory: self.memory,
            }),
            Err(failure) => Err(MapError {
                failure,
                memory: self.memory,
            }),
        }
    }

    fn build_raw(&mut self, flags: Flags) -> Result<RawTable, MapFailure> {
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

        // Most pieces become one entry each. So this allocates a table for that number, counts
        // entries while it sets them, and starts again with their number if it differs.
        let mut count = self.memory.pieces().size_hint().0.max(1);

        loop {
            let mut table = RawTable::new(count, len, flags);
            let found = self.set_entries(table.as_mut().ok())?;

            if found == count {
                return table;
            }
            count = found;
        }
    }

    /// Sets the entries of `table`, up to its end. Returns the number of all entries.
    // Not inlined, so that the loop can use all registers.
    #[inline(never)]
    fn set_entries(&mut self, mut table: Option<&mut RawTable>) -> Result<usize, MapFailure> {
        let line = self.dev.cache_alignment();
        // CAST: `usize` has at least 32 bits where this is built.
        let max_segment = self.max_segment.min(c_uint::MAX as usize);
        let limits = EntryLimits::new(max_segment, self.boundary_mask, [PAGE_SIZE, line]);
        // CAST: `usize` has at most 64 bits.
        let cuts_lines = max_segment < line || self.boundary_mask < line as u64 - 1;
        let entries = match &mut table {
            // SAFETY: Extents must be in memory that has pages: they are in the linear map, as
            // `SgMemory` requires and `to_phys` finds. Their lengths must fit into 32 bits: by
            // `max_segment`.
            Some(table) => unsafe { table.entries_to_set() },
            None => EntriesToSet::none(),
        };
        let mut builder = EntryBuilder::new(limits, entries);
        let mut cache_lines = CacheLines::Owned;

        for (location, len) in self.memory.pieces() {
            if len == 0 {
                continue;
            }
            // SAFETY: A page must exist: `SgMemory` requires it.
            let start = unsafe { location.to_phys(len)? };
            let piece = Extent { start, len };

            // The CPU accesses an entry as one slice. If addresses have tags, those of two
            // allocations differ, so an entry has one piece only.
            if cfg!(any(CONFIG_KASAN_SW_TAGS, CONFIG_KASAN_HW_TAGS)) {
                builder.flush();
            }
            if !cuts_lines && owns_cache_lines(location, piece) {
                builder.push(piece, location);
            } else {
                push_alone(&mut builder, piece, location, line, &mut cache_lines);
            }
        }

        let (_, entries) = builder.finish();
        let count = entries.count();

        if let Some(table) = table {
            table.set_cache_lines(cache_lines);
        }
        Ok(count)
    }
}

/// Adds `piece` without joining it with others.
///
/// The kernel bounces `kmalloc()` memory by the length of an entry, so a joined piece might not be
/// bounced. For a whole piece, [`SgMemory::check`] decides whether it may be mapped. If the piece
/// is cut, each part that shares a cache line, of `line` bytes, must be bounced, because the CPU
/// writes back whole lines. `cache_lines` becomes `Split` if the kernel would not bounce such a
/// part.
#[cold]
#[inline(never)]
fn push_alone<S: Sink>(
    builder: &mut EntryBuilder<S>,
    piece: Extent,
    origin: S::Origin,
    line: usize,
    cache_lines: &mut CacheLines,
) {
    let (limits, entries) = builder.finish();
    let mut parts = EntryBuilder::new(
        limits,
        Parts {
            entries,
            piece,
            line,
            begun: piece.start,
            is_split: false,
        },
    );

    parts.push(piece, origin);

    let (_, parts) = parts.finish();

    if parts.is_split {
        *cache_lines = CacheLines::Split;
    }
    *builder = EntryBuilder::new(limits, parts.entries);
}

/// Sink for the parts of one piece.
#[derive(Clone, Copy)]
struct Parts<S> {
    entries: S,
    piece: Extent,
    line: usize,
    /// Physical address of the last part that has begun.
    begun: u64,
    /// True if a part shares a cache line, and the kernel would not bounce it.
    is_split: bool,
}

impl<S: Sink> Sink for Parts<S> {
    type Origin = S::Origin;

    fn begin(&mut self, start: u64, origin: Option<S::Origin>) {
        self.begun = start;
        self.entries.begin(start, origin);
    }

    fn end(&mut self, len: usize) {
        let part = Extent {
            start: self.begun,
            len,
        };

        self.is_split |=
            part != self.piece && !is_whole_lines(part, self.line) && !is_bounced(part);
        self.entries.end(len);
    }
}

/// Returns true if `piece`, which is at `location`, shares no cache line with other data.
///
/// A page has one owner; other memory may come from `kmalloc()`.
fn owns_cache_lines(location: Location, piece: Extent) -> bool {
    match location {
        Location::Page { .. } => true,
        // SAFETY: The function accepts any address and length.
        Location::Linear(_) => unsafe { c::rk3588_dma_owns_lines(piece.start, piece.len) },
    }
}

/// Returns true if `part` begins and ends at a multiple of a cache line, of `line` bytes.
fn is_whole_lines(part: Extent, line: usize) -> bool {
    // CAST: `usize` has at most 64 bits.
    part.start % line as u64 == 0 && part.len % line == 0
}

/// Returns true if the kernel bounces `part` for its length if a device writes it.
fn is_bounced(part: Extent) -> bool {
    // SAFETY: The function accepts any length.
    unsafe { c::rk3588_dma_bounces_len(part.len) }
}

#[cfg(kunit_fixture)]
mod refused;
#[cfg(kunit_fixture)]
mod tests;
