// SPDX-License-Identifier: GPL-2.0

//! Memory that a device has read and that nobody has changed since.

use core::ops::Deref;

use kernel::prelude::*;

use super::{
    raw::CpuSync,
    DmaDevice,
    MapError,
    Mapping,
    Memory,
    ToDevice, //
};

/// Memory whose bytes are all in main memory: it was mapped [`ToDevice`], and can only be read since.
///
/// Mapped again, for the same device or for another one, it needs no sync (`DMA_ATTR_SKIP_CPU_SYNC`).
/// That saves an instruction for each cache line, or nothing on a device that sees what the CPU sees,
/// and costs the right to change the bytes. A bounce buffer is filled all the same.
///
/// # Examples
///
/// One message to two devices:
///
/// ```ignore
/// let mapping = first.send(Mapping::<_, ToDevice>::new(first_dev, message)?)?;
/// let message = mapping.unmap_clean();
///
/// let mapping = second.send(Mapping::new_clean(second_dev, message)?)?;
/// let message = mapping.unmap();                  // may be changed again
/// ```
///
/// # Invariants
///
/// The CPU has not changed the memory since it was last handed to a device, and no device has written
/// it since.
pub(crate) struct Clean<M>(M);

impl<'dev, M: Memory> Mapping<'dev, M, ToDevice> {
    /// Takes the memory back from the device, to be read only.
    ///
    /// C functions: `dma_unmap_single()`, `dma_unmap_page()`.
    #[inline]
    pub(crate) fn unmap_clean(self) -> Clean<M> {
        // INVARIANT: `new` or `cpu_mut` has handed over what the CPU wrote last; a `ToDevice` mapping
        // is not written by the device.
        Clean(self.unmap())
    }

    /// Hands `clean` to the device, without a sync. Does not sleep.
    ///
    /// C functions: `dma_map_single_attrs()` or `dma_map_page_attrs()` with
    /// `DMA_ATTR_SKIP_CPU_SYNC`, and `dma_mapping_error()`.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    #[inline(always)]
    pub(crate) fn new_clean(
        dev: &'dev DmaDevice,
        clean: Clean<M>,
    ) -> Result<Self, MapError<Clean<M>>> {
        // SAFETY: By the type invariant of `Clean`.
        unsafe { Self::with_sync(dev, clean.0, CpuSync::Skip) }.map_err(|error| MapError {
            failure: error.failure,
            // INVARIANT: It was not mapped, and nobody had it meanwhile.
            memory: Clean(error.memory),
        })
    }
}

impl<M> Clean<M> {
    /// The memory, to be changed; it is handed over by [`Mapping::new`] then.
    pub(crate) fn into_inner(self) -> M {
        self.0
    }
}

impl<M: Memory> Deref for Clean<M> {
    type Target = M;

    fn deref(&self) -> &M {
        // A shared reference is no way to change the memory, by the contract of `Memory`.
        &self.0
    }
}

#[kunit_tests(rk3588_dma_clean)]
mod tests {
    use kernel::dma::DmaMask;

    use super::*;
    use crate::{
        dma::{
            Buffer,
            Limits,
            MapFailure,
            Statistics, //
        },
        fixture::{
            self,
            TestDevice, //
        }, //
    };

    #[test]
    fn clean_memory_reaches_a_second_device() -> Result {
        let (first, second) = (TestDevice::new()?, TestDevice::new()?);
        let (first, second) = (first.dma()?, second.dma()?);
        let mut buffer = Buffer::zeroed(3000)?;

        buffer[2999] = 1;

        let mut mapping = Mapping::<_, ToDevice>::new(first, buffer)?;

        mapping.cpu_mut(..1)?[0] = 2;

        let clean = mapping.unmap_clean();

        assert_eq!(clean[2999], 1);

        let mapping = Mapping::new_clean(second, clean)?;

        assert!(mapping.is_for(second));
        drop(fixture::run(second, mapping, |hardware| {
            assert_eq!(hardware.read(0), [2]);
            assert_eq!(hardware.read(2999), [1]);
        })?);
        assert_eq!(first.statistics().snapshot().live, 0);
        assert_eq!(second.statistics().snapshot().live, 0);
        Ok(())
    }

    #[test]
    fn changed_memory_is_handed_over_anew() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let clean = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(64)?)?.unmap_clean();
        let mut buffer = clean.into_inner();

        buffer.fill(5);
        drop(fixture::run(
            dev,
            Mapping::<_, ToDevice>::new(dev, buffer)?,
            |hardware| {
                assert_eq!(hardware.read(62), [5, 5]);
            },
        )?);
        Ok(())
    }

    #[test]
    fn clean_memory_comes_back_in_the_error() -> Result {
        let (wide, narrow) = (TestDevice::new()?, TestDevice::new()?);
        let limits = Limits {
            max_segment: 4096,
            ..Limits::new(DmaMask::new::<32>())
        };
        let (wide, narrow) = (wide.dma()?, narrow.dma_with(limits, Statistics::on())?);
        let mut buffer = Buffer::zeroed(8192)?;

        buffer[8191] = 3;

        let clean = Mapping::<_, ToDevice>::new(wide, buffer)?.unmap_clean();
        let Err(error) = Mapping::new_clean(narrow, clean) else {
            return Err(EINVAL);
        };

        assert!(matches!(error.failure, MapFailure::TooLong { .. }));
        assert_eq!(error.memory[8191], 3);
        assert!(Mapping::new_clean(wide, error.memory).is_ok());
        Ok(())
    }
}
