// SPDX-License-Identifier: GPL-2.0

//! Tables that are mapped.
//!
//! C functions: `dma_map_sgtable()`, `dma_unmap_sgtable()`, which are `dma_map_sg()` and
//! `dma_unmap_sg()` with the right counts.

use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::Range,
    ptr, //
};

use kernel::{
    bindings,
    error::to_result,
    fmt,
    prelude::*, //
};

use super::{
    overlay::{
        Overlay,
        Part, //
    },
    raw::{
        Entries,
        RawSegments,
        RawTable, //
    },
    SgMemory,
    SgTable, //
};
use crate::{
    bindings::as_raw,
    dma::{
        Direction,
        DmaDevice,
        MapError,
        MapFailure,
        Mapped,
        MappedMemory,
        Submitted, //
    }, //
};

/// The caches, and bounce buffers, are left as they are.
const SKIP_CPU_SYNC: c_ulong = bindings::DMA_ATTR_SKIP_CPU_SYNC as c_ulong;

impl<'dev, M: SgMemory> SgTable<'dev, M> {
    /// Hands the memory to the device, as [`Mapping::new`](crate::dma::Mapping::new) does with one piece.
    /// Does not sleep.
    ///
    /// C function: `dma_map_sgtable()`.
    ///
    /// # Errors
    ///
    /// - [`MapFailure::SharesCacheLine`] as for a mapping; if short memory of `kmalloc()` had to be cut in a
    ///   cache line that it may share; or if an entry that is shorter than a line is part of one, and would
    ///   not be bounced on a device without coherent caches;
    /// - [`MapFailure::MappingFailed`] if the kernel could not;
    /// - [`MapFailure::CrossesBoundary`] if a segment lies across a boundary in the addresses of the device
    ///   though it does not in physical ones.
    ///
    /// The table comes back in the error, and nothing of it is mapped.
    #[inline]
    pub(crate) fn map<D: Direction>(self) -> Result<MappedSgTable<'dev, M, D>, MapError<Self>> {
        if let Err(failure) = self.check(D::DEVICE_MAY_WRITE) {
            return Err(MapError {
                failure,
                memory: self,
            });
        }

        let Self { dev, raw, memory } = self;

        // SAFETY: By the invariants of `SgTable` it is of `memory`, which we own, and which nobody reaches
        // but through the result. By the contract of `SgMemory` it may be mapped.
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
        match device_may_write && self.raw.splits_cache_line() {
            true => Err(MapFailure::SharesCacheLine),
            false => Ok(()),
        }
    }
}

/// A [`SgTable`] of memory `M` that is mapped for a device, in direction `D`, until it is dropped.
///
/// As with a [`Mapping`](crate::dma::Mapping), the memory belongs to the device, which does not use
/// it yet. The CPU accesses the bytes by [`for_cpu`](Self::for_cpu) and
/// [`for_cpu_mut`](Self::for_cpu_mut), and gets the memory back by [`unmap`](Self::unmap). Dropped,
/// it is unmapped without a sync, and the memory is freed.
///
/// There are two counts, and no function takes one as an argument: [`orig_nents`](Self::orig_nents)
/// of the table, for unmapping and syncs, and [`nents`](Self::nents) of the device, which is smaller
/// where an IOMMU has merged entries. Segments have addresses only in flight, see
/// [`InFlight::segments`](crate::dma::InFlight::segments).
///
/// # Examples
///
/// ```ignore
/// let list = SgTable::new(dev, pages, GFP_KERNEL)?.map::<FromDevice>()?;
/// let mut list = engine.receive(list)?;
///
/// for bytes in list.for_cpu(..1500)?.iter() {         // syncs 1500 bytes, in whatever pages
///     checksum.update(bytes);
/// }
/// let pages = list.unmap().into_memory();
/// ```
#[must_use = "a list that is dropped is unmapped"]
pub(crate) struct MappedSgTable<'dev, M: SgMemory, D: Direction> {
    /// Above the memory: it is unmapped before that is freed.
    pub(super) raw: RawList<'dev, D>,
    memory: M,
}

impl<'dev, M: SgMemory, D: Direction> MappedSgTable<'dev, M, D> {
    /// How many bytes it has.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.raw.table.len()
    }

    /// How many entries its table has.
    ///
    /// C field: `sg_table.orig_nents`.
    pub(crate) fn orig_nents(&self) -> usize {
        self.raw.table.orig_nents()
    }

    /// How many segments the device sees.
    ///
    /// C field: `sg_table.nents`.
    pub(crate) fn nents(&self) -> usize {
        self.raw.table.nents()
    }

    /// Takes the memory back from the device, so that the CPU sees what the device wrote. The table can be
    /// mapped again, in any direction.
    ///
    /// C function: `dma_unmap_sgtable()`.
    #[inline]
    pub(crate) fn unmap(self) -> SgTable<'dev, M> {
        let Self { raw, memory } = self;

        // INVARIANT: It was made of a table of this memory for this device.
        SgTable {
            dev: raw.dev,
            raw: raw.unmap(),
            memory,
        }
    }

    /// Returns the segments as text, `address+length` each, with a space between two.
    ///
    /// To program a device, use [`InFlight::segments`](crate::dma::InFlight::segments).
    pub(crate) fn shown(&self) -> impl fmt::Display + '_ {
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

