// SPDX-License-Identifier: GPL-2.0

//! Mappings whose bytes belong to the CPU: no more is synced than what is used.

use core::{
    ops::{
        Deref,
        DerefMut, //
    },
    slice, //
};

use kernel::prelude::*;

use super::{
    raw::CpuSync,
    DeviceReads,
    Direction,
    DmaDevice,
    MapError,
    Mapping,
    Memory, //
};

/// A mapping whose bytes belong to the CPU.
///
/// It is made without a sync (`DMA_ATTR_SKIP_CPU_SYNC`), and the device may not use it: there is no
/// `submit`. The CPU reads the bytes and, where the device reads them, writes them, as if they were
/// not mapped. [`hand_over`](Self::hand_over) makes a [`Mapping`] of the first bytes, and syncs these;
/// [`Mapping::take_back`] is the way back.
///
/// For long buffers that stay mapped and of which a few bytes are used at a time. It saves an
/// instruction for each cache line that is not handed over, at every turn, and costs a call more: for
/// a buffer that is used whole, [`Mapping::new`] is cheaper.
///
/// # Examples
///
/// ```ignore
/// let mut frame = Mapping::<_, ToDevice>::new_for_cpu(dev, Buffer::zeroed(64 << 10)?)?;
///
/// for packet in packets {
///     frame[..packet.len()].copy_from_slice(packet);
///
///     let mapping = frame.hand_over(packet.len()).map_err(|_| EINVAL)?;   // syncs that much
///
///     frame = engine.send(mapping)?.take_back();
/// }
/// ```
#[must_use = "a mapping that is dropped is unmapped"]
pub(crate) struct CpuOwned<'dev, M: Memory, D: Direction> {
    /// Not to be submitted as it is: what the CPU wrote has not been handed over.
    mapping: Mapping<'dev, M, D>,
}

impl<'dev, M: Memory, D: Direction> Mapping<'dev, M, D> {
    /// Maps `memory`, and leaves it to the CPU. Does not sleep.
    ///
    /// C functions: `dma_map_single_attrs()` or `dma_map_page_attrs()` with
    /// `DMA_ATTR_SKIP_CPU_SYNC`, and `dma_mapping_error()`.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    #[inline(always)]
    pub(crate) fn new_for_cpu(
        dev: &'dev DmaDevice,
        memory: M,
    ) -> Result<CpuOwned<'dev, M, D>, MapError<M>> {
        // SAFETY: The result does not let the device have the bytes before `hand_over` syncs them.
        let mapping = unsafe { Self::with_sync(dev, memory, CpuSync::Skip)? };

        Ok(CpuOwned { mapping })
    }

    /// Gives the bytes back to the CPU, and leaves them mapped.
    ///
    /// C function: `dma_sync_single_for_cpu()`, for what was handed over, unless the direction is
    /// [`ToDevice`](super::ToDevice).
    #[inline]
    pub(crate) fn take_back(mut self) -> CpuOwned<'dev, M, D> {
        let len = self.len();

        self.sync_for_cpu(&(0..len));
        self.len = self.memory.len();
        CpuOwned { mapping: self }
    }
}

impl<'dev, M: Memory, D: Direction> CpuOwned<'dev, M, D> {
    /// Hands the first `len` bytes to the device; the result is that long.
    ///
    /// C function: `dma_sync_single_range_for_device()`.
    ///
    /// # Errors
    ///
    /// The value itself, if it does not have `len` bytes, or `len` is 0.
    #[inline]
    pub(crate) fn hand_over(self, len: usize) -> Result<Mapping<'dev, M, D>, Self> {
        let Self { mut mapping } = self;

        if len == 0 || len > mapping.len {
            return Err(Self { mapping });
        }
        mapping.is_part = true;
        mapping.len = len;
        // SAFETY: The bytes are inside the memory, and so inside the mapping.
        unsafe { mapping.raw.sync_for_device(0..len) };
        Ok(mapping)
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

impl<M: Memory, D: Direction> Deref for CpuOwned<'_, M, D> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        let Mapping { memory, len, .. } = &self.mapping;

