// SPDX-License-Identifier: GPL-2.0

//! Mappings of one, physically contiguous piece of memory.
//!
//! C functions: `dma_map_single()`, `dma_map_page()`, `dma_mapping_error()`, `dma_unmap_single()`,
//! `dma_unmap_page()`.

use kernel::prelude::*;

use super::{
    raw::{
        RawMapping,
        Sync, //
    },
    Direction,
    DmaDevice,
    InFlight,
    MapError,
    Memory, //
};

/// Memory `M` that is mapped for a device, in direction `D`, until it is dropped.
///
/// The memory belongs to the device, which does not use it yet. The CPU reaches the bytes
///
/// - through [`cpu`](Self::cpu), [`cpu_mut`](Self::cpu_mut), [`view`](Self::view) and
///   [`view_mut`](Self::view_mut), one at a time, while it stays mapped;
/// - by [`unmap`](Self::unmap), which gives the memory back.
///
/// Dropped, it is unmapped and then the memory freed. What the device wrote is not wanted then, so
/// the cache work, or the copy out of a bounce buffer, is saved (`DMA_ATTR_SKIP_CPU_SYNC`).
///
/// # Examples
///
/// ```ignore
/// let mut mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(4096)?)?;
///
/// for _ in 0..packets {
///     mapping = engine.receive(mapping)?;
///     take_header(&mapping.cpu(..64)?);       // syncs 64 bytes
/// }
/// let buffer = mapping.unmap();               // syncs them all
/// ```
#[must_use = "a mapping that is dropped is unmapped"]
pub(crate) struct Mapping<'dev, M: Memory, D: Direction> {
    /// Above the memory: it is unmapped before that is freed.
    pub(super) raw: RawMapping<'dev, D>,
    pub(super) memory: M,
}

impl<'dev, M: Memory, D: Direction> Mapping<'dev, M, D> {
    /// Hands `memory` to the device: writes back or discards the CPU's cache lines of it, or copies
    /// it to where the device can reach it. Does not sleep.
    ///
    /// C functions: `dma_map_single()`, or `dma_map_page()` where the memory is a page, and
    /// `dma_mapping_error()`.
    ///
    /// # Errors
    ///
    /// All of [`MapFailure`](super::MapFailure). The memory comes back in the error.
    #[inline]
    pub(crate) fn new(dev: &'dev DmaDevice, memory: M) -> Result<Self, MapError<M>> {
        // SAFETY: With a sync nothing is asked for.
        unsafe { Self::with_sync(dev, memory, Sync::Whole) }
    }

    /// # Safety
    ///
    /// With [`Sync::Skip`], the CPU has not changed the memory since it was last handed to a device.
    #[inline]
    pub(super) unsafe fn with_sync(
        dev: &'dev DmaDevice,
        mut memory: M,
        sync: Sync,
    ) -> Result<Self, MapError<M>> {
        let location = memory.location();
        let len = memory.padded_len();

        // SAFETY: By the contract of `Memory`; we own the memory, and nothing here reaches it before
        // `raw` is gone but through `raw`. The caller's promise for `sync`.
        match unsafe { RawMapping::new(dev, location, len, sync) } {
            Ok(raw) => Ok(Self { raw, memory }),
            Err(failure) => Err(MapError { failure, memory }),
        }
    }

    /// The length in bytes of what the CPU and an engine may use.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.memory.len()
    }

    /// Whether the mapping was made for `dev`.
    pub(crate) fn is_for(&self, dev: &DmaDevice) -> bool {
        self.raw.is_for(dev)
    }

    /// Takes the memory back from the device, so that the CPU sees what the device wrote.
    ///
    /// C functions: `dma_unmap_single()`, `dma_unmap_page()`.
    #[inline]
    pub(crate) fn unmap(self) -> M {
        let Self { raw, memory } = self;

        raw.unmap();
        memory
    }

    /// Lends the mapping to the device, which may use it from now on.
    #[inline]
    pub(crate) fn submit(self) -> InFlight<'dev, M, D> {
        InFlight::new(self)
    }
}
