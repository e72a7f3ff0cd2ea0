// SPDX-License-Identifier: GPL-2.0

//! KUnit suite of accesses of the CPU to mappings.

use kernel::prelude::*;

#[kunit_tests(rk3588_dma_access)]
mod suite {
    use zerocopy_derive::{
        Immutable,
        KnownLayout, //
    };

    use core::{
        mem,
        ops::Bound,
        slice, //
    };

    use super::super::*;
    use crate::{
        dma::{
            Bidirectional,
            Buffer,
            DmaDevice,
            FromDevice,
            PageBuffer,
            ToDevice, //
        },
        fixture::{
            self,
            TestDevice, //
        }, //
    };

    #[derive(FromBytes, Immutable, IntoBytes, KnownLayout)]
    #[repr(C)]
    struct Header {
        kind: u16,
        len: u16,
    }

    /// Syncs for the CPU and for the device, so far.
    fn syncs(dev: &DmaDevice) -> (u64, u64) {
        let now = fixture::counters(dev);

        (now.syncs_for_cpu, now.syncs_for_device)
    }

    #[test]
    fn from_device_the_cpu_sees_each_time_what_is_new() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(4096, GFP_KERNEL)?)?;

        for round in 1..4 {
            mapping = fixture::run(dev, mapping, |hardware| hardware.write(100, &[round; 8]))?;
            assert_eq!(mapping.for_cpu(99..109)?[..2], [0, round]);
            assert_eq!(mapping.for_cpu(107..)?[..2], [round, 0]);
        }
        assert_eq!(syncs(dev), (6, 0));
        Ok(())
    }

    #[test]
    fn to_device_the_device_sees_each_time_what_is_new() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut mapping = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(4096, GFP_KERNEL)?)?;

        for round in 1..4 {
            mapping.for_cpu_mut(100..108)?.fill(round);
            mapping = fixture::run(dev, mapping, |hardware| {
                assert_eq!(hardware.read(99), [0, round]);
                assert_eq!(hardware.read(107), [round, 0]);
            })?;
        }
        assert_eq!(syncs(dev), (0, 3));
        Ok(())
    }

    #[test]
    fn bidirectional_each_sees_what_the_other_did() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mapping = Mapping::<_, Bidirectional>::new(dev, Buffer::zeroed(4096, GFP_KERNEL)?)?;
        let mut mapping = fixture::run(dev, mapping, |hardware| hardware.write(0, &[1, 2, 3]))?;

        {
            let mut bytes = mapping.for_cpu_mut(..3)?;

            assert_eq!(bytes[..], [1, 2, 3]);
            bytes[1] = 9;
        }

        let mut mapping = fixture::run(dev, mapping, |hardware| {
            assert_eq!(hardware.read(0), [1, 9, 3]);
            hardware.write(2, &[7]);
        })?;

        assert_eq!(*mapping.for_cpu(..3)?, [1, 9, 7]);
        assert_eq!(syncs(dev), (2, 1));
        Ok(())
    }

    /// Looking at what the device only reads costs nothing: only the CPU writes there.
    #[test]
    fn to_device_looking_needs_no_sync() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut buffer = Buffer::zeroed(64, GFP_KERNEL)?;

        buffer[5] = 5;

        let mut mapping = Mapping::<_, ToDevice>::new(dev, buffer)?;

        assert_eq!(mapping.for_cpu(5..=5)?[0], 5);
        assert_eq!(mapping.for_cpu_mut(5..6)?[0], 5);
        assert_eq!(syncs(dev), (0, 1));
        Ok(())
    }

    /// In a bounce buffer one sees how far a sync goes.
    #[test]
    fn only_the_range_is_synced() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut mapping = Mapping::<_, Bidirectional>::new(dev, Buffer::zeroed(4096, GFP_KERNEL)?)?;
        let is_bounced = fixture::counters(dev).bounced == 1;

        mapping = fixture::run(dev, mapping, |hardware| hardware.write(0, &[1; 300]))?;
        assert_eq!(mapping.for_cpu(128..256)?[..], [1; 128]);

        // Not by `for_cpu`, which would sync: what is in the memory now.
        let view = mapping.view();
        // SAFETY: The bytes must be valid, with no other reference: they are those of the mapping,
        // which is not used meanwhile.
        let bytes = unsafe { slice::from_raw_parts_mut(view.start().as_ptr(), view.len()) };
        let stale = u8::from(!is_bounced);

        assert_eq!(
            [bytes[127], bytes[128], bytes[255], bytes[256]],
            [stale, 1, 1, stale]
        );
        bytes[..300].fill(2);
        // SAFETY: The range is inside the mapping.
        unsafe { view.sync_for_device(128..256) };
        mapping = fixture::run(dev, mapping, |hardware| {
            let around = 1 + u8::from(!is_bounced);

            assert_eq!(hardware.read(127), [around, 2]);
            assert_eq!(hardware.read(255), [2, around]);
        })?;
        drop(mapping);
        Ok(())
    }

    #[test]
    fn it_works_in_a_part_of_a_page() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

        page.set_range(1000..1064)?;

        let mut mapping = Mapping::<_, Bidirectional>::new(dev, page)?;

        mapping.for_cpu_mut(..)?.fill(3);
        mapping = fixture::run(dev, mapping, |hardware| {
            assert_eq!(hardware.read(60), [3; 4]);
            hardware.write(63, &[4]);
        })?;
        assert_eq!(mapping.for_cpu(62..)?[..], [3, 4]);
        Ok(())
    }

    #[test]
    fn typed_views_go_both_ways() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut mapping = Mapping::<_, Bidirectional>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

        *mapping.for_cpu_as_mut::<Header>(60)? = Header {
            kind: 0x0201_u16.to_le(),
            len: 0x0403_u16.to_le(),
        };
        mapping = fixture::run(dev, mapping, |hardware| {
            assert_eq!(hardware.read(60), [1, 2, 3, 4]);
            hardware.write(62, &[7, 0]);
        })?;

        let header = mapping.for_cpu_as::<Header>(60)?;

        assert_eq!(u16::from_le(header.len), 7);
        assert_eq!(u16::from_le(header.kind), 0x0201);
        assert_eq!(syncs(dev), (2, 1));
        Ok(())
    }

    #[test]
    fn views_outside_or_between_are_refused() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut mapping = Mapping::<_, Bidirectional>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

        for offset in [1, 61, 62, 64, 1000, usize::MAX] {
            assert!(matches!(mapping.for_cpu_as::<Header>(offset), Err(EINVAL)));
            assert!(matches!(
                mapping.for_cpu_as_mut::<Header>(offset),
                Err(EINVAL)
            ));
        }
        assert_eq!(syncs(dev), (0, 0));
        assert!(mapping.for_cpu_as::<Header>(60).is_ok());
        Ok(())
    }

    #[test]
    fn ranges_outside_are_refused() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut mapping = Mapping::<_, Bidirectional>::new(dev, Buffer::zeroed(100, GFP_KERNEL)?)?;

        // The padding, too, is outside.
        #[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
        for range in [0..101, 100..101, 101..101, 2..1, 0..usize::MAX] {
            assert!(matches!(mapping.for_cpu(range.clone()), Err(EINVAL)));
            assert!(matches!(mapping.for_cpu_mut(range), Err(EINVAL)));
        }
        assert!(matches!(mapping.for_cpu(..=100), Err(EINVAL)));
        assert!(matches!(mapping.for_cpu(..=usize::MAX), Err(EINVAL)));
        assert!(matches!(mapping.for_cpu(101..), Err(EINVAL)));
        assert!(matches!(
            mapping.for_cpu((Bound::Excluded(usize::MAX), Bound::Unbounded)),
            Err(EINVAL)
        ));
        assert_eq!(syncs(dev), (0, 0));
        Ok(())
    }

    #[test]
    fn all_kinds_of_ranges_mean_what_they_say() -> Result {
        let device = TestDevice::new()?;
        let mut buffer = Buffer::zeroed(5, GFP_KERNEL)?;

        buffer.copy_from_slice(&[0, 1, 2, 3, 4]);

        let mut mapping = Mapping::<_, ToDevice>::new(device.dma()?, buffer)?;

        assert_eq!(*mapping.for_cpu(..)?, [0, 1, 2, 3, 4]);
        assert_eq!(*mapping.for_cpu(1..3)?, [1, 2]);
        assert_eq!(*mapping.for_cpu(1..=3)?, [1, 2, 3]);
        assert_eq!(*mapping.for_cpu(3..)?, [3, 4]);
        assert_eq!(*mapping.for_cpu(..2)?, [0, 1]);
        assert_eq!(
            *mapping.for_cpu((Bound::Excluded(2), Bound::Included(4)))?,
            [3, 4]
        );
        Ok(())
    }

    #[test]
    fn an_empty_range_is_empty_and_needs_no_sync() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut mapping = Mapping::<_, Bidirectional>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

        assert!(mapping.for_cpu(64..)?.is_empty());
        assert!(mapping.for_cpu_mut(0..0)?.is_empty());
        assert_eq!(syncs(dev), (0, 0));
        Ok(())
    }

    /// A guard that is leaked keeps its bytes from the device, and the mapping can still be used.
    #[test]
    fn a_forgotten_guard_only_keeps_its_bytes() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut mapping = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

        let mut bytes = mapping.for_cpu_mut(..)?;

        bytes.fill(1);
        mem::forget(bytes);
        mapping.for_cpu_mut(1..2)?.fill(2);
        drop(fixture::run(dev, mapping, |hardware| {
            assert_eq!(hardware.read(1), [2]);
        })?);
        assert_eq!(fixture::counters(dev).live, 0);
        Ok(())
    }
}
