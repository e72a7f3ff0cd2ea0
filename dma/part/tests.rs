// SPDX-License-Identifier: GPL-2.0

//! KUnit suite of parts of a mapping.

use kernel::prelude::*;

#[kunit_tests(rk3588_dma_part)]
mod suite {
    use core::mem::ManuallyDrop;

    use kernel::sync::atomic::{
        Atomic,
        Relaxed, //
    };

    use super::super::*;
    use crate::{
        dma::{
            Bidirectional,
            Buffer,
            BusMaster,
            FromDevice,
            PageBuffer,
            ToDevice, //
        },
        fixture::{
            self,
            TestDevice, //
        }, //
    };

    const LEN: usize = 4100;

    /// Ranges of the three parts that [`in_three`] returns.
    const RANGES: [core::ops::Range<usize>; 3] = [0..1024, 1024..3072, 3072..LEN];

    type Part<'dev, D> = MappedPart<'dev, Buffer, D>;

    /// Returns a part that covers a mapped buffer, whose bytes are a pattern.
    fn whole<D: Direction>(dev: &DmaDevice) -> Result<Part<'_, D>> {
        let mut buffer = Buffer::zeroed(LEN, GFP_KERNEL)?;

        fixture::fill(1, 0, &mut buffer);

        let mapping = Mapping::<_, D>::new(dev, buffer)?;

