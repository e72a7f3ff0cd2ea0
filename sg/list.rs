// SPDX-License-Identifier: GPL-2.0

//! Mapped tables.
//!
//! C functions: `dma_map_sgtable()`, `dma_unmap_sgtable()`, which call `dma_map_sg()` and
//! `dma_unmap_sg()` with the right number of entries.

use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::Range,
    ptr, //
};

use kernel::{
    bindings,
    fmt,
    prelude::*, //
};

use super::{
    raw::{
        CacheLines,
        RawSegments,
        RawTable, //
    },
    SgMemory,
    SgTable, //
};
use crate::{
    dma::{
        as_raw,
        Direction,
        DmaDevice,
        MapError,
        MapFailure,
        Mapped,
        MappedMemory,
        Submitted, //
    }, //
};

/// Attribute: no cache maintenance, and no copy to or from bounce buffers.
const SKIP_CPU_SYNC: c_ulong = bindings::DMA_ATTR_SKIP_CPU_SYNC as c_ulong;

impl<'dev, M: SgMemory> SgTable<'dev, M> {
    /// Maps the memory for the device, as [`Mapping::new`](crate::dma::Mapping::new) does.
    ///
    /// C function: `dma_map_sgtable()`.
    ///
    /// # Errors
    ///
    /// - [`MapFailure::SharesCacheLine`] as for a mapping; or if memory of `kmalloc()` was cut
    ///   within a cache line, and the kernel would not bounce an entry that shares the line;
    /// - [`MapFailure::MappingFailed`] if the kernel could not map;
    /// - [`MapFailure::CrossesBoundary`] if a segment crosses a boundary in bus addresses, which
    ///   the entries do not cross in physical addresses.
    ///
    /// The error contains the table, of which nothing is mapped.
    // Inlined, because otherwise each call copies the table twice.
    #[inline(always)]
    pub(crate) fn map<D: Direction>(self) -> Result<MappedSgTable<'dev, M, D>, MapError<Self>> {
        if let Err(failure) = self.check(D::DEVICE_MAY_WRITE) {
            return Err(MapError {
                failure,
                memory: self,
            });
        }

        let Self { dev, raw, memory } = self;

        // SAFETY: The memory of the entries must fulfil `SgMemory`, and be accessed only through
        // the result: by the invariants of `SgTable` it is `memory`, which this function owns.
        match unsafe { RawList::new(dev, raw) } {
            Ok(raw) => Ok(MappedSgTable { raw, memory }),
            Err((failure, raw)) => Err(MapError {
                failure,
                memory: Self { dev, raw, memory },
            }),
        }
    }

    fn check(&self, device_may_write: bool) -> Result<(), MapFailure> {
        self.memory.check(device_may_write)?;
        match self.raw.cache_lines() {
            CacheLines::Split if device_may_write => Err(MapFailure::SharesCacheLine),
            _ => Ok(()),
        }
    }
}

/// [`SgTable`] of memory `M` that is mapped for a device, in direction `D`.
///
/// As with a [`Mapping`](crate::dma::Mapping), the device owns the memory, but does not use it
/// before the list is submitted. The CPU accesses the bytes by [`for_cpu`](Self::for_cpu) and
/// [`for_cpu_mut`](Self::for_cpu_mut). [`unmap`](Self::unmap) returns the table. Dropping the list
/// unmaps the memory without a sync, and frees it.
///
/// C has two counts, and each function requires the right one: [`orig_nents`](Self::orig_nents)
/// entries for unmapping and syncs, and [`nents`](Self::nents) segments for the device, fewer if an
/// IOMMU has merged entries. Here no function takes a count. Segments have addresses only in
/// flight, see [`InFlight::segments`](crate::dma::InFlight::segments).
///
/// # Examples
///
/// ```
/// # let mut pages = KVec::new();
/// # pages.push(PageBuffer::zeroed(GFP_KERNEL)?, GFP_KERNEL)?;
/// let list = SgTable::new(dev, pages, GFP_KERNEL)?.map::<FromDevice>()?;
/// let mut list = engine.receive(list)?;
/// let mut checksum = 0;
///
/// for bytes in list.for_cpu(..1500)?.iter() {         // syncs 1500 bytes, in any pages
///     checksum += bytes.iter().map(|&byte| u32::from(byte)).sum::<u32>();
/// }
/// let pages = list.unmap().into_memory();
/// ```
#[must_use = "a list that is dropped is unmapped"]
pub(crate) struct MappedSgTable<'dev, M: SgMemory, D: Direction> {
    /// Before `memory`, because fields are dropped in order: the memory is unmapped, then freed.
    pub(super) raw: RawList<'dev, D>,
    memory: M,
}

