// SPDX-License-Identifier: GPL-2.0

//! The KUnit suite of mapped lists.

use kernel::prelude::*;

#[kunit_tests(rk3588_dma_sg_list)]
mod suite {
    use kernel::{
        page::PAGE_SIZE,
        str::CString,
        sync::atomic::{
            Atomic,
            Relaxed, //
        }, //
    };

    use super::super::*;
    use crate::{
        dma::{
            Bidirectional,
            Buffer,
            BusMaster,
            FromDevice,
            Memory,
            PageBuffer,
            ToDevice, //
        },
        fixture::{
            self,
            TestDevice, //
        },
        sg::{
            Contiguous,
            SgTableBuilder, //
        }, //
    };

    /// A table with an entry for each page of `len` bytes of vmalloc memory, which are a pattern.
    fn pages<'dev>(dev: &'dev DmaDevice, len: usize, seed: u8) -> Result<SgTable<'dev, VVec<u8>>> {
        let mut bytes = VVec::from_elem(0u8, len, GFP_KERNEL)?;

        fixture::fill(seed, 0, &mut bytes);
        Ok(SgTableBuilder::new(dev, bytes)
            .split_at_pages()
            .build(GFP_KERNEL)?)
    }

    #[test]
    fn the_device_sees_what_the_cpu_wrote() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        for len in [1, 4096, 4097, 100_001] {
            let list = pages(dev, len, 1)?.map::<ToDevice>()?;

            assert_eq!(list.len(), len);
            assert_eq!(list.orig_nents(), len.div_ceil(PAGE_SIZE));
            drop(fixture::run(dev, list, |hardware| {
                assert_eq!(hardware.len(), len);
                assert!(hardware.has_pattern(1));
            })?);
        }
        Ok(())
    }

    #[test]
    fn the_cpu_sees_what_the_device_wrote() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        for len in [1, 4096, 4097, 100_001] {
            let list = pages(dev, len, 0)?.map::<FromDevice>()?;
            let list = fixture::run(dev, list, |hardware| hardware.write_pattern(2))?;

            assert!(fixture::is_filled(2, 0, &list.unmap().into_memory()));
        }
        Ok(())
    }

    #[test]
    fn both_see_what_the_other_wrote() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let list = pages(dev, 20_000, 1)?.map::<Bidirectional>()?;
        let list = fixture::run(dev, list, |hardware| {
            assert!(hardware.has_pattern(1));
            hardware.write_pattern(2);
        })?;

        assert!(fixture::is_filled(2, 0, &list.unmap().into_memory()));
        Ok(())
    }

    /// Of a bounce buffer, too, the CPU gets what the device wrote and what was there before.
    #[test]
    fn what_the_device_did_not_write_stays() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        drop(pages(dev, 8192, 0x5e)?.map::<ToDevice>()?);

        let list = pages(dev, 8192, 1)?.map::<FromDevice>()?;
        let list = fixture::run(dev, list, |hardware| hardware.write(4090, &[7; 10]))?;
        let bytes = list.unmap().into_memory();

        assert!(fixture::is_filled(1, 0, &bytes[..4090]));
        assert_eq!(bytes[4090..4100], [7; 10]);
        assert!(fixture::is_filled(1, 4100, &bytes[4100..]));
        Ok(())
    }

    #[test]
    fn a_list_is_used_again_and_again() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut list = pages(dev, 10_000, 0)?.map::<FromDevice>()?;

        for round in 1..5 {
            list = fixture::run(dev, list, |hardware| hardware.write_pattern(round))?;
        }
        assert!(fixture::is_filled(4, 0, &list.unmap().into_memory()));
        assert_eq!(fixture::counters(dev).mapped, 1);
        Ok(())
    }

    /// The table stays; only the mapping is another one.
    #[test]
    fn a_table_is_mapped_again_in_any_direction() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut table = pages(dev, 10_000, 0)?;

        for round in 1..4 {
            let list = table.map::<FromDevice>()?;
            let list = fixture::run(dev, list, |hardware| hardware.write_pattern(round))?;
            let list = list.unmap().map::<ToDevice>()?;
            let list = fixture::run(dev, list, |hardware| {
                assert!(hardware.has_pattern(round));
            })?;
            let list = list.unmap().map::<Bidirectional>()?;

            assert_eq!(list.orig_nents(), 3);
            table = list.unmap();
            assert_eq!(table.orig_nents(), 3);
            assert_eq!(fixture::counters(dev).live, 0);
        }
        assert_eq!(fixture::counters(dev).mapped, 9);
        assert!(fixture::is_filled(3, 0, &table.into_memory()));
        Ok(())
    }

    #[test]
    fn unmapping_gives_the_memory_back() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let page = PageBuffer::zeroed(GFP_KERNEL)?;
        let bytes = VVec::from_elem(1u8, 5000, GFP_KERNEL)?;
        let before = (Memory::as_ptr(&page), bytes.as_ptr());
        let table = SgTable::new(dev, (Contiguous(page), bytes), GFP_KERNEL)?;
        let (page, bytes) = table.map::<ToDevice>()?.unmap().into_memory();

        assert!(before == (Memory::as_ptr(&page.0), bytes.as_ptr()));
        assert_eq!(bytes.len(), 5000);
        assert_eq!(fixture::counters(dev).live, 0);
        Ok(())
    }

    #[test]
    fn a_dropped_list_is_unmapped() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        drop(pages(dev, 10_000, 0)?.map::<ToDevice>()?);
        drop(pages(dev, 10_000, 0)?.map::<FromDevice>()?);
        drop(pages(dev, 10_000, 0)?.map::<Bidirectional>()?);
        assert_eq!(fixture::counters(dev).mapped, 3);
        assert_eq!(fixture::counters(dev).live, 0);
        Ok(())
    }

    /// Unmapped before it is freed, and without a copy out of the bounce buffers, if it had any.
    #[test]
    fn a_dropped_list_is_unmapped_first_and_without_a_sync() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let (live, first_bytes) = (Atomic::new(9), Atomic::new(0));
        let mut witnesses = KVec::new();

        for _ in 0..3 {
            let witness = fixture::Witness {
                buffer: Buffer::zeroed(PAGE_SIZE, GFP_KERNEL)?,
                dev,
                live: &live,
                first_bytes: &first_bytes,
            };

            witnesses.push(witness, GFP_KERNEL)?;
        }

        let list = SgTable::new(dev, witnesses, GFP_KERNEL)?.map::<FromDevice>()?;
        let list = fixture::run(dev, list, |hardware| {
            for page in 0..3 {
                hardware.write(page * PAGE_SIZE, &[1]);
            }
        })?;

        assert_eq!(live.load(Relaxed), 9);
        drop(list);
        assert_eq!(live.load(Relaxed), 0);

        let is_bounced = fixture::counters(dev).bounced == 1;

        assert_eq!(first_bytes.load(Relaxed), if is_bounced { 0 } else { 3 });
        Ok(())
    }

    /// A list is one mapping, however many entries it has.
    #[test]
    fn everything_is_counted() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let now = || fixture::counters(dev);
        let first = pages(dev, 10_000, 0)?.map::<ToDevice>()?;
        let is_forced = now().bounced == 1;
        let bounced = |bytes| if is_forced { bytes } else { 0 };

        assert_eq!((now().live, now().mapped, now().bytes), (1, 1, 10_000));
        assert_eq!(now().bounced_bytes, bounced(10_000));

        // What a device writes into short memory of `kmalloc()` is bounced in any case, and only
        // that.
        let memory = (
            Contiguous(Buffer::zeroed(4096, GFP_KERNEL)?),
            Contiguous(KVec::from_elem(0u8, 7, GFP_KERNEL)?),
        );
        let second = SgTable::new(dev, memory, GFP_KERNEL)?.map::<FromDevice>()?;

        assert_eq!((now().live, now().mapped, now().bytes), (2, 2, 14_103));
        assert_eq!(now().bounced, 1 + bounced(1));
        assert_eq!(now().bounced_bytes, 7 + bounced(14_096));

        let table = second.unmap();

        assert_eq!(now().live, 1);
        drop(first);
        assert_eq!(now().live, 0);

        // What the device only reads is not.
        drop(table.map::<ToDevice>()?);
        assert_eq!(now().bounced, 1 + bounced(2));
        assert_eq!((now().live, now().mapped), (0, 3));
        assert_eq!((now().syncs_for_cpu, now().syncs_for_device), (0, 0));
        Ok(())
    }

    #[test]
    fn it_knows_its_device() -> Result {
        let (device, other) = (TestDevice::new()?, TestDevice::new()?);
        let (dev, other) = (device.dma()?, other.dma()?);
        let list = pages(dev, 100, 0)?.map::<ToDevice>()?;

        assert!(list.is_mapped_for(dev));
        assert!(!list.is_mapped_for(other));
        Ok(())
    }

    #[test]
    fn it_is_shown_as_its_segments() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let list = pages(dev, 4100, 0)?.map::<ToDevice>()?;
        let shown = CString::try_from_fmt(fmt!("{}", list.display_segments()))?;
        let flight = BusMaster::<u32>::new(dev)?.submit(list)?;
        let mut segments = flight.segments();
        let (first, second) = (
            segments.next().ok_or(EINVAL)?.address(),
            segments.next().ok_or(EINVAL)?.address(),
        );
        let expected = CString::try_from_fmt(fmt!("{first:#010x}+4096 {second:#010x}+4"))?;

        assert!(segments.next().is_none());
        drop(segments);
        assert!(shown.to_bytes() == expected.to_bytes());
        // SAFETY: There is no device.
        drop(unsafe { flight.complete() });
        Ok(())
    }

    /// Neither with bounce buffers, which have addresses of their own.
    #[test]
    fn no_segment_is_beyond_the_limits_of_the_device() -> Result {
        for (max_segment, boundary_mask) in [
            (u32::MAX, 0xffff),
            (10_000, c_ulong::MAX),
            (u32::MAX, 0xfff),
            (5000, 0x1fff),
        ] {
            let device = TestDevice::new()?;
            let dev = device.dma_with(fixture::narrow(max_segment, boundary_mask))?;
            let mut buffer = Buffer::zeroed(200_000, GFP_KERNEL)?;

            fixture::fill(1, 0, &mut buffer);

            let list = SgTable::new(dev, Contiguous(buffer), GFP_KERNEL)?.map::<Bidirectional>()?;
            let flight = BusMaster::<u64>::new(dev)?.submit(list)?;

            for segment in flight.segments() {
                let first = segment.address();
                let last = first + segment.len() as u64 - 1;

                assert!(segment.len() <= max_segment as usize);
                assert_eq!((first ^ last) & !(boundary_mask as u64), 0);
            }

            // SAFETY: There is no device that was told of it.
            let list = unsafe { flight.complete() };
            let list = fixture::run(dev, list, |hardware| {
                assert!(hardware.has_pattern(1));
                hardware.write_pattern(2);
            })?;

            assert!(fixture::is_filled(2, 0, &list.unmap().into_memory().0));
        }
        Ok(())
    }

    #[test]
    fn long_lists_go_both_ways() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        for count in [128, 129, 300] {
            let list = pages(dev, count * PAGE_SIZE - 5, 1)?.map::<Bidirectional>()?;

            assert_eq!(list.orig_nents(), count);

            let list = fixture::run(dev, list, |hardware| {
                assert!(hardware.has_pattern(1));
                hardware.write_pattern(2);
            })?;

            assert!(fixture::is_filled(2, 0, &list.unmap().into_memory()));
        }
        Ok(())
    }
}