        mapping.into_part(GFP_KERNEL).map_err(|_| ENOMEM)
    }

    fn in_three<M: Memory, D: Direction>(
        part: MappedPart<'_, M, D>,
    ) -> Result<[MappedPart<'_, M, D>; 3]> {
        let (first, others) = part.split(RANGES[0].len()).map_err(|_| EINVAL)?;
        let (second, third) = others.split(RANGES[1].len()).map_err(|_| EINVAL)?;

        Ok([first, second, third])
    }

    fn joined<D: Direction>([first, second, third]: [Part<'_, D>; 3]) -> Result<Part<'_, D>> {
        let part = first.join(second).map_err(|_| EINVAL)?;

        part.join(third).map_err(|_| EINVAL)
    }

    /// Syncs for the CPU and for the device, so far.
    fn syncs(dev: &DmaDevice) -> (u64, u64) {
        let now = fixture::counters(dev);

        (now.syncs_for_cpu, now.syncs_for_device)
    }

    fn live(dev: &DmaDevice) -> u64 {
        fixture::counters(dev).live
    }

    #[test]
    fn each_part_goes_both_ways() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut parts = [None, None, None];

        for ((part, range), done) in in_three(whole::<Bidirectional>(dev)?)?
            .into_iter()
            .zip(RANGES)
            .zip(&mut parts)
        {
            let mut part = fixture::run(dev, part, |hardware| {
                let last = hardware.read::<3>(range.len() - 3);

                assert_eq!(hardware.len(), range.len());
                assert!(fixture::is_filled(1, range.start, &hardware.read::<64>(0)));
                assert!(fixture::is_filled(1, range.end - 3, &last));
                hardware.write_pattern(2);
            })?;

            assert!(fixture::is_filled(2, 0, part.for_cpu(..)?));
            fixture::fill(3, 0, &mut part.for_cpu_mut(..)?);
            *done = Some(fixture::run(dev, part, |hardware| {
                assert!(hardware.has_pattern(3));
                hardware.write_pattern(4);
            })?);
        }

        let [Some(first), Some(second), Some(third)] = parts else {
            return Err(EINVAL);
        };
        let part = joined([first, second, third])?;
        let buffer = part.into_mapping().map_err(|_| EINVAL)?.unmap();

        for range in RANGES {
            assert!(fixture::is_filled(4, 0, &buffer[range]));
        }
        assert_eq!(syncs(dev), (6, 3));
        assert_eq!(fixture::counters(dev).mapped, 1);
        assert_eq!(fixture::counters(dev).bytes, buffer.padded_len() as u64);
        assert_eq!(live(dev), 0);
        Ok(())
    }

    #[test]
    fn two_are_in_flight_while_the_cpu_reads_a_third() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let bus = BusMaster::<u32>::new(dev)?;
        let [first, second, third] = in_three(whole::<FromDevice>(dev)?)?;
        let mut third = fixture::run(dev, third, |hardware| hardware.write_pattern(4))?;
        let (first, second) = (bus.submit(first)?, bus.submit(second)?);
        let (one, other) = (
            fixture::hardware(dev, &first)?,
            fixture::hardware(dev, &second)?,
        );

        one.write_pattern(2);
        assert!(fixture::is_filled(4, 0, third.for_cpu(..)?));
        other.write_pattern(3);
        assert!(fixture::is_filled(4, 0, third.for_cpu(..)?));
        one.write(RANGES[0].len() - 1, &[0x77]);
        // SAFETY: The device must not use the parts any more: its hardware is not used below.
        let (mut first, mut second) = unsafe { (first.complete(), second.complete()) };

        assert!(fixture::is_filled(2, 0, first.for_cpu(..1023)?));
        assert_eq!(*first.for_cpu(1023..)?, [0x77]);
        assert!(fixture::is_filled(3, 0, second.for_cpu(..)?));
        assert!(fixture::is_filled(4, 0, third.for_cpu(..)?));
        assert_eq!(syncs(dev), (6, 0));
        assert_eq!(live(dev), 1);
        Ok(())
    }

    /// In a bounce buffer one sees how far a sync goes.
    #[test]
    fn a_sync_of_a_part_leaves_the_others_alone() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let part = fixture::run(dev, whole::<FromDevice>(dev)?, |hardware| {
            hardware.write_pattern(2);
        })?;
        let is_bounced = fixture::counters(dev).bounced == 1;
        let [mut first, mut second, third] = in_three(part)?;
        let (before, behind) = (first.view.start(), third.view.start());
        let stale = if is_bounced { 1 } else { 2 };

        assert!(fixture::is_filled(2, 1024, second.for_cpu(..)?));
        // SAFETY: The bytes must be valid for reads: they are those of parts without references.
        let (before, behind) = unsafe { (before.read_volatile(), behind.read_volatile()) };

        assert_eq!(before, fixture::pattern(stale, 0));
        assert_eq!(behind, fixture::pattern(stale, 3072));
        assert!(fixture::is_filled(2, 0, first.for_cpu(..)?));
        assert_eq!(syncs(dev), (2, 0));
        Ok(())
    }

    #[test]
    fn to_device_each_change_is_seen_and_looking_needs_no_sync() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let [first, mut second, third] = in_three(whole::<ToDevice>(dev)?)?;

        assert!(fixture::is_filled(1, 1024, second.for_cpu(..)?));
        for round in 2..5 {
            second.for_cpu_mut(100..108)?.fill(round);
            second = fixture::run(dev, second, |hardware| {
                assert_eq!(hardware.read(107), [round]);
                assert!(fixture::is_filled(1, 1024 + 108, &hardware.read::<8>(108)));
            })?;
        }
        assert_eq!(syncs(dev), (0, 3));
        assert!(joined([first, second, third])?.into_mapping().is_ok());
        Ok(())
    }

    #[test]
    fn ranges_and_values_are_those_of_the_part() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let [_first, mut second, _third] = in_three(whole::<Bidirectional>(dev)?)?;

        *second.for_cpu_as_mut::<[u8; 4]>(2044)? = [1, 2, 3, 4];
        assert_eq!(*second.for_cpu_as::<[u8; 2]>(2046)?, [3, 4]);
        assert_eq!(second.len(), 2048);
        for range in [0..2049, 2049..2049, 0..usize::MAX] {
            assert!(matches!(second.for_cpu(range.clone()), Err(EINVAL)));
            assert!(matches!(second.for_cpu_mut(range), Err(EINVAL)));
        }
        assert!(matches!(second.for_cpu_as::<[u8; 4]>(2045), Err(EINVAL)));
        assert!(matches!(
            second.for_cpu_as_mut::<[u8; 4]>(2045),
            Err(EINVAL)
        ));
        assert_eq!(syncs(dev), (2, 1));
        Ok(())
    }

    #[test]
    fn a_split_elsewhere_than_at_a_line_inside_is_refused_and_it_comes_back() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let line = dev.cache_alignment();
        let mut part = whole::<FromDevice>(dev)?;

        for at in [
            0,
            1,
            line - 1,
            line + 1,
            LEN - 1,
            LEN,
            LEN + line,
            usize::MAX,
            usize::MAX - line + 1,
        ] {
            part = match part.split(at) {
                Ok(_) => return Err(EINVAL),
                Err(part) => part,
            };
            assert_eq!(part.len(), LEN);
        }

        let (first, second) = part.split(line).map_err(|_| EINVAL)?;

        assert_eq!((first.len(), second.len()), (line, LEN - line));
        // Counted from the part, which begins at the second line.
        assert!(matches!(second.split(line), Ok((second, third))
            if second.len() == line && third.len() == LEN - 2 * line));
        Ok(())
    }

    /// A part ends at a line of its memory and at a line of its bounce buffer, which begins at a
    /// line.
    #[test]
    fn memory_that_begins_within_a_line_is_split_at_a_line_unless_it_is_bounced() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let half = dev.cache_alignment() / 2;
        let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

        page.set_range(half..2000)?;

        let mapping = Mapping::<_, Bidirectional>::new(dev, page)?;
        let is_bounced = fixture::counters(dev).bounced == 1;
        let part = mapping.into_part(GFP_KERNEL).map_err(|_| ENOMEM)?;
        // The end of a line of the bounce buffer.
        let part = part.split(2 * half).err().ok_or(EINVAL)?;

        match part.split(half) {
            Ok((first, second)) => {
                assert!(!is_bounced);
                assert_eq!(first.len(), half);
                assert_eq!(second.view.start().addr().get() % (2 * half), 0);
            }
            Err(part) => {
                assert!(is_bounced);
                assert!(part.into_mapping().is_ok());
            }
        }
        assert_eq!(live(dev), 0);
        Ok(())
    }

    #[test]
    fn parts_that_do_not_follow_each_other_are_not_joined_and_come_back() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let [first, second, third] = in_three(whole::<FromDevice>(dev)?)?;
        let [_, elsewhere, _] = in_three(whole::<FromDevice>(dev)?)?;
        let (second, first) = second.join(first).err().ok_or(EINVAL)?;
        let (first, third) = first.join(third).err().ok_or(EINVAL)?;
        // What follows it by its offset is of another mapping.
        let (first, elsewhere) = first.join(elsewhere).err().ok_or(EINVAL)?;

        assert_eq!(first.len(), 1024);
        assert_eq!(elsewhere.len(), 2048);
        assert_eq!(live(dev), 2);

        // Also from the end.
        let others = second.join(third).map_err(|_| EINVAL)?;
        let mut part = first.join(others).map_err(|_| EINVAL)?;

        assert!(fixture::is_filled(1, 0, part.for_cpu(..)?));
        assert!(part.into_mapping().is_ok());
        Ok(())
    }

    #[test]
    fn without_one_part_there_is_no_mapping() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let [first, second, third] = in_three(whole::<FromDevice>(dev)?)?;
        let first = first.into_mapping().err().ok_or(EINVAL)?;

        // Not even when it is gone.
        drop(third);

        let part = first.join(second).map_err(|_| EINVAL)?;
        let mut part = part.into_mapping().err().ok_or(EINVAL)?;

        assert!(fixture::is_filled(1, 0, part.for_cpu(..)?));
        assert_eq!(live(dev), 1);
        drop(part);
        assert_eq!(live(dev), 0);
        assert_eq!(fixture::counters(dev).mapped, 1);
        Ok(())
    }

    #[test]
    fn a_mapping_that_was_split_is_mapped_as_before() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let part = joined(in_three(whole::<FromDevice>(dev)?)?)?;
        let mapping = part.into_mapping().map_err(|_| EINVAL)?;

        assert_eq!(live(dev), 1);

        let mapping = fixture::run(dev, mapping, |hardware| hardware.write_pattern(2))?;

        assert!(fixture::is_filled(2, 0, &mapping.unmap()));
        assert_eq!(fixture::counters(dev).mapped, 1);
        assert_eq!(live(dev), 0);
        Ok(())
    }

    /// The memory is unmapped before it is freed, and without a sync.
    #[test]
    fn dropped_in_any_order_it_is_unmapped_once_after_the_last() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        for order in [
            [0, 1, 2],
            [0, 2, 1],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
            [2, 1, 0],
        ] {
            let (still_live, first_bytes) = (Atomic::new(9), Atomic::new(0));
            let witness = fixture::Witness {
                buffer: Buffer::zeroed(LEN, GFP_KERNEL)?,
                dev,
                live: &still_live,
                first_bytes: &first_bytes,
            };
            let mapping = Mapping::<_, FromDevice>::new(dev, witness)
                .map_err(|error| Error::from(error.failure))?;
            let part = mapping.into_part(GFP_KERNEL).map_err(|_| ENOMEM)?;
            let mut parts = in_three(part)?.map(Some);

            for at in order {
                assert_eq!(live(dev), 1);
                assert_eq!(still_live.load(Relaxed), 9);
                drop(parts[at].take());
            }
            assert_eq!(live(dev), 0);
            assert_eq!(still_live.load(Relaxed), 0);
        }
        assert_eq!(fixture::counters(dev).mapped, 6);
        Ok(())
    }

    #[test]
    fn with_an_address_a_part_is_leaked_and_nothing_is_freed() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let [first, second, third] = in_three(whole::<FromDevice>(dev)?)?;
        let (first_byte, last_byte) = (first.view.start(), third.view.start());
        // SAFETY: The part must be dropped once: the first owner is leaked below.
        let leaked = ManuallyDrop::new(unsafe { ptr::read(&second) });
        let flight = BusMaster::<u32>::new(dev)?.submit(second)?;
        let _ = flight.segments();

        drop(flight);
        drop((first, third));
        assert_eq!(live(dev), 1);
        // SAFETY: The memory must be valid for writes: it is leaked. KASAN finds it if it is freed.
        unsafe {
            first_byte.as_ptr().write_volatile(1);
            last_byte.as_ptr().write_volatile(1);
        }
        drop(ManuallyDrop::into_inner(leaked));
        assert_eq!(live(dev), 0);
        Ok(())
    }

    #[test]
    fn without_an_address_a_part_is_dropped_as_one_that_is_not_in_flight() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let bus = BusMaster::<u32>::new(dev)?;
        let [first, second, third] = in_three(whole::<FromDevice>(dev)?)?;
        let (first, second) = (bus.submit(first)?, bus.submit(second)?);

        drop(first);
        assert_eq!(live(dev), 1);

        let Ok(second) = second.cancel() else {
            return Err(EINVAL);
        };

        assert!(second.join(third).is_ok());
        assert_eq!(live(dev), 0);
        Ok(())
    }

    #[test]
    fn for_another_device_a_part_comes_back() -> Result {
        let (device, other) = (TestDevice::new()?, TestDevice::new()?);
        let (dev, other) = (device.dma()?, other.dma()?);
        let [first, second, third] = in_three(whole::<FromDevice>(dev)?)?;
        let error = BusMaster::<u32>::new(other)?.submit(second);
        let second = error.err().ok_or(EINVAL)?.0;

        assert!(second.is_mapped_for(dev));
        assert!(joined([first, second, third])?.into_mapping().is_ok());
        Ok(())
    }

    #[test]
    fn the_cpu_reads_what_the_device_wrote_to_a_part_in_flight() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let [_first, second, _third] = in_three(whole::<FromDevice>(dev)?)?;
        let mut flight = BusMaster::<u32>::new(dev)?.submit(second)?;
        let hardware = fixture::hardware(dev, &flight)?;

        for round in 2..5 {
            hardware.write(1000, &[round; 8]);
            // SAFETY: The device must not write the bytes meanwhile: the hardware is used above.
            let bytes = unsafe { flight.for_cpu(1000..1009)? };

            assert_eq!(bytes[..8], [round; 8]);
            assert_eq!(bytes[8], fixture::pattern(1, 1024 + 1008));
        }
        // SAFETY: As above.
        assert!(matches!(unsafe { flight.for_cpu(..2049) }, Err(EINVAL)));
        assert_eq!(syncs(dev), (3, 0));
        // SAFETY: The device must not use the part any more: the hardware is not used below.
        drop(unsafe { flight.complete() });
        Ok(())
    }

    #[test]
    fn without_memory_the_mapping_comes_back() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(LEN, GFP_KERNEL)?)?;
        let result = fixture::without_memory(|| mapping.into_part(GFP_KERNEL))?;
        let mapping = result.err().ok_or(EINVAL)?;

        assert_eq!(live(dev), 1);

        let mapping = fixture::run(dev, mapping, |hardware| hardware.write_pattern(2))?;

        assert!(fixture::is_filled(2, 0, &mapping.unmap()));
        assert_eq!(live(dev), 0);
        Ok(())
    }
}
