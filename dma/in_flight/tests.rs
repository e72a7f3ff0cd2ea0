// SPDX-License-Identifier: GPL-2.0

//! KUnit suite of mappings in flight.

use kernel::prelude::*;

#[kunit_tests(rk3588_dma_in_flight)]
mod suite {
    use kernel::{
        bindings,
        dma::DmaMask, //
    };

    use super::super::*;
    use crate::{
        dma::{
            as_raw,
            Buffer,
            FromDevice,
            Limits,
            Mapping,
            Memory,
            ToDevice, //
        },
        fixture::{
            self,
            TestDevice, //
        }, //
    };

    type Sent<'dev> = Mapping<'dev, Buffer, ToDevice>;

    fn sent(dev: &DmaDevice, len: usize) -> Result<Sent<'_>> {
        Ok(Mapping::new(dev, Buffer::zeroed(len, GFP_KERNEL)?)?)
    }

    fn live(dev: &DmaDevice) -> u64 {
        fixture::counters(dev).live
    }

    #[test]
    fn a_single_mapping_is_one_segment() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let flight = BusMaster::<u64>::new(dev)?.submit(sent(dev, 100)?)?;
        let mut segments = flight.segments();
        let segment = segments.next().ok_or(EINVAL)?;

        assert_eq!(flight.len(), 100);
        assert_eq!(segment.len(), 100);
        assert!(segments.next().is_none());
        drop(segments);

        let address = segment.address();

        // SAFETY: The device must not use the mapping: there is no device.
        let mapping = unsafe { flight.complete() };
        let flight = BusMaster::<u32>::new(dev)?.submit(mapping)?;
        let segment = flight.segments().next().ok_or(EINVAL)?;

        assert_eq!(u64::from(segment.address()), address);
        // SAFETY: As above.
        drop(unsafe { flight.complete() });
        Ok(())
    }

    #[test]
    fn addresses_are_those_of_the_mapping_and_no_others() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let flight = BusMaster::<u32>::new(dev)?.submit(sent(dev, 64)?)?;
        let segment = flight.segments().next().ok_or(EINVAL)?;
        let first = segment.address();

        for (range, expected) in [(0..64, first), (1..64, first + 1), (63..64, first + 63)] {
            let part = segment.slice(range.clone())?;

            assert_eq!(part.address(), expected);
            assert_eq!(part.len(), range.len());
        }
        for range in [
            0..65,
            64..64,
            64..65,
            4096..4097,
            0..0,
            usize::MAX..usize::MAX,
        ] {
            assert!(matches!(segment.slice(range), Err(EINVAL)));
        }
        assert!(matches!(segment.slice(8..)?.slice(..57), Err(EINVAL)));
        // SAFETY: The device must not use the mapping: there is no device.
        drop(unsafe { flight.complete() });
        Ok(())
    }

    #[test]
    fn a_mask_with_wider_addresses_is_an_error() -> Result {
        let (narrow, wide) = (TestDevice::new()?, TestDevice::new()?);
        let wide = wide.dma_with(Limits::new(DmaMask::new::<33>()))?;

        assert!(BusMaster::<u32>::new(narrow.dma()?).is_ok());
        assert!(matches!(BusMaster::<u32>::new(wide), Err(EINVAL)));
        assert!(BusMaster::<u64>::new(wide).is_ok());
        Ok(())
    }

    #[test]
    fn a_mapping_for_another_device_comes_back() -> Result {
        let (device, other) = (TestDevice::new()?, TestDevice::new()?);
        let (dev, other) = (device.dma()?, other.dma()?);
        let bus = BusMaster::<u32>::new(other)?;
        let error = bus.submit(sent(dev, 64)?).err().ok_or(EINVAL)?;

        assert!(error.0.is_mapped_for(dev));
        assert!(!error.0.is_mapped_for(other));
        assert_eq!(live(dev), 1);
        assert!(matches!(error.into(), EXDEV));
        assert_eq!(live(dev), 0);

        let pair = |source, destination| Pair {
            source,
            destination,
        };

        assert!(bus.submit(pair(sent(dev, 64)?, sent(other, 64)?)).is_err());
        assert!(bus.submit(pair(sent(other, 64)?, sent(dev, 64)?)).is_err());
        assert!(bus.submit(pair(sent(other, 64)?, sent(other, 64)?)).is_ok());
        Ok(())
    }

    #[test]
    fn a_pair_has_the_segments_of_both() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let flight = BusMaster::<u32>::new(dev)?.submit(Pair {
            source: sent(dev, 64)?,
            destination: Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(128, GFP_KERNEL)?)?,
        })?;
        let Pair {
            source,
            destination,
        } = flight.each_ref();

        assert_eq!((source.len(), source.nents()), (64, 1));
        assert_eq!((destination.len(), destination.nents()), (128, 1));
        assert!(source.segments().map(|it| it.len()).eq([64]));
        assert!(destination.segments().map(|it| it.len()).eq([128]));
        // SAFETY: The device must not use the mappings: there is no device.
        drop(unsafe { flight.complete() });
        assert_eq!(live(dev), 0);
        Ok(())
    }

    #[test]
    fn without_an_address_it_is_taken_back() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let bus = BusMaster::<u32>::new(dev)?;
        let flight = bus.submit(sent(dev, 64)?)?;

        assert_eq!((flight.len(), flight.nents()), (64, 1));

        let Ok(mapping) = flight.cancel() else {
            return Err(EINVAL);
        };
        let flight = bus.submit(mapping)?;
        let _ = flight.segments();
        let Err(flight) = flight.cancel() else {
            return Err(EINVAL);
        };

        // SAFETY: The device must not use the mapping: there is no device.
        drop(unsafe { flight.complete() });
        Ok(())
    }

    /// The segments of one are enough.
    #[test]
    fn with_an_address_of_one_a_pair_is_not_taken_back() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let bus = BusMaster::<u32>::new(dev)?;

        for is_source in [true, false] {
            let flight = bus.submit(Pair {
                source: sent(dev, 64)?,
                destination: sent(dev, 64)?,
            })?;
            let both = flight.each_ref();

            match is_source {
                true => drop(both.source.segments()),
                false => drop(both.destination.segments()),
            }

            let Err(flight) = flight.cancel() else {
                return Err(EINVAL);
            };

            // SAFETY: The device must not use the mappings: there is no device.
            drop(unsafe { flight.complete() });
        }
        Ok(())
    }

    #[test]
    fn without_an_address_it_is_unmapped_when_it_is_dropped() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let bus = BusMaster::<u32>::new(dev)?;

        drop(bus.submit(sent(dev, 64)?)?);

        let flight = bus.submit(Pair {
            source: sent(dev, 64)?,
            destination: sent(dev, 64)?,
        })?;

        assert_eq!(flight.each_ref().source.nents(), 1);
        drop(flight);
        assert_eq!(live(dev), 0);
        Ok(())
    }

    #[test]
    fn the_cpu_reads_what_the_device_wrote_while_it_writes_the_rest() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(4000, GFP_KERNEL)?)?;
        let mut flight = BusMaster::<u32>::new(dev)?.submit(mapping)?;
        let hardware = fixture::hardware(dev, &flight)?;

        for (offset, seed) in [(0, 1), (1000, 2), (2000, 3), (3000, 4)] {
            let mut bytes = [0; 1000];

            fixture::fill(seed, 0, &mut bytes);
            hardware.write(offset, &bytes);
            // SAFETY: The device must not write the bytes meanwhile: the hardware is used above.
            let seen = unsafe { flight.for_cpu(offset..offset + 1000)? };

            assert!(fixture::is_filled(seed, 0, seen));
        }

        let now = fixture::counters(dev);

        assert_eq!((now.syncs_for_cpu, now.syncs_for_device), (4, 0));
        // SAFETY: As above.
        assert!(matches!(unsafe { flight.for_cpu(..4001) }, Err(EINVAL)));
        // SAFETY: The device must not use the mapping any more: the hardware is not used below.
        let buffer = unsafe { flight.complete() }.unmap();

        assert!(fixture::is_filled(2, 0, &buffer[1000..2000]));
        Ok(())
    }

    #[test]
    fn the_cpu_reads_the_destination_of_a_pair_in_flight() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let destination = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(128, GFP_KERNEL)?)?;
        let mut flight = BusMaster::<u32>::new(dev)?.submit(Pair {
            source: sent(dev, 64)?,
            destination,
        })?;
        let segment = flight.each_ref().destination.segments().next();
        let address = segment.ok_or(EINVAL)?.address();
        let bytes = [1u8, 2, 3];

        // SAFETY: The bytes must be part of a mapping in flight: they are the last of this one.
        unsafe {
            fixture::c::rk3588_dma_test_write(
                as_raw(dev.as_device()),
                bindings::dma_addr_t::from(address) + 125,
                bytes.as_ptr().cast(),
                bytes.len(),
            )
        };
        // SAFETY: The device must not write the bytes meanwhile: it has written them above.
        assert_eq!(*unsafe { flight.destination_for_cpu(124..)? }, [0, 1, 2, 3]);
        // SAFETY: As above.
        let beyond = unsafe { flight.destination_for_cpu(..129) };

        assert!(matches!(beyond, Err(EINVAL)));
        // SAFETY: The device must not use the mappings: there is no device.
        drop(unsafe { flight.complete() });
        Ok(())
    }

    #[test]
    fn with_an_address_it_is_leaked_but_not_freed_when_it_is_dropped() -> Result {
        const LEN: usize = 4096;

        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut buffer = Buffer::zeroed(LEN, GFP_KERNEL)?;
        let memory = Memory::as_mut_ptr(&mut buffer);
        let mapping = Mapping::<_, FromDevice>::new(dev, buffer)?;
        let flight = BusMaster::<u64>::new(dev)?.submit(mapping)?;
        let address = flight.segments().next().ok_or(EINVAL)?.address();

        drop(flight);
        assert_eq!(live(dev), 1);
        // SAFETY: The memory must be valid for writes: it is leaked. KASAN finds it if it is freed.
        unsafe { memory.as_ptr().write_volatile(1) };

        // SAFETY: Both must be released once: these are the leaked mapping and its memory.
        unsafe {
            bindings::dma_unmap_page_attrs(
                as_raw(dev.as_device()),
                address,
                LEN,
                bindings::dma_data_direction::DMA_FROM_DEVICE,
                0,
            );
            bindings::free_pages_exact(memory.as_ptr().cast(), LEN);
        }
        Ok(())
    }
}