impl<'dev, M: SgMemory, D: Direction> MappedSgTable<'dev, M, D> {
    /// Returns the number of bytes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.raw.table.len()
    }

    /// Returns the number of entries of its table.
    ///
    /// C field: `sg_table.orig_nents`.
    pub(crate) fn orig_nents(&self) -> usize {
        self.raw.table.orig_nents()
    }

    /// Returns the number of segments for the device.
    ///
    /// C field: `sg_table.nents`.
    pub(crate) fn nents(&self) -> usize {
        self.raw.table.nents()
    }

    /// Unmaps the memory with a sync, and returns the table, which can be mapped again in any
    /// direction.
    ///
    /// C function: `dma_unmap_sgtable()`.
    #[inline(always)]
    pub(crate) fn unmap(self) -> SgTable<'dev, M> {
        let Self { raw, memory } = self;

        // INVARIANT: `map` took the table and its memory from one `SgTable`.
        SgTable {
            dev: raw.dev,
            raw: raw.unmap(),
            memory,
        }
    }

    /// Returns the segments as text, for logs: `address+length` of each, separated by spaces.
    ///
    /// An address in a text does not keep its mapping: only
    /// [`InFlight::segments`](crate::dma::InFlight::segments) returns those for a device.
    pub(crate) fn display_segments(&self) -> impl fmt::Display + '_ {
        Shown(self.raw.table.mapped())
    }
}

// SAFETY: By the type invariant of `RawList`, the memory is mapped until it is dropped; `unmap`
// consumes the value.
unsafe impl<M: SgMemory, D: Direction> Mapped for MappedSgTable<'_, M, D> {
    fn is_mapped_for(&self, dev: &DmaDevice) -> bool {
        ptr::eq(self.raw.dev, dev)
    }

    fn warn_leaked(&self) {
        dev_warn!(
            self.raw.dev.as_device(),
            "{} bytes in {} DMA segments are leaked: the device may still use them\n",
            self.len(),
            self.nents()
        );
    }
}

// SAFETY: The segments are those of the mapped table, `len` bytes in `nents` segments. They do not
// overlap, because pieces of `SgMemory` do not. Other methods return addresses as text only.
unsafe impl<M: SgMemory, D: Direction> MappedMemory for MappedSgTable<'_, M, D> {
    type Direction = D;
    type Segments<'a>
        = RawSegments<'a>
    where
        Self: 'a;

    fn len(&self) -> usize {
        self.raw.table.len()
    }

    fn nents(&self) -> usize {
        self.raw.table.nents()
    }

    fn segments(&self, _: &Submitted) -> Self::Segments<'_> {
        self.raw.table.mapped()
    }
}

/// Segments as text.
struct Shown<'a>(RawSegments<'a>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";

        for segment in self.0.clone() {
            f.write_fmt(fmt!("{separator}{segment}"))?;
            separator = " ";
        }
        Ok(())
    }
}

/// A mapped table without its memory.
///
/// Dropped, it is unmapped without a sync: what the device wrote is not wanted.
///
/// # Invariants
///
/// `dma_map_sgtable()` has mapped `table` for `dev` in direction `D`, and it was not unmapped.
pub(super) struct RawList<'dev, D: Direction> {
    pub(super) dev: &'dev DmaDevice,
    pub(super) table: RawTable,
    direction: PhantomData<D>,
}