// SAFETY: The segments are those of the mapped table, which has `len` bytes.
unsafe impl<M: SgMemory, D: Direction> MappedMemory for MappedSgTable<'_, M, D> {
    type Direction = D;
    type Segments<'a>
        = RawSegments<'a>
    where
        Self: 'a;

    fn len(&self) -> usize {
        self.raw.table.len()
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
    /// Maps `table`, or gives it back.
    ///
    /// # Safety
    ///
    /// The memory of its entries is as the contract of [`SgMemory`] wants it, and nobody reaches it but
    /// through the result until that is gone.
    #[inline]
    unsafe fn new(
        dev: &'dev DmaDevice,
        mut table: RawTable,
    ) -> Result<Self, (MapFailure, RawTable)> {
        table.clear_swiotlb_flag();

        // SAFETY: `dev` is bound and has its mask. By the caller's promise the memory may be mapped.
        let result = to_result(unsafe {
            bindings::dma_map_sgtable(
                as_raw(dev.as_device()),
                table.as_ptr(),
                D::DATA_DIRECTION.into(),
                0,
            )
        });

        if result.is_err() || table.nents() == 0 {
            return Err((MapFailure::MappingFailed, table));
        }

        // INVARIANT: Just now.
        let this = Self {
            dev,
            table,
            direction: PhantomData,
        };

        match this.expect_within_boundary() {
            Ok(()) => Ok(this),
            // SAFETY: `this` is neither dropped nor used any more. There is nothing to sync.
            Err(failure) => Err((failure, unsafe {
                ManuallyDrop::new(this).end(SKIP_CPU_SYNC)
            })),
        }
    }

    #[inline]
    fn unmap(self) -> RawTable {
        // SAFETY: `self` is neither dropped nor used any more.
        unsafe { ManuallyDrop::new(self).end(0) }
    }

    /// Shows the CPU what the device wrote into these bytes of it.
    ///
    /// C function: `dma_sync_single_for_cpu()`, for each part: a sync of the whole list is what
    /// `dma_sync_sg_for_cpu()` does.
    ///
    /// # Safety
    ///
    /// There are no references to these bytes of the memory.
    pub(super) unsafe fn sync_for_cpu(&self, range: Range<usize>) {
        for Part { second, len, .. } in self.parts(range) {
            // SAFETY: By the type invariant this is part of a mapping of the device, in this direction, and
            // contiguous in memory, too. The caller's promise.
            unsafe { crate::dma::sync_for_cpu::<D>(self.dev, second.address(), len) };
        }
    }

    /// Shows the device what the CPU wrote into these bytes of it.
    ///
    /// C function: `dma_sync_single_for_device()`, for each part.
    pub(super) fn sync_for_device(&self, range: Range<usize>) {
        for Part { second, len, .. } in self.parts(range) {
            // SAFETY: As in `sync_for_cpu`.
            unsafe { crate::dma::sync_for_device::<D>(self.dev, second.address(), len) };
        }
    }

    /// The parts of `range`, each of which is contiguous for the CPU and for the device.
    #[inline]
    pub(super) fn parts(&self, range: Range<usize>) -> Overlay<Entries<'_>, RawSegments<'_>> {
        let (entries, segments, start) = self.table.seek(range.start);

        Overlay::new(entries, segments, start..start + range.len())
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

    /// Ends the mapping, and gives the table back.
    ///
    /// # Safety
    ///
    /// To be called once, after the last use of the mapping; `self` is not dropped afterwards.
    unsafe fn end(&mut self, attributes: c_ulong) -> RawTable {
        // SAFETY: By the caller's promise.
        unsafe {
            self.unmap_with(attributes);
            ptr::read(&self.table)
        }
    }

    /// # Safety
    ///
    /// To be called once, after the last use of the mapping.
    #[inline]
    unsafe fn unmap_with(&mut self, attributes: c_ulong) {
        // SAFETY: By the type invariant it is mapped, until now by the caller's promise. The table has the
        // number of its entries, which is what the kernel goes by.
        unsafe {
            bindings::dma_unmap_sgtable(
                as_raw(self.dev.as_device()),
                self.table.as_ptr(),
                D::DATA_DIRECTION.into(),
                attributes,
            )
        };
    }
}

impl<D: Direction> Drop for RawList<'_, D> {
    fn drop(&mut self) {
        // SAFETY: A value is dropped once, and not used afterwards.
        unsafe { self.unmap_with(SKIP_CPU_SYNC) };
    }
}

#[cfg(CONFIG_KUNIT = "y")]
mod refused;
#[cfg(CONFIG_KUNIT = "y")]
mod tests;