        // SAFETY: By the contract of `Memory` these bytes are initialized and reached by nobody but
        // through the value. No device uses them: a mapping in flight is inside an `InFlight`.
        unsafe { slice::from_raw_parts(memory.as_ptr().as_ptr(), *len) }
    }
}

impl<M: Memory, D: DeviceReads> DerefMut for CpuOwned<'_, M, D> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        let Mapping { memory, len, .. } = &mut self.mapping;

        // SAFETY: As in `deref`, and `&mut self` excludes everybody else.
        unsafe { slice::from_raw_parts_mut(memory.as_mut_ptr().as_ptr(), *len) }
    }
}

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
    fn what_is_handed_over_reaches_the_device_each_time() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut owned = Mapping::<_, ToDevice>::new_for_cpu(dev, Buffer::zeroed(4096)?)?;

        for round in 1..4 {
            owned[..100].fill(round);

            let Ok(mapping) = owned.hand_over(100) else {
                return Err(EINVAL);
            };

            assert_eq!(mapping.len(), 100);
            owned = fixture::run(dev, mapping, |hardware| {
                assert_eq!(hardware.read(98), [round, round]);
            })?
            .take_back();
            assert_eq!(owned.len(), 4096);
        }
        assert_eq!(dev.statistics().snapshot().syncs_for_device, 3);
        assert_eq!(dev.statistics().snapshot().syncs_for_cpu, 0);
        Ok(())
    }

    #[test]
    fn what_is_taken_back_is_what_the_device_wrote_each_time() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut owned = Mapping::<_, FromDevice>::new_for_cpu(dev, Buffer::zeroed(4096)?)?;

        for round in 1..4 {
            let Ok(mapping) = owned.hand_over(100) else {
                return Err(EINVAL);
            };

            owned = fixture::run(dev, mapping, |hardware| hardware.write(0, &[round; 100]))?
                .take_back();
            assert!(owned[..100].iter().all(|&byte| byte == round));
            assert_eq!(owned[100], 0);
        }
        Ok(())
    }

    /// What the CPU has not handed over stays as it is, also where the memory is unmapped from the
    /// state in which the device has it.
    #[test]
    fn what_is_not_handed_over_stays() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut owned = Mapping::<_, Bidirectional>::new_for_cpu(dev, Buffer::zeroed(4096)?)?;

        owned.fill(0x11);

        let Ok(mapping) = owned.hand_over(64) else {
            return Err(EINVAL);
        };
        let buffer = fixture::run(dev, mapping, |hardware| {
            assert_eq!(hardware.read(62), [0x11; 2]);
            hardware.write(0, &[0x22; 64]);
        })?
        .unmap();

        assert!(buffer[..64].iter().all(|&byte| byte == 0x22));
        assert!(buffer[64..].iter().all(|&byte| byte == 0x11));
        assert_eq!(dev.statistics().snapshot().live, 0);
        Ok(())
    }

    #[test]
    fn bytes_that_are_not_there_are_not_handed_over() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut owned = Mapping::<_, ToDevice>::new_for_cpu(dev, Buffer::zeroed(100)?)?;

        for len in [0, 101, usize::MAX] {
            owned = match owned.hand_over(len) {
                Ok(_) => return Err(EINVAL),
                Err(owned) => owned,
            };
        }
        assert_eq!(dev.statistics().snapshot().syncs_for_device, 0);
        assert!(owned.hand_over(100).is_ok());
        Ok(())
    }

    #[test]
    fn unmapped_by_the_cpu_it_is_as_the_cpu_left_it() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut owned = Mapping::<_, Bidirectional>::new_for_cpu(dev, Buffer::zeroed(64)?)?;

        owned.fill(7);
        assert!(owned.unmap().iter().all(|&byte| byte == 7));
        assert_eq!(dev.statistics().snapshot().live, 0);
        Ok(())
    }

    #[test]
    fn nothing_is_not_mapped() -> Result {
        let device = TestDevice::new()?;
        let result = Mapping::<_, ToDevice>::new_for_cpu(device.dma()?, KVec::<u8>::new());

        assert!(result.is_err_and(|error| error.failure == MapFailure::Empty));
        Ok(())
    }
}
