// SPDX-License-Identifier: GPL-2.0

//! Tables: what is to be mapped, in entries that the device can do.
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
use crate::{
    bindings::c,
    dma::{
        DmaDevice,
        Location,
        MapError,
        MapFailure, //
    }, //
};

/// Memory `M` with a table of its pieces, for a device, to be mapped.
///
/// The entries are as few as can be: pieces that follow each other in physical memory are one,
/// unless that were longer than [`Limits::max_segment`](crate::dma::Limits::max_segment), across
/// [`Limits::boundary_mask`](crate::dma::Limits::boundary_mask), or longer than what fits into a
/// bounce buffer ([`DmaDevice::max_mapping_size`]). A [`SgTableBuilder`] makes shorter ones. A
/// table of more entries than a page has room for is chained, as in C.
///
/// Where KASAN has tags in addresses, an entry is of one allocation.
///
/// Memory of `kmalloc()` that may share a cache line with other data is not joined with what is
/// next to it. The kernel bounces such memory when a device writes it, which it tells from the
/// length of the entry.
///
/// # Examples
///
/// ```
/// # let header = Buffer::zeroed(64)?;
/// let payload = VVec::from_elem(0u8, 1 << 20, GFP_KERNEL)?;
/// let table = SgTable::new(dev, (Contiguous(header), payload), GFP_KERNEL)?;
/// let list = table.map::<ToDevice>()?;
/// ```
///
/// # Invariants
///
/// The entries of `raw` are the pieces of `memory`, in their order, as `dev` can do them. There is
/// at least one.
pub(crate) struct SgTable<'dev, M: SgMemory> {
    pub(super) dev: &'dev DmaDevice,
    /// Above the memory that it tells of.
    pub(super) raw: RawTable,
    pub(super) memory: M,
}

impl<'dev, M: SgMemory> SgTable<'dev, M> {
    /// A table of `memory` for `dev`. Allocates with `flags`.
    ///
    /// # Errors
    ///
    /// - [`MapFailure::Empty`] if it has no bytes;
    /// - [`MapFailure::TooLong`] if it has `usize::MAX` bytes, or the device can do no byte at a
    ///   time;
    /// - [`MapFailure::TooManyEntries`] if it takes more than 2³¹ − 1;
    /// - [`MapFailure::NotLinear`] if a piece is not in the linear map;
    /// - [`MapFailure::InvalidFlags`] and [`MapFailure::NoMemory`].
    ///
    /// The memory comes back in the error.
    pub(crate) fn new(dev: &'dev DmaDevice, memory: M, flags: Flags) -> Result<Self, MapError<M>> {
        SgTableBuilder::new(dev, memory).build(flags)
    }

    /// Returns the number of bytes.
    pub(crate) fn len(&self) -> usize {
        self.raw.len()
    }

    /// Returns the number of entries, before it is mapped.
    ///
    /// C field: `sg_table.orig_nents`.
    pub(crate) fn orig_nents(&self) -> usize {
        self.raw.orig_nents()
    }

    /// Returns the number of bytes of each entry, before it is mapped.
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

/// A [`SgTable`] to be.
///
/// It shapes entries. An IOMMU may put several of them together, so that a segment is longer than
/// the longest entry; what a device cannot do in one segment belongs into its
/// [`Limits`](crate::dma::Limits).
///
/// # Examples
///
/// An entry for each page that a buffer touches:
///
/// ```
/// # let buffer = Buffer::zeroed(64 << 10)?;
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
    /// A table of `memory` for `dev`.
    pub(crate) fn new(dev: &'dev DmaDevice, memory: M) -> Self {
        Self {
            dev,
            memory,
            max_segment: dev.max_segment().min(dev.max_mapping_size()),
            // CAST: `c_ulong` has at most 64 bits.
            boundary_mask: dev.boundary_mask() as u64,
        }
    }

    /// No entry longer than `len` bytes, at least 1, even if the device could do that. A `len` of a
    /// page or a cache line and more is rounded down to whole ones.
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
    /// As [`SgTable::new`].
    pub(crate) fn build(mut self, flags: Flags) -> Result<SgTable<'dev, M>, MapError<M>> {
        match self.raw(flags) {
            // INVARIANT: Made of this memory for this device just now.
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

        // Most pieces are an entry each. So entries are set while they are counted, and only if
        // that is another number, a second table is allocated.
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
    // Not inlined, so that the loop has the registers to itself.
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

            // The bytes of an entry are a slice from the address of the first byte on. Where that
            // address has a tag, bytes of another allocation have another one, so an entry is of
            // one piece.
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

/// Adds `piece`, in entries of its own. `cache_lines` becomes `Split` if one of several shares a
/// cache line, of `line` bytes, and the kernel would not bounce it.
///
/// Joined with other pieces it would have another length, and the kernel not bounce it any more.
/// For the whole piece, `check` says whether it may be mapped. Of its parts, all must be bounced
/// that share a line, because a line is written back as a whole.
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

/// Entries that are parts of one piece.
#[derive(Clone, Copy)]
struct Parts<S> {
    entries: S,
    piece: Extent,
    line: usize,
    /// Physical address of the part that began last.
    begun: u64,
    /// True if one of several shares a cache line, and the kernel would not bounce it.
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

/// Returns true if `piece`, which is at `location`, shares no cache line with other data. A page
/// has one owner; memory of the linear map may be of `kmalloc()`.
fn owns_cache_lines(location: Location, piece: Extent) -> bool {
    match location {
        Location::Page { .. } => true,
        // SAFETY: The function takes any address and length.
        Location::Linear(_) => unsafe { c::rk3588_dma_owns_lines(piece.start, piece.len) },
    }
}

/// Returns true if `part` begins and ends with a cache line, of `line` bytes.
fn is_whole_lines(part: Extent, line: usize) -> bool {
    // CAST: `usize` has at most 64 bits.
    part.start % line as u64 == 0 && part.len % line == 0
}

/// Returns true if the kernel bounces `part` for its length if a device writes it.
fn is_bounced(part: Extent) -> bool {
    // SAFETY: The function takes any length.
    unsafe { c::rk3588_dma_bounces_len(part.len) }
}

#[cfg(CONFIG_KUNIT = "y")]
mod refused;
#[cfg(CONFIG_KUNIT = "y")]
mod tests;