impl<'dev, D: Direction> RawList<'dev, D> {
    /// Maps `table`, or returns it with the failure.
    ///
    /// # Safety
    ///
    /// [`SgMemory`] holds for the memory of the entries. Until the result is gone, the memory is
    /// accessed only through it.
    #[inline(always)]
    unsafe fn new(
        dev: &'dev DmaDevice,
        mut table: RawTable,
    ) -> Result<Self, (MapFailure, RawTable)> {
        // SAFETY: `DmaDevice` is bound and has a mask. The caller guarantees that the memory may be
        // mapped. An unmapped table was passed.
        let mapped = unsafe { table.map(as_raw(dev.as_device()), D::DATA_DIRECTION.into()) };

        if let Err(error) = mapped {
            return Err((MapFailure::MappingFailed(error), table));
        }

        // INVARIANT: Mapped above.
        let this = Self {
            dev,
            table,
            direction: PhantomData,
        };

        match this.expect_within_boundary() {
            Ok(()) => Ok(this),
            Err(failure) => Err((failure, this.end(SKIP_CPU_SYNC))),
        }
    }

    /// C function: `dma_unmap_sgtable()`.
    #[inline(always)]
    fn unmap(self) -> RawTable {
        self.end(0)
    }

    /// Unmaps the table and returns it.
    #[inline(always)]
    fn end(self, attributes: c_ulong) -> RawTable {
        let this = ManuallyDrop::new(self);

        // SAFETY: The table is mapped by the type invariant, and must be unmapped once and read
        // once: `this` is neither dropped nor used afterwards.
        unsafe {
            this.unmap_with(attributes);
            ptr::read(&this.table)
        }
    }

    /// Syncs the bytes of `range` for the CPU.
    ///
    /// C function: `dma_sync_single_for_cpu()`, for each part that is contiguous in memory and for
    /// the device. `dma_sync_sg_for_cpu()` syncs whole lists only.
    ///
    /// # Safety
    ///
    /// `range` is inside the list. There are no references to these bytes of the memory.
    #[inline(always)]
    pub(super) unsafe fn sync_for_cpu(&self, range: Range<usize>) {
        self.table.for_each_part(range, |address, len| {
            // SAFETY: Requires a part of a mapping of the device in direction `D`, contiguous in
            // memory: by the type invariant this is one. The caller guarantees that there are no
            // references.
            unsafe { crate::dma::sync_for_cpu::<D>(self.dev, address, len) }
        });
    }

    /// Syncs the bytes of `range`, which is inside the list, for the device.
    ///
    /// C function: `dma_sync_single_for_device()`, for each part as in
    /// [`sync_for_cpu`](Self::sync_for_cpu).
    #[inline(always)]
    pub(super) fn sync_for_device(&self, range: Range<usize>) {
        self.table.for_each_part(range, |address, len| {
            // SAFETY: As in `sync_for_cpu`.
            unsafe { crate::dma::sync_for_device::<D>(self.dev, address, len) }
        });
    }

    fn expect_within_boundary(&self) -> Result<(), MapFailure> {
        let mask = self.dev.boundary_mask();

        if mask == c_ulong::MAX {
            return Ok(());
        }
        // CAST: `c_ulong` has at most 64 bits.
        match self
            .table
            .mapped()
            .all(|segment| segment.is_within(mask as u64))
        {
            true => Ok(()),
            false => Err(MapFailure::CrossesBoundary { mask }),
        }
    }

    /// # Safety
    ///
    /// The table is neither used as a mapped one nor unmapped afterwards.
    #[inline(always)]
    unsafe fn unmap_with(&self, attributes: c_ulong) {
        let dev = as_raw(self.dev.as_device());

        // SAFETY: By the type invariant `map` has mapped the table with these arguments. It was not
        // unmapped, and the caller guarantees that it will not be again.
        unsafe { self.table.unmap(dev, D::DATA_DIRECTION.into(), attributes) };
    }
}

impl<D: Direction> Drop for RawList<'_, D> {
    fn drop(&mut self) {
        // SAFETY: A value is dropped once, and not used afterwards.
        unsafe { self.unmap_with(SKIP_CPU_SYNC) };
    }
}

#[cfg(kunit_fixture)]
mod refused;
#[cfg(kunit_fixture)]
mod tests;
