// SPDX-License-Identifier: GPL-2.0

//! KUnit suite of registers of another device.

use kernel::prelude::*;

#[kunit_tests(rk3588_dma_resource)]
mod suite {
    use core::{
        mem::ManuallyDrop,
        ptr, //
    };

    use super::super::*;
    use crate::{
        dma::{
            Bidirectional,
            Buffer,
            BusMaster,
            FromDevice,
            Memory,
            ToDevice, //
        },
        fixture::{
            self,
            TestDevice, //
        }, //
    };

    /// Address without memory on all machines of the tests, which access nothing there.
    const START: PhysAddr = 0xf000_0000;

    /// Maps registers at `start`.
    fn map<D: Direction>(
        dev: &DmaDevice,
        start: PhysAddr,
        len: usize,
    ) -> Result<ResourceMapping<'_, D>, MapFailure> {
        // SAFETY: No device uses the mapping.
        unsafe { ResourceMapping::new(dev, start, len) }
    }

    /// Maps registers at [`START`]. If all mappings are bounced, the kernel maps none, and this is
    /// `None`.
    fn registers<D: Direction>(dev: &DmaDevice) -> Result<Option<ResourceMapping<'_, D>>> {
        match (map(dev, START, 4), fixture::is_bounced(dev)?) {
            (Ok(mapping), false) => Ok(Some(mapping)),
            (Err(MapFailure::MappingFailed(ENOMEM)), true) => Ok(None),
            _ => Err(EINVAL),
        }
    }

    fn live(dev: &DmaDevice) -> u64 {
        fixture::counters(dev).live
    }

    #[test]
    fn the_address_is_that_of_the_registers_on_the_bus() -> Result {
        const SHIFT: usize = 1 << 20;

        let (device, shifted) = (TestDevice::new()?, TestDevice::shifted(SHIFT)?);

        for (device, shift) in [(device, 0), (shifted, SHIFT as u32)] {
            let dev = device.dma()?;
            let Some(mapping) = registers::<ToDevice>(dev)? else {
                return Ok(());
            };
            let flight = BusMaster::<u32>::new(dev)?.submit(mapping)?;
            let registers = flight.registers();

            assert_eq!(registers.address(), START as u32 + shift);
            assert_eq!(registers.len(), 4);
            assert!(matches!(registers.slice(..5), Err(EINVAL)));
            // SAFETY: The device must not use the registers: there is no device.
            drop(unsafe { flight.complete() });
            assert_eq!(live(dev), 0);
        }
        Ok(())
    }

    #[test]
    fn dropped_they_are_unmapped_without_a_sync() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let before = fixture::counters(dev);
        let (Some(first), Some(second), Some(third)) = (
            registers::<ToDevice>(dev)?,
            registers::<FromDevice>(dev)?,
            registers::<Bidirectional>(dev)?,
        ) else {
            assert_eq!(live(dev), 0);
            return Ok(());
        };

        assert_eq!(live(dev), before.live + 3);
        drop((first, second));
        assert_eq!(live(dev), before.live + 1);
        drop(third);

        let now = fixture::counters(dev);

        assert_eq!(now.live, before.live);
        assert_eq!(now.bounced, before.bounced);
        assert_eq!(now.syncs_for_cpu, before.syncs_for_cpu);
        assert_eq!(now.syncs_for_device, before.syncs_for_device);
        Ok(())
    }

    #[test]
    fn nothing_is_not_mapped() -> Result {
        let device = TestDevice::new()?;
        let result = map::<ToDevice>(device.dma()?, START, 0);

        assert!(matches!(result.map(|_| ()), Err(MapFailure::Empty)));
        Ok(())
    }

    /// DMA-API debug, which reports it, does not have to.
    #[test]
    fn memory_is_not_mapped() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut buffer = Buffer::zeroed(4096, GFP_KERNEL)?;
        // SAFETY: The function accepts any address.
        let start = unsafe { c::rk3588_dma_virt_to_phys(buffer.as_mut_ptr().as_ptr().cast()) };

        for start in [start, start + 4092] {
            let failure = map::<ToDevice>(dev, start, 4).err().ok_or(EINVAL)?;

            assert_eq!(failure, MapFailure::MappingFailed(EINVAL));
            assert!(matches!(failure.into(), EINVAL));
        }
        assert_eq!(fixture::counters(dev).mapped, 0);
        Ok(())
    }

    /// The kernel warns of it once, unless all mappings are bounced.
    #[test]
    fn what_the_device_cannot_address_is_not_mapped() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        // Of the last range, the last byte is outside.
        for (start, len) in [
            (1 << 32, 4),
            (1 << 40, 4),
            ((1 << 32) - 4, 5), //
        ] {
            let (result, _) = fixture::count_warnings(|| map::<ToDevice>(dev, start, len));
            let failure = result.err().ok_or(EINVAL)?;

            assert_eq!(failure, MapFailure::MappingFailed(ENOMEM));
        }
        assert_eq!(fixture::counters(dev).mapped, 0);
        Ok(())
    }

    #[test]
    fn with_an_address_they_are_leaked_with_a_warning() -> Result {
        const WARNING: &CStr = c"4 bytes at DMA address 0xf0000000 are leaked";

        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let bus = BusMaster::<u32>::new(dev)?;
        let Some(mapping) = registers::<FromDevice>(dev)? else {
            return Ok(());
        };
        let before = fixture::count_logged(WARNING);
        // SAFETY: The mapping must be dropped once: the first owner is leaked below.
        let leaked = ManuallyDrop::new(unsafe { ptr::read(&mapping) });
        let flight = bus.submit(mapping)?;
        let _ = flight.registers();
        let Err(flight) = flight.cancel() else {
            return Err(EINVAL);
        };

        drop(flight);
        assert_eq!(live(dev), 1);
        assert_eq!(fixture::count_logged(WARNING), before + 1);
        drop(ManuallyDrop::into_inner(leaked));
        assert_eq!(live(dev), 0);
        Ok(())
    }

    #[test]
    fn without_an_address_they_are_unmapped() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let bus = BusMaster::<u32>::new(dev)?;
        let Some(mapping) = registers::<FromDevice>(dev)? else {
            return Ok(());
        };

        drop(bus.submit(mapping)?);
        assert_eq!(live(dev), 0);
        Ok(())
    }

    #[test]
    fn for_another_device_they_come_back() -> Result {
        let (device, other) = (TestDevice::new()?, TestDevice::new()?);
        let (dev, other) = (device.dma()?, other.dma()?);
        let Some(mapping) = registers::<FromDevice>(dev)? else {
            return Ok(());
        };
        let result = BusMaster::<u32>::new(other)?.submit(mapping);
        let mapping = result.err().ok_or(EINVAL)?.0;

        assert!(mapping.is_mapped_for(dev));
        assert!(!mapping.is_mapped_for(other));
        Ok(())
    }
}
