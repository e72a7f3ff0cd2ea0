// SPDX-License-Identifier: GPL-2.0

//! Mappings without a sync: only the bytes that the device uses are synced.

use core::{
    ops::{
        Deref,
        DerefMut, //
    },
    option,
    slice, //
};

use kernel::prelude::*;

use super::{
    raw::CpuSync,
    DeviceReads,
    Direction,
    DmaDevice,
    MapError,
    Mapped,
    MappedMemory,
    Mapping,
    Memory,
    RawSegment,
    Submitted, //
};

/// Mapping whose bytes the CPU owns.
///
/// It is made without a sync (`DMA_ATTR_SKIP_CPU_SYNC`), and cannot be submitted. The CPU reads the
/// bytes and, where the device reads them, writes them, as if they were not mapped.
/// [`sync_for_device`](Self::sync_for_device) syncs the first bytes, and returns a [`SyncedPart`]
/// for the device; [`SyncedPart::sync_for_cpu`] returns the mapping.
///
/// For long buffers that stay mapped, of which the device uses a few bytes at a time. Each transfer
/// saves an instruction for each cache line that is not synced, and costs one more call. For a
/// buffer that the device uses whole, [`Mapping::new`] is cheaper.
///
/// # Examples
///
/// ```
/// # let packets: [&[u8]; 2] = [b"ping", b"pong"];
/// let buffer = Buffer::zeroed(64 << 10, GFP_KERNEL)?;
/// let mut frame = Mapping::<_, ToDevice>::new_unsynced(dev, buffer)?;
///
/// for packet in packets {
///     frame[..packet.len()].copy_from_slice(packet);
///
///     let part = frame.sync_for_device(packet.len()).map_err(|_| EINVAL)?;
///
///     frame = engine.send(part)?.sync_for_cpu();
/// }
/// ```
#[must_use = "a mapping that is dropped is unmapped"]
pub(crate) struct CpuOwned<'dev, M: Memory, D: Direction> {
    /// Private, because it must not be submitted: what the CPU wrote is not synced.
    mapping: Mapping<'dev, M, D>,
}

/// First bytes of a [`CpuOwned`] mapping, for the device.
///
/// The CPU still owns the other bytes, but can access them only after
/// [`sync_for_cpu`](Self::sync_for_cpu).
///
/// # Invariants
///
/// The first `len` bytes of `mapping` are synced for the device. `len` is not 0, and at most the
/// length of `mapping`.
#[must_use = "a mapping that is dropped is unmapped"]
pub(crate) struct SyncedPart<'dev, M: Memory, D: Direction> {
    mapping: Mapping<'dev, M, D>,
    len: usize,
}

impl<'dev, M: Memory, D: Direction> Mapping<'dev, M, D> {
    /// Maps `memory` without a sync, so that the CPU still owns it.
    ///
    /// Callable from the contexts of [`Mapping::new`].
    ///
    /// C functions: `dma_map_single_attrs()` or `dma_map_page_attrs()` with
    /// `DMA_ATTR_SKIP_CPU_SYNC`, and `dma_mapping_error()`.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    #[inline(always)]
    pub(crate) fn new_unsynced(
        dev: &'dev DmaDevice,
        memory: M,
    ) -> Result<CpuOwned<'dev, M, D>, MapError<M>> {
        // SAFETY: The device must get no bytes before a sync: `CpuOwned` cannot be submitted, and
        // `SyncedPart` has the synced bytes only.
        let mapping = unsafe { Self::with_sync(dev, memory, CpuSync::Skip)? };

        Ok(CpuOwned { mapping })
    }
}

impl<'dev, M: Memory, D: Direction> CpuOwned<'dev, M, D> {
    /// Syncs the first `len` bytes for the device, and returns this part.
    ///
    /// C function: `dma_sync_single_range_for_device()`.
    ///
    /// # Errors
    ///
    /// The value itself, if `len` is 0 or exceeds the memory.
    #[inline]
    pub(crate) fn sync_for_device(self, len: usize) -> Result<SyncedPart<'dev, M, D>, Self> {
        let Self { mut mapping } = self;

        if len == 0 || len > mapping.len {
            return Err(Self { mapping });
        }
        // SAFETY: The range must be inside the mapping: compared above.
        unsafe { mapping.view().sync_for_device(0..len) };
        // INVARIANT: Synced above.
        Ok(SyncedPart { mapping, len })
    }

    /// Unmaps the memory, without a sync.
    ///
    /// C functions: `dma_unmap_single_attrs()` or `dma_unmap_page_attrs()` with
    /// `DMA_ATTR_SKIP_CPU_SYNC`.
    #[inline]
    pub(crate) fn unmap(self) -> M {
        let Mapping { raw, memory, .. } = self.mapping;

        drop(raw);
        memory
    }
}

impl<'dev, M: Memory, D: Direction> SyncedPart<'dev, M, D> {
    /// Returns the number of synced bytes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Syncs the part for the CPU, and returns the whole mapping.
    ///
    /// C function: `dma_sync_single_for_cpu()`, unless the direction is
    /// [`ToDevice`](super::ToDevice).
    #[inline]
    pub(crate) fn sync_for_cpu(mut self) -> CpuOwned<'dev, M, D> {
        let len = self.len;

        // SAFETY: The range must be inside: by the type invariant. There must be no references:
        // this value gives none.
        unsafe { self.mapping.view().sync_for_cpu(&(0..len)) };
        CpuOwned {
            mapping: self.mapping,
        }
    }

    /// Syncs the part for the CPU, and unmaps the memory.
    ///
    /// C functions: as [`sync_for_cpu`](Self::sync_for_cpu), then those of [`CpuOwned::unmap`].
    #[inline]
    pub(crate) fn unmap(self) -> M {
        self.sync_for_cpu().unmap()
    }
}

