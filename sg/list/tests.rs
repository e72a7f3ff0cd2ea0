// SPDX-License-Identifier: GPL-2.0

//! The KUnit suite of mapped lists.

use kernel::prelude::*;

#[kunit_tests(rk3588_dma_sg_list)]
mod suite {
    use core::ptr::NonNull;

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
            FromDevice,
            Mapping,
            Memory,
            PageBuffer,
            Statistics,
            ToDevice, //
        },
        fixture::{
            self,
            TestDevice, //
        },
        sg::{
            Contiguous,
            TableBuilder, //
        }, //
    };

    /// A table with an entry for each page of `len` bytes of vmalloc memory, which are a pattern.
    fn pages<'dev>(dev: &'dev DmaDevice, len: usize, seed: u8) -> Result<Table<'dev, VVec<u8>>> {
        let mut bytes = VVec::from_elem(0u8, len, GFP_KERNEL)?;

        fixture::fill(seed, 0, &mut bytes);
        Ok(TableBuilder::new(dev, bytes)
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
            assert_eq!(list.entries(), len.div_ceil(PAGE_SIZE));
            drop(fixture::run_list(dev, list, |hardware| {
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
            let list = fixture::run_list(dev, list, |hardware| hardware.write_pattern(2))?;

            assert!(fixture::is_filled(2, 0, &list.unmap().into_memory()));
        }
        Ok(())
    }

    #[test]
    fn both_see_what_the_other_wrote() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let list = pages(dev, 20_000, 1)?.map::<Bidirectional>()?;
        let list = fixture::run_list(dev, list, |hardware| {
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
        let list = fixture::run_list(dev, list, |hardware| hardware.write(4090, &[7; 10]))?;
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
            list = fixture::run_list(dev, list, |hardware| hardware.write_pattern(round))?;
        }
        assert!(fixture::is_filled(4, 0, &list.unmap().into_memory()));
        assert_eq!(dev.statistics().snapshot().mapped, 1);
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
            let list = fixture::run_list(dev, list, |hardware| hardware.write_pattern(round))?;
            let list = list.unmap().map::<ToDevice>()?;
            let list = fixture::run_list(dev, list, |hardware| {
                assert!(hardware.has_pattern(round));
            })?;
            let list = list.unmap().map::<Bidirectional>()?;

            assert_eq!(list.entries(), 3);
            table = list.unmap();
            assert_eq!(table.entries(), 3);
            assert_eq!(dev.statistics().snapshot().live, 0);
        }
        assert_eq!(dev.statistics().snapshot().mapped, 9);
        assert!(fixture::is_filled(3, 0, &table.into_memory()));
        Ok(())
    }

    #[test]
    fn unmapping_gives_the_memory_back() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let page = PageBuffer::zeroed()?;
        let bytes = VVec::from_elem(1u8, 5000, GFP_KERNEL)?;
        let before = (Memory::as_ptr(&page), bytes.as_ptr());
        let table = Table::new(dev, (Contiguous(page), bytes), GFP_KERNEL)?;
        let (page, bytes) = table.map::<ToDevice>()?.unmap().into_memory();

        assert!(before == (Memory::as_ptr(&page.0), bytes.as_ptr()));
        assert_eq!(bytes.len(), 5000);
        assert_eq!(dev.statistics().snapshot().live, 0);
        Ok(())
    }

    #[test]
    fn a_dropped_list_is_unmapped() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        drop(pages(dev, 10_000, 0)?.map::<ToDevice>()?);
        drop(pages(dev, 10_000, 0)?.map::<FromDevice>()?);
        drop(pages(dev, 10_000, 0)?.map::<Bidirectional>()?);
        assert_eq!(dev.statistics().snapshot().mapped, 3);
        assert_eq!(dev.statistics().snapshot().live, 0);
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
                buffer: Buffer::zeroed(PAGE_SIZE)?,
                dev,
                live: &live,
                first_bytes: &first_bytes,
            };

            witnesses.push(witness, GFP_KERNEL)?;
        }

        let list = Table::new(dev, witnesses, GFP_KERNEL)?.map::<FromDevice>()?;
        let list = fixture::run_list(dev, list, |hardware| {
            for page in 0..3 {
                hardware.write(page * PAGE_SIZE, &[1]);
            }
        })?;

        assert_eq!(live.load(Relaxed), 9);
        drop(list);
        assert_eq!(live.load(Relaxed), 0);

        let is_bounced = dev.statistics().snapshot().bounced == 1;

        assert_eq!(first_bytes.load(Relaxed), if is_bounced { 0 } else { 3 });
        Ok(())
    }

    /// A list is one mapping, however many entries it has.
    #[test]
    fn everything_is_counted() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let now = || dev.statistics().snapshot();
        let first = pages(dev, 10_000, 0)?.map::<ToDevice>()?;
        let is_forced = now().bounced == 1;
        let bounced = |bytes| if is_forced { bytes } else { 0 };

        assert_eq!((now().live, now().mapped, now().bytes), (1, 1, 10_000));
        assert_eq!(now().bounced_bytes, bounced(10_000));

        // What a device writes into short memory of `kmalloc()` is bounced in any case, and only that.
        let memory = (
            Contiguous(Buffer::zeroed(4096)?),
            Contiguous(KVec::from_elem(0u8, 7, GFP_KERNEL)?),
        );
        let second = Table::new(dev, memory, GFP_KERNEL)?.map::<FromDevice>()?;

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
        assert_eq!((now().live, now().mapped, now().failures), (0, 3, 0));
        assert_eq!((now().syncs_for_cpu, now().syncs_for_device), (0, 0));
        Ok(())
    }

    #[test]
    fn it_knows_its_device() -> Result {
        let (device, other) = (TestDevice::new()?, TestDevice::new()?);
        let (dev, other) = (device.dma()?, other.dma()?);
        let list = pages(dev, 100, 0)?.map::<ToDevice>()?;

        assert!(list.is_for(dev));
        assert!(!list.is_for(other));
        Ok(())
    }

    #[test]
    fn it_is_shown_as_its_segments() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let list = pages(dev, 4100, 0)?.map::<ToDevice>()?;
        let shown = CString::try_from_fmt(fmt!("{}", list.shown()))?;
        let flight = list.submit();
        let mut segments = flight.segments();
        let (first, second) = (
            segments.next().ok_or(EINVAL)?.address().to_bus32(0)?,
            segments.next().ok_or(EINVAL)?.address().to_bus32(0)?,
        );
        let expected = CString::try_from_fmt(fmt!("{first:#010x}+4096 {second:#010x}+4"))?;

        assert!(segments.next().is_none());
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
            let dev = device.dma_with(
                fixture::narrow(max_segment, boundary_mask),
                Statistics::on(),
            )?;
            let mut buffer = Buffer::zeroed(200_000)?;

            fixture::fill(1, 0, &mut buffer);

            let list = Table::new(dev, Contiguous(buffer), GFP_KERNEL)?.map::<Bidirectional>()?;
            let flight = list.submit();

            for segment in flight.segments() {
                let first = segment.address().as_raw();
                let last = first + segment.len() as u64 - 1;

                assert!(segment.len() <= max_segment as usize);
                assert_eq!((first ^ last) & !(boundary_mask as u64), 0);
            }

            // SAFETY: There is no device that was told of it.
            let list = unsafe { flight.complete() };
            let list = fixture::run_list(dev, list, |hardware| {
                assert!(hardware.has_pattern(1));
                hardware.write_pattern(2);
            })?;

            assert!(fixture::is_filled(2, 0, &list.unmap().into_memory().0));
        }
        Ok(())
    }

    /// Where the bus begins to count elsewhere, its boundaries are elsewhere, too.
    #[test]
    fn across_a_boundary_of_the_bus_is_refused_and_comes_back() -> Result {
        const MASK: c_ulong = 0xffff;

        let device = TestDevice::shifted(PAGE_SIZE)?;
        let dev = device.dma_with(fixture::narrow(u32::MAX, MASK), Statistics::on())?;
        let is_forced = fixture::is_bounced(dev)?;

        if !is_forced {
            // Else DMA-API debug would say so, too. What keeps bounce buffers within it is the kernel.
            // SAFETY: It is the device of this test, and nothing is mapped.
            unsafe { c::rk3588_dma_set_seg_boundary(as_raw(dev.as_device()), c_ulong::MAX) };
        }

        // The first entry is within, the others are not.
        let mut buffer = Buffer::zeroed(0x2_0000)?;

        fixture::fill(1, 0, &mut buffer);

        let memory = (Contiguous(PageBuffer::zeroed()?), Contiguous(buffer));
        let table = Table::new(dev, memory, GFP_KERNEL)?;
        let memory = match table.map::<Bidirectional>() {
            // The kernel puts bounce buffers where they cross none.
            Ok(list) => {
                assert!(is_forced);
                list.unmap().into_memory()
            }
            Err(error) => {
                assert!(!is_forced);
                assert_eq!(error.failure, MapFailure::CrossesBoundary { mask: MASK });
                assert!(matches!(Error::from(error.failure), ERANGE));
                assert_eq!(dev.statistics().snapshot().failures, 1);
                error.memory.into_memory()
            }
        };

        // It had to be mapped to see that, and is not any more.
        assert_eq!(dev.statistics().snapshot().live, 0);

        // Pages are pages on this bus, too.
        let table = TableBuilder::new(dev, memory.1)
            .split_at_pages()
            .build(GFP_KERNEL)?;
        let list = fixture::run_list(dev, table.map::<Bidirectional>()?, |hardware| {
            assert!(hardware.has_pattern(1));
            hardware.write_pattern(2);
        })?;

        assert!(fixture::is_filled(2, 0, &list.unmap().into_memory().0));
        Ok(())
    }

    #[test]
    fn long_lists_go_both_ways() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        for count in [128, 129, 300] {
            let list = pages(dev, count * PAGE_SIZE - 5, 1)?.map::<Bidirectional>()?;

            assert_eq!(list.entries(), count);

            let list = fixture::run_list(dev, list, |hardware| {
                assert!(hardware.has_pattern(1));
                hardware.write_pattern(2);
            })?;

            assert!(fixture::is_filled(2, 0, &list.unmap().into_memory()));
        }
        Ok(())
    }

    /// More entries than there are bounce buffers: either none is needed, or the table comes back.
    #[test]
    fn very_long_lists_are_mapped_or_come_back() -> Result {
        const COUNT: usize = 4096;

        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let is_forced = fixture::is_bounced(dev)?;
        let mut buffer = Buffer::zeroed(COUNT * 512)?;

        fixture::fill(1, 0, &mut buffer);

        let table = TableBuilder::new(dev, Contiguous(buffer))
            .max_segment(512)
            .build(GFP_KERNEL)?;
        let table = match table.map::<Bidirectional>() {
            Ok(list) => {
                assert!(!is_forced);
                assert_eq!(list.entries(), COUNT);

                let list = fixture::run_list(dev, list, |hardware| {
                    assert!(hardware.has_pattern(1));
                    hardware.write_pattern(2);
                })?;

                list.unmap()
            }
            Err(MapError { failure, memory }) => {
                assert!(is_forced);
                assert_eq!(failure, MapFailure::Refused);
                memory
            }
        };

        assert_eq!(dev.statistics().snapshot().live, 0);
        assert_eq!(table.entries(), COUNT);

        let seed = if is_forced { 1 } else { 2 };

        assert!(fixture::is_filled(seed, 0, &table.into_memory().0));
        Ok(())
    }

    /// One byte, which takes a bounce buffer.
    type Byte<'dev> = Mapping<'dev, KVec<u8>, FromDevice>;

    /// Takes all bounce buffers that are free.
    fn take_all(dev: &DmaDevice) -> Result<KVec<Byte<'_>>> {
        let mut taken = KVec::new();

        while let Ok(byte) = Byte::new(dev, KVec::from_elem(0u8, 1, GFP_KERNEL)?) {
            taken.push(byte, GFP_KERNEL)?;
        }
        Ok(taken)
    }

    /// Bounce buffers run out at any one of the entries: those before it get theirs back.
    #[test]
    fn without_bounce_buffers_it_is_refused_and_comes_back() -> Result {
        const ENTRIES: usize = 5;

        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut vectors = KVec::new();

        for index in 0..ENTRIES {
            vectors.push(KVec::from_elem(index as u8, 7, GFP_KERNEL)?, GFP_KERNEL)?;
        }

        let mut table = Table::new(dev, vectors, GFP_KERNEL)?;

        assert_eq!(table.entries(), ENTRIES);
        for free in 0..ENTRIES {
            let mut taken = take_all(dev)?;
            let all = taken.len();
            let failures = dev.statistics().snapshot().failures;

            taken.truncate(all - free);

            let error = table.map::<FromDevice>().err().ok_or(EINVAL)?;

            assert_eq!(error.failure, MapFailure::Refused);
            assert_eq!(dev.statistics().snapshot().failures, failures + 1);
            assert_eq!(dev.statistics().snapshot().live, taken.len() as u64);
            // The same number is free as before.
            assert_eq!(take_all(dev)?.len(), free);
            table = error.memory;
        }
        assert_eq!(dev.statistics().snapshot().live, 0);

        // As if nothing had been.
        assert_eq!((table.entries(), table.len()), (ENTRIES, 7 * ENTRIES));

        let list = table.map::<FromDevice>()?;
        let list = fixture::run_list(dev, list, |hardware| hardware.write(6, &[0xaa, 0xbb]))?;
        let vectors = list.unmap().into_memory();

        assert_eq!(vectors[0][..], [0, 0, 0, 0, 0, 0, 0xaa]);
        assert_eq!(vectors[1][..], [0xbb, 1, 1, 1, 1, 1, 1]);
        for (index, vector) in vectors.iter().enumerate().skip(2) {
            assert!(vector.iter().all(|&byte| byte == index as u8));
        }
        Ok(())
    }

    /// Memory that says of itself that a device may not write it.
    struct Touchy(Buffer);

    // SAFETY: As for `Buffer`.
    unsafe impl Memory for Touchy {
        fn as_ptr(&self) -> NonNull<u8> {
            self.0.as_ptr()
        }

        fn as_mut_ptr(&mut self) -> NonNull<u8> {
            self.0.as_mut_ptr()
        }

        fn len(&self) -> usize {
            Memory::len(&self.0)
        }

        fn check(&self, device_may_write: bool) -> Result<(), MapFailure> {
            match device_may_write {
                true => Err(MapFailure::SharesCacheLine),
                false => Ok(()),
            }
        }
    }

    #[test]
    fn what_shares_a_line_is_refused_and_comes_back() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut buffer = Buffer::zeroed(64)?;

        fixture::fill(1, 0, &mut buffer);

        let memory = (Contiguous(Buffer::zeroed(64)?), Contiguous(Touchy(buffer)));
        let table = Table::new(dev, memory, GFP_KERNEL)?;
        let error = table.map::<FromDevice>().err().ok_or(EINVAL)?;

        assert_eq!(error.failure, MapFailure::SharesCacheLine);

        let error = error.memory.map::<Bidirectional>().err().ok_or(EINVAL)?;

        assert_eq!(error.failure, MapFailure::SharesCacheLine);
        assert!(matches!(Error::from(error.failure), EINVAL));
        assert_eq!(dev.statistics().snapshot().failures, 2);
        assert_eq!(dev.statistics().snapshot().mapped, 0);

        // Reading is no danger.
        let list = error.memory.map::<ToDevice>()?;
        let list = fixture::run_list(dev, list, |hardware| {
            assert_eq!(hardware.read(63), [0, fixture::pattern(1, 0)]);
        })?;

        assert!(fixture::is_filled(
            1,
            0,
            &list.unmap().into_memory().1 .0 .0
        ));
        Ok(())
    }

    /// A vector that hides from the kernel that it shares a cache line, as in `dma`.
    #[test]
    fn a_vector_that_secretly_shares_a_line_is_refused() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut kept = KVec::new();

        for _ in 0..16 {
            let mut vector = KVec::with_capacity(96, GFP_KERNEL)?;

            vector.extend_from_slice(&[0u8; 64], GFP_KERNEL)?;

            let expected = Memory::check(&vector, true);
            let table = Table::new(dev, Contiguous(vector), GFP_KERNEL)?;

            let table = match table.map::<FromDevice>() {
                Ok(list) => {
                    assert!(expected.is_ok());
                    list.unmap()
                }
                Err(error) => {
                    assert!(expected.is_err());
                    assert_eq!(error.failure, MapFailure::SharesCacheLine);
                    error.memory
                }
            };

            kept.push(table, GFP_KERNEL)?;
        }
        Ok(())
    }
}
