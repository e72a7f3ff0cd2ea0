// SPDX-License-Identifier: GPL-2.0

//! Mappings of physically contiguous memory.
//!
//! C functions: `dma_map_single()`, `dma_map_page()`, `dma_mapping_error()`, `dma_unmap_single()`,
//! `dma_unmap_page()`.

use core::{
    mem::size_of,
    option, //
};

use kernel::{
    device::Device,
    prelude::*, //
};

use super::{
    as_raw,
    raw::{
        CpuSync,
        RawMapping, //
    },
    Buffer,
    Direction,
    DmaDevice,
    FromDevice,
    MapError,
    Mapped,
    MappedMemory,
    Memory,
    RawSegment,
    Submitted, //
};

/// Memory `M` that is mapped for a device, in direction `D`.
///
/// The device owns the memory, but does not use it before the mapping is submitted. The CPU
/// accesses the bytes
///
/// - by [`for_cpu`](Self::for_cpu), [`for_cpu_mut`](Self::for_cpu_mut),
///   [`for_cpu_as`](Self::for_cpu_as) and [`for_cpu_as_mut`](Self::for_cpu_as_mut), one at a time,
///   while the memory stays mapped;
/// - by [`unmap`](Self::unmap), which returns the memory.
///
/// Dropping the mapping unmaps the memory, then frees it. This skips the cache maintenance and the
/// copy from a bounce buffer (`DMA_ATTR_SKIP_CPU_SYNC`), because the memory is not read afterwards.
///
/// [`new_unsynced`](Self::new_unsynced) maps memory that the CPU still owns: see
/// [`CpuOwned`](super::CpuOwned).
///
/// # Examples
///
/// ```
/// # let packets = 4;
/// # let parse = |header: &[u8]| header.len();
/// let mut mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(4096, GFP_KERNEL)?)?;
///
/// for _ in 0..packets {
///     mapping = engine.receive(mapping)?;
///     parse(mapping.for_cpu(..64)?);          // syncs 64 bytes
/// }
/// let buffer = mapping.unmap();               // syncs all bytes
/// ```
#[must_use = "a mapping that is dropped is unmapped"]
pub(crate) struct Mapping<'dev, M: Memory, D: Direction> {
    /// Before `memory`, because fields are dropped in order: the memory is unmapped, then freed.
    pub(super) raw: RawMapping<'dev, D>,
    pub(super) memory: M,
    /// Length of the memory in bytes, without padding.
    pub(super) len: usize,
}

// A mapping is as long as its memory, a device, an address, and two lengths: what other kinds of
// mappings need is not in it.
const _: () = assert!(
    size_of::<Mapping<'_, Buffer, FromDevice>>() == size_of::<Buffer>() + 4 * size_of::<usize>()
);

impl<'dev, M: Memory, D: Direction> Mapping<'dev, M, D> {
    /// Maps `memory` for the device, in any context in which a `spinlock_t` may be taken.
    ///
    /// The kernel cleans or invalidates the cache lines of the memory, or copies it to a bounce
    /// buffer that the device can address.
    ///
    /// C functions: `dma_map_single()`, or `dma_map_page()` if the memory is a page, and
    /// `dma_mapping_error()`.
    ///
    /// # Errors
    ///
    /// - [`MapFailure::Empty`](super::MapFailure::Empty) and
    ///   [`TooLong`](super::MapFailure::TooLong);
    /// - [`MapFailure::SharesCacheLine`](super::MapFailure::SharesCacheLine) and
    ///   [`NotLinear`](super::MapFailure::NotLinear);
    /// - [`MapFailure::CrossesBoundary`](super::MapFailure::CrossesBoundary) and
    ///   [`MappingFailed`](super::MapFailure::MappingFailed).
    ///
    /// The error contains the memory.
    #[inline(always)]
    pub(crate) fn new(dev: &'dev DmaDevice, memory: M) -> Result<Self, MapError<M>> {
        // SAFETY: The requirement applies to `CpuSync::Skip` only.
        unsafe { Self::with_sync(dev, memory, CpuSync::Whole) }
    }

    /// Maps `memory`, with or without a sync.
    ///
    /// # Safety
    ///
    /// With [`CpuSync::Skip`], the device uses only bytes that were synced for it before.
    #[inline(always)]
    pub(super) unsafe fn with_sync(
        dev: &'dev DmaDevice,
        mut memory: M,
        sync: CpuSync,
    ) -> Result<Self, MapError<M>> {
        if let Err(failure) = memory.check(D::DEVICE_MAY_WRITE) {
            return Err(MapError { failure, memory });
        }

        let location = memory.location();
        let (len, padded_len) = (memory.len(), memory.padded_len());

        // SAFETY: Requires
        // - memory that meets the contract of `Memory`: `M` implements it;
        // - that only `raw` accesses it: this function owns it, and `Mapping` accesses it by
        //   methods of `raw`, or after a sync by `raw`;
        // - for `sync`, what the caller guarantees;
        // - `len` to be at most `padded_len`: by the contract of `Memory`.
        match unsafe { RawMapping::new(dev, location, len, padded_len, sync) } {
            Ok(raw) => Ok(Self { raw, memory, len }),
            Err(failure) => Err(MapError { failure, memory }),
        }
    }

    /// Returns the length of the memory in bytes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns true if the memory is mapped for `dev`.
    pub(super) fn is_mapped_on(&self, dev: &Device) -> bool {
        as_raw(dev) == self.raw.dev().as_raw()
    }

    /// Returns the mapping with another lifetime.
    ///
    /// # Safety
    ///
    /// The device is bound, and its [`DmaDevice`] exists, until the result is dropped, unmapped or
    /// given a shorter lifetime.
    pub(super) unsafe fn extend_lifetime(self) -> Mapping<'static, M, D>
    where
        M: 'static,
    {
        let Self { raw, memory, len } = self;

        Mapping {
            // SAFETY: The requirement is that of this function.
            raw: unsafe { raw.extend_lifetime() },
            memory,
            len,
        }
    }

    /// Unmaps the memory with a sync, and returns it.
    ///
    /// C functions: `dma_unmap_single()`, `dma_unmap_page()`.
    #[inline]
    pub(crate) fn unmap(self) -> M {
        let Self { raw, memory, .. } = self;

        raw.unmap();
        memory
    }
}

// SAFETY: By the type invariant of `RawMapping`, the memory is mapped until it is dropped; `unmap`
// consumes the value.
unsafe impl<M: Memory, D: Direction> Mapped for Mapping<'_, M, D> {
    fn is_mapped_for(&self, dev: &DmaDevice) -> bool {
        self.raw.is_mapped_for(dev)
    }

    fn warn_leaked(&self) {
        self.raw.warn_leaked();
    }
}

// SAFETY: The only segment has the address of the mapping and its length, at least 1. No other
// method returns the address.
unsafe impl<M: Memory, D: Direction> MappedMemory for Mapping<'_, M, D> {
    type Direction = D;
    type Segments<'a>
        = option::IntoIter<RawSegment>
    where
        Self: 'a;

    fn len(&self) -> usize {
        self.len
    }

    fn nents(&self) -> usize {
        1
    }

    fn segments(&self, _: &Submitted) -> Self::Segments<'_> {
        Some(RawSegment::new(self.raw.address(), self.len)).into_iter()
    }
}

#[cfg(kunit_fixture)]
mod tests;