// SAFETY: `Mapping` meets the requirement; `sync_for_cpu` and `unmap` consume the value.
unsafe impl<M: Memory, D: Direction> Mapped for SyncedPart<'_, M, D> {
    fn is_mapped_for(&self, dev: &DmaDevice) -> bool {
        self.mapping.is_mapped_for(dev)
    }

    fn warn_leaked(&self) {
        self.mapping.warn_leaked();
    }
}

// SAFETY: The only segment has the first `len` bytes of the mapping, at least 1. No other method
// returns the address.
unsafe impl<M: Memory, D: Direction> MappedMemory for SyncedPart<'_, M, D> {
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
        Some(RawSegment::new(self.mapping.raw.address(), self.len)).into_iter()
    }
}

impl<M: Memory, D: Direction> Deref for CpuOwned<'_, M, D> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        let Mapping { memory, len, .. } = &self.mapping;

        // SAFETY: The bytes must be initialized and have no writer. `Memory` guarantees that they
        // are initialized and only reached through the value. The device does not use them: a
        // mapping in flight is in an `InFlight`.
        unsafe { slice::from_raw_parts(memory.as_ptr().as_ptr(), *len) }
    }
}

impl<M: Memory, D: DeviceReads> DerefMut for CpuOwned<'_, M, D> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        let Mapping { memory, len, .. } = &mut self.mapping;

        // SAFETY: As in `deref`, and `&mut self` excludes all other references.
        unsafe { slice::from_raw_parts_mut(memory.as_mut_ptr().as_ptr(), *len) }
    }
}

#[cfg(kunit_fixture)]
#[kunit_tests(rk3588_dma_owned)]
mod tests {
    use super::*;
    use crate::{
        dma::{
            Bidirectional,
            Buffer,
            FromDevice,
            MapFailure,
            ToDevice, //
        },
        fixture::{
            self,
            TestDevice, //
        }, //
    };

    #[test]
    fn synced_bytes_reach_the_device_each_time() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut owned =
            Mapping::<_, ToDevice>::new_unsynced(dev, Buffer::zeroed(4096, GFP_KERNEL)?)?;

        for round in 1..4 {
            owned[..100].fill(round);

            let Ok(mapping) = owned.sync_for_device(100) else {
                return Err(EINVAL);
            };

            assert_eq!(mapping.len(), 100);
            owned = fixture::run(dev, mapping, |hardware| {
                assert_eq!(hardware.read(98), [round, round]);
            })?
            .sync_for_cpu();
            assert_eq!(owned.len(), 4096);
        }
        assert_eq!(fixture::counters(dev).syncs_for_device, 3);
        assert_eq!(fixture::counters(dev).syncs_for_cpu, 0);
        Ok(())
    }

    #[test]
    fn bytes_synced_for_the_cpu_are_what_the_device_wrote() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut owned =
            Mapping::<_, FromDevice>::new_unsynced(dev, Buffer::zeroed(4096, GFP_KERNEL)?)?;

        for round in 1..4 {
            let Ok(mapping) = owned.sync_for_device(100) else {
                return Err(EINVAL);
            };

            owned = fixture::run(dev, mapping, |hardware| hardware.write(0, &[round; 100]))?
                .sync_for_cpu();
            assert!(owned[..100].iter().all(|&byte| byte == round));
            assert_eq!(owned[100], 0);
        }
        Ok(())
    }

    /// Bytes that were not synced stay as they are, also if the memory is unmapped while the device
    /// owns it.
    #[test]
    fn unsynced_bytes_do_not_change() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut owned =
            Mapping::<_, Bidirectional>::new_unsynced(dev, Buffer::zeroed(4096, GFP_KERNEL)?)?;

        owned.fill(0x11);

        let Ok(mapping) = owned.sync_for_device(64) else {
            return Err(EINVAL);
        };
        let buffer = fixture::run(dev, mapping, |hardware| {
            assert_eq!(hardware.read(62), [0x11; 2]);
            hardware.write(0, &[0x22; 64]);
        })?
        .unmap();

        assert!(buffer[..64].iter().all(|&byte| byte == 0x22));
        assert!(buffer[64..].iter().all(|&byte| byte == 0x11));
        assert_eq!(fixture::counters(dev).live, 0);
        Ok(())
    }

    #[test]
    fn lengths_outside_the_memory_are_rejected() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut owned =
            Mapping::<_, ToDevice>::new_unsynced(dev, Buffer::zeroed(100, GFP_KERNEL)?)?;

        for len in [0, 101, usize::MAX] {
            owned = match owned.sync_for_device(len) {
                Ok(_) => return Err(EINVAL),
                Err(owned) => owned,
            };
        }
        assert_eq!(fixture::counters(dev).syncs_for_device, 0);
        assert!(owned.sync_for_device(100).is_ok());
        Ok(())
    }

    #[test]
    fn unmapped_by_the_cpu_it_is_as_the_cpu_left_it() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut owned =
            Mapping::<_, Bidirectional>::new_unsynced(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

        owned.fill(7);
        assert!(owned.unmap().iter().all(|&byte| byte == 7));
        assert_eq!(fixture::counters(dev).live, 0);
        Ok(())
    }

    #[test]
    fn nothing_is_not_mapped() -> Result {
        let device = TestDevice::new()?;
        let result = Mapping::<_, ToDevice>::new_unsynced(device.dma()?, KVec::<u8>::new());

        assert!(result.is_err_and(|error| error.failure == MapFailure::Empty));
        Ok(())
    }
}
