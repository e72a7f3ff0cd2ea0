// SPDX-License-Identifier: GPL-2.0

//! KUnit suite of the segments of mapped lists.

use kernel::prelude::*;

#[kunit_tests(rk3588_dma_sg_segments)]
mod suite {
    use core::{
        mem::ManuallyDrop,
        ptr, //
    };

    use kernel::{
        prelude::*,
        str::CString, //
    };

    use super::super::*;
    use crate::{
        dma::{
            Buffer,
            BusMaster,
            Direction,
            DmaDevice,
            FromDevice,
            InFlight,
            MappedMemory,
            ToDevice, //
        },
        fixture::{
            self,
            TestDevice, //
        },
        sg::{
            Contiguous,
            MappedSgTable,
            SgTableBuilder, //
        }, //
    };

    type List<'dev, D> = MappedSgTable<'dev, Contiguous<Buffer>, D>;

    /// Returns a list of a buffer of `len` bytes, in entries of 512 bytes.
    fn list<D: Direction>(dev: &DmaDevice, len: usize) -> Result<List<'_, D>> {
        let mut buffer = Buffer::zeroed(len, GFP_KERNEL)?;

        fixture::fill(1, 0, &mut buffer);

        let table = SgTableBuilder::new(dev, Contiguous(buffer)).max_segment(512);

        Ok(table.build(GFP_KERNEL)?.map::<D>()?)
    }

    /// Returns it in flight.
    fn flight<D: Direction>(dev: &DmaDevice, len: usize) -> Result<InFlight<List<'_, D>, u64>> {
        Ok(BusMaster::new(dev)?.submit(list(dev, len)?)?) //
    }

    fn complete<T: MappedMemory>(flight: InFlight<T, u64>) -> T {
        // SAFETY: The device must not use the mapping: there is no device.
        unsafe { flight.complete() }
    }

    /// There is no IOMMU before the test device, so an entry is a segment.
    #[test]
    fn there_is_a_segment_for_each_entry() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        for (len, count) in [(1, 1), (512, 1), (513, 2), (5000, 10), (300 * 512, 300)] {
            let flight = flight::<ToDevice>(dev, len)?;
            let segments = flight.segments();

            assert_eq!((flight.len(), flight.nents()), (len, count));
            assert_eq!(segments.clone().count(), count);
            assert_eq!(segments.size_hint(), (count, Some(count)));
            assert_eq!(segments.clone().map(|it| it.len()).sum::<usize>(), len);
            for (index, segment) in segments.enumerate() {
                assert!(segment.len() == 512 || index == count - 1);
            }
            drop(complete(flight));
        }
        Ok(())
    }

    /// A write to the address of a segment changes the bytes of its entry.
    #[test]
    fn segments_are_in_the_order_of_the_memory() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let list = list::<FromDevice>(dev, 5000)?;
        let list = fixture::run(dev, list, |hardware| {
            for segment in 0..10 {
                hardware.write(segment * 512, &[segment as u8]);
            }
        })?;
        let buffer = list.unmap().into_memory().0;

        for at in 0..5000 {
            let expected = match at % 512 {
                0 => (at / 512) as u8,
                _ => fixture::pattern(1, at),
            };

            assert_eq!(buffer[at], expected);
        }
        Ok(())
    }

    /// All entries are from one buffer.
    #[test]
    fn without_bounce_buffers_addresses_follow_each_other() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let flight = flight::<FromDevice>(dev, 5000)?;
        let mut expected = flight.segments().next().ok_or(EINVAL)?.address();

        if fixture::counters(dev).bounced == 0 {
            for segment in flight.segments() {
                assert_eq!(segment.address(), expected);
                expected += segment.len() as u64;
            }
        }
        drop(complete(flight));
        Ok(())
    }

    #[test]
    fn a_window_cuts_the_first_and_the_last_segment() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let flight = flight::<ToDevice>(dev, 1500)?;
        let mut starts = [0; 3];

        for (start, segment) in starts.iter_mut().zip(flight.segments()) {
            *start = segment.address();
        }

        let [first, second, third] = starts;

        for (range, expected) in [
            (0..1500, &[(first, 512), (second, 512), (third, 476)][..]),
            (0..1, &[(first, 1)]),
            (511..513, &[(first + 511, 1), (second, 1)]),
            (512..1024, &[(second, 512)]),
            (600..700, &[(second + 88, 100)]),
            (100..1100, &[(first + 100, 412), (second, 512), (third, 76)]),
            (1499..1500, &[(third + 475, 1)]),
            // The list ends first.
            (1499..3000, &[(third + 475, 1)]),
            (1500..1501, &[]),
            (700..700, &[]),
            (usize::MAX..usize::MAX, &[]),
        ] {
            let found = window(flight.segments(), range);

            assert!(found
                .clone()
                .map(|segment| (segment.address(), segment.len()))
                .eq(expected.iter().copied()));
            assert_eq!(found.count(), expected.len());
        }
        drop(complete(flight));
        Ok(())
    }

    #[test]
    fn a_segment_is_shown_as_its_address_and_length() -> Result {
        let device = TestDevice::new()?;
        let flight = flight::<ToDevice>(device.dma()?, 100)?;
        let segment = flight.segments().next().ok_or(EINVAL)?;
        let shown = CString::try_from_fmt(fmt!("{segment}"))?;
        let expected = CString::try_from_fmt(fmt!("{:#010x}+100", segment.address()))?;

        assert!(shown.to_bytes() == expected.to_bytes());
        drop(complete(flight));
        Ok(())
    }

    #[test]
    fn a_list_with_known_addresses_is_leaked_but_not_freed() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let list = list::<FromDevice>(dev, 1000)?;
        // SAFETY: The list must be dropped once: the first owner is leaked below.
        let leaked = ManuallyDrop::new(unsafe { ptr::read(&list) });
        let flight = BusMaster::<u64>::new(dev)?.submit(list)?;
        let _ = flight.segments();

        drop(flight);
        assert_eq!(fixture::counters(dev).live, 1);
        for entry in leaked.raw.table.iter() {
            // SAFETY: The memory must be valid for writes: it is leaked. KASAN finds it if it is
            // freed.
            unsafe { entry.start().write_volatile(1) };
        }
        assert_eq!(leaked.nents(), 2);
        drop(ManuallyDrop::into_inner(leaked));
        assert_eq!(fixture::counters(dev).live, 0);
        Ok(())
    }
}
