// SPDX-License-Identifier: GPL-2.0

//! KUnit suite of mappings.

use kernel::prelude::*;

#[kunit_tests(rk3588_dma_mapping)]
mod suite {
    use kernel::{
        sync::atomic::{
            Atomic,
            Relaxed, //
        }, //
    };

    use super::super::*;
    use crate::{
        dma::{
            buffer::pad,
            Bidirectional,
            Buffer,
            FromDevice,
            MapFailure,
            PageBuffer,
            ToDevice, //
        },
        fixture::{
            self,
            TestDevice, //
        }, //
    };

    #[test]
    fn the_device_sees_what_the_cpu_wrote() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        for len in [3, 127, 4096, 100_000] {
            let mut buffer = Buffer::zeroed(len, GFP_KERNEL)?;

            buffer[len - 3..].copy_from_slice(&[1, 2, 3]);

            let mapping = Mapping::<_, ToDevice>::new(dev, buffer)?;

            drop(fixture::run(dev, mapping, |hardware| {
                assert_eq!(hardware.read(len - 3), [1, 2, 3]);
            })?);
        }
        Ok(())
    }

    #[test]
    fn the_cpu_sees_what_the_device_wrote() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        for len in [3, 127, 4096, 100_000] {
            let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(len, GFP_KERNEL)?)?;
            let mapping = fixture::run(dev, mapping, |hardware| {
                hardware.write(len - 3, &[1, 2, 3]);
            })?;
            let buffer = mapping.unmap();

            assert_eq!(buffer[len - 3..], [1, 2, 3]);
            assert!(buffer[..len - 3].iter().all(|&byte| byte == 0));
        }
        Ok(())
    }

    #[test]
    fn both_see_what_the_other_wrote() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut buffer = Buffer::zeroed(5000, GFP_KERNEL)?;

        buffer.fill(0x11);

        let mapping = Mapping::<_, Bidirectional>::new(dev, buffer)?;
        let mapping = fixture::run(dev, mapping, |hardware| {
            assert_eq!(hardware.read(4996), [0x11; 4]);
            hardware.write(4998, &[0x22; 2]);
        })?;
        let buffer = mapping.unmap();

        assert_eq!(buffer[4996..], [0x11, 0x11, 0x22, 0x22]);
        assert_eq!(buffer[0], 0x11);
        Ok(())
    }

    /// Of a bounce buffer, too, the CPU gets what the device wrote and what was there before, but
    /// nothing that others have left in it.
    #[test]
    fn what_the_device_did_not_write_stays() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut secret = Buffer::zeroed(4096, GFP_KERNEL)?;

        secret.fill(0x5e);
        drop(Mapping::<_, ToDevice>::new(dev, secret)?);

        let mut buffer = Buffer::zeroed(4096, GFP_KERNEL)?;

        buffer.fill(0x11);

        let mapping = Mapping::<_, FromDevice>::new(dev, buffer)?;
        let mapping = fixture::run(dev, mapping, |hardware| hardware.write(0, &[1]))?;
        let buffer = mapping.unmap();

        assert_eq!(buffer[0], 1);
        assert!(buffer[1..].iter().all(|&byte| byte == 0x11));
        Ok(())
    }

    #[test]
    fn a_mapping_is_used_again_and_again() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

        for round in 0..5 {
            mapping = fixture::run(dev, mapping, |hardware| hardware.write(0, &[round]))?;
        }
        assert_eq!(mapping.unmap()[0], 4);
        Ok(())
    }

    #[test]
    fn a_dropped_mapping_is_unmapped() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        drop(Mapping::<_, ToDevice>::new(
            dev,
            Buffer::zeroed(64, GFP_KERNEL)?,
        )?);
        drop(Mapping::<_, FromDevice>::new(
            dev,
            PageBuffer::zeroed(GFP_KERNEL)?,
        )?);
        drop(Mapping::<_, Bidirectional>::new(
            dev,
            Buffer::zeroed(64, GFP_KERNEL)?,
        )?);
        assert_eq!(fixture::counters(dev).mapped, 3);
        assert_eq!(fixture::counters(dev).live, 0);
        Ok(())
    }

    /// Unmapped before it is freed, and without a copy out of the bounce buffer, if it had one.
    #[test]
    fn a_dropped_mapping_is_unmapped_first_and_without_a_sync() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let (live, first_bytes) = (Atomic::new(9), Atomic::new(0));
        let witness = fixture::Witness {
            buffer: Buffer::zeroed(4096, GFP_KERNEL)?,
            dev,
            live: &live,
            first_bytes: &first_bytes,
        };
        let mapping = Mapping::<_, FromDevice>::new(dev, witness)
            .map_err(|error| Error::from(error.failure))?;
        let mapping = fixture::run(dev, mapping, |hardware| hardware.write(0, &[1]))?;

        drop(mapping);
        assert_eq!(live.load(Relaxed), 0);

        let is_bounced = fixture::counters(dev).bounced == 1;

        assert_eq!(first_bytes.load(Relaxed), u64::from(!is_bounced));
        Ok(())
    }

    #[test]
    fn it_knows_its_device() -> Result {
        let (device, other) = (TestDevice::new()?, TestDevice::new()?);
        let (dev, other) = (device.dma()?, other.dma()?);
        let mapping = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

        assert!(mapping.is_mapped_for(dev));
        assert!(!mapping.is_mapped_for(other));
        Ok(())
    }

    #[test]
    fn nothing_is_not_mapped() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        for memory in [KVec::<u8>::new(), KVec::with_capacity(64, GFP_KERNEL)?] {
            let capacity = memory.capacity();
            let Err(error) = Mapping::<_, ToDevice>::new(dev, memory) else {
                return Err(EINVAL);
            };

            assert_eq!(error.failure, MapFailure::Empty);
            assert_eq!(error.memory.capacity(), capacity);
            assert!(matches!(error.into(), EINVAL));
        }
        Ok(())
    }

    #[test]
    fn too_long_for_the_device_is_refused_and_comes_back() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma_with(fixture::narrow(4096, c_ulong::MAX))?;
        let mut buffer = Buffer::zeroed(4097, GFP_KERNEL)?;

        buffer[4096] = 7;

        let Err(error) = Mapping::<_, ToDevice>::new(dev, buffer) else {
            return Err(EINVAL);
        };

        assert_eq!(
            error.failure,
            MapFailure::TooLong {
                len: 4097,
                max: 4096
            }
        );
        assert_eq!(error.memory[4096], 7);
        assert!(matches!(error.into(), EMSGSIZE));
        assert!(Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(4096, GFP_KERNEL)?).is_ok());
        Ok(())
    }

    /// Padding is mapped, but the device never uses it.
    #[test]
    fn padding_does_not_count_against_the_device() -> Result {
        const LEN: usize = 65535;

        let device = TestDevice::new()?;
        let dev = device.dma_with(fixture::narrow(LEN as u32, c_ulong::MAX))?;
        let mapping = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(LEN, GFP_KERNEL)?)?;

        assert!(pad(LEN) > LEN);
        assert_eq!(mapping.len(), LEN);
        Ok(())
    }

    /// If all mappings are bounced, the limit is the length of a bounce buffer; otherwise memory
    /// that the device reaches has no limit.
    #[test]
    fn too_long_for_a_bounce_buffer_is_refused_and_comes_back() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let (len, max) = (1 << 20, dev.max_mapping_size());

        match Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(len, GFP_KERNEL)?) {
            Ok(mapping) => {
                assert_eq!(fixture::counters(dev).bounced, 0);
                assert_eq!(mapping.unmap().len(), len);
            }
            Err(error) => {
                assert!(max < len);
                assert_eq!(error.failure, MapFailure::TooLong { len, max });
                assert_eq!(error.memory.len(), len);
            }
        }
        Ok(())
    }

    /// A device that reaches no memory has all mappings bounced. The error tells the caller that
    /// one is too long, so the kernel need not warn.
    #[test]
    fn too_long_for_a_bounce_buffer_is_not_logged() -> Result {
        const WARNING: &CStr = c"swiotlb buffer is full";

        let device = TestDevice::shifted(1 << 32)?;
        let dev = device.dma()?;
        let (len, max) = (1 << 20, dev.max_mapping_size());
        let before = fixture::count_logged(WARNING);

        assert!(max < len);

        let Err(error) = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(len, GFP_KERNEL)?)
        else {
            return Err(EINVAL);
        };

        assert_eq!(error.failure, MapFailure::TooLong { len, max });
        assert_eq!(fixture::count_logged(WARNING), before);
        Ok(())
    }

    #[test]
    fn across_a_boundary_is_refused_and_comes_back() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma_with(fixture::narrow(u32::MAX, 0xfff))?;
        let expected = match fixture::is_bounced(dev)? {
            // The kernel keeps to the boundary itself, and so finds no place.
            true => MapFailure::MappingFailed(ENOMEM),
            false => MapFailure::CrossesBoundary { mask: 0xfff },
        };
        let before = fixture::counters(dev).mapped;

        let Err(error) = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(8192, GFP_KERNEL)?) else {
            return Err(EINVAL);
        };

        assert_eq!(error.failure, expected);
        assert_eq!(error.memory.len(), 8192);
        // It had to be mapped to see that, and is not any more.
        assert_eq!(fixture::counters(dev).live, 0);
        assert_eq!(
            fixture::counters(dev).mapped - before,
            u64::from(expected != MapFailure::MappingFailed(ENOMEM))
        );
        assert!(Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(4096, GFP_KERNEL)?).is_ok());
        Ok(())
    }

    /// The kernel bounces short `kmalloc()` memory in any case if the device writes it, so this
    /// uses up the bounce buffers.
    #[test]
    fn without_a_bounce_buffer_it_is_refused_and_comes_back() -> Result {
        const MANY: usize = 40_000;

        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut mappings = KVec::new();
        let error = loop {
            let byte = KVec::from_elem(0x77u8, 1, GFP_KERNEL)?;

            match Mapping::<_, FromDevice>::new(dev, byte) {
                Ok(mapping) => mappings.push(mapping, GFP_KERNEL)?,
                Err(error) => break error,
            }
            assert!(mappings.len() < MANY);
        };

        assert_eq!(error.failure, MapFailure::MappingFailed(ENOMEM));
        assert!(matches!(error.failure.into(), ENOMEM));
        assert_eq!(error.memory[..], [0x77]);
        assert_eq!(fixture::counters(dev).live, mappings.len() as u64);
        assert_eq!(fixture::counters(dev).bounced, mappings.len() as u64);

        mappings.clear();
        assert_eq!(fixture::counters(dev).live, 0);
        assert!(Mapping::<_, FromDevice>::new(dev, error.memory).is_ok());
        Ok(())
    }
}
