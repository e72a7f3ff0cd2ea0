// SPDX-License-Identifier: GPL-2.0

//! The KUnit suite of what the CPU does with mapped lists.

use kernel::prelude::*;

#[kunit_tests(rk3588_dma_sg_access)]
mod suite {
    use core::mem;

    use super::super::*;
    use crate::{
        dma::{
            Bidirectional,
            Buffer,
            BusMaster,
            DmaDevice,
            FromDevice,
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

    /// A list of these bytes, which are a pattern, in entries of 64 bytes.
    fn list<D: Direction>(
        dev: &DmaDevice,
        len: usize,
        seed: u8,
    ) -> Result<MappedSgTable<'_, Contiguous<Buffer>, D>> {
        let mut buffer = Buffer::zeroed(len, GFP_KERNEL)?;

        fixture::fill(seed, 0, &mut buffer);

        let table = SgTableBuilder::new(dev, Contiguous(buffer))
            .max_segment(64)
            .build(GFP_KERNEL)?;

        Ok(table.map::<D>()?)
    }

    /// Syncs for the CPU and for the device, so far.
    fn syncs(dev: &DmaDevice) -> (u64, u64) {
        let now = fixture::counters(dev);

        (now.syncs_for_cpu, now.syncs_for_device)
    }

    /// Returns a byte of the memory, without a sync.
    fn peek<M: SgMemory, D: Direction>(
        list: &mut MappedSgTable<'_, M, D>,
        at: usize,
    ) -> Result<u8> {
        let (entry, _) = Window::new(list.raw.table.iter(), at..at + 1)
            .next()
            .ok_or(EINVAL)?;

        // SAFETY: It is in memory that the list has to itself.
        Ok(unsafe { entry.start().read() })
    }

    /// Changes what is in the memory, without a sync.
    fn poke<M: SgMemory, D: Direction>(
        list: &mut MappedSgTable<'_, M, D>,
        range: Range<usize>,
        byte: u8,
    ) {
        for (entry, len) in Window::new(list.raw.table.iter(), range) {
            // SAFETY: As above.
            unsafe { entry.start().write_bytes(byte, len) };
        }
    }

    #[test]
    fn from_device_the_cpu_sees_each_time_what_is_new() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut list = list::<FromDevice>(dev, 1000, 0)?;
        let mut bytes = [0; 300];

        for round in 1..4 {
            list = fixture::run(dev, list, |hardware| hardware.write_pattern(round))?;
            // Three entries and parts of two, then less than one.
            list.for_cpu(50..350)?.copy_to(&mut bytes)?;
            assert!(fixture::is_filled(round, 50, &bytes));
            list.for_cpu(970..)?.copy_to(&mut bytes[..30])?;
            assert!(fixture::is_filled(round, 970, &bytes[..30]));
        }
        assert_eq!(syncs(dev), (3 * 7, 0));
        Ok(())
    }

    #[test]
    fn to_device_the_device_sees_each_time_what_is_new() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut list = list::<ToDevice>(dev, 1000, 0)?;

        for round in 1..4 {
            list.for_cpu_mut(50..350)?.copy_from(&[round; 300])?;
            list = fixture::run(dev, list, |hardware| {
                assert_eq!(hardware.read(50), [round; 300]);
                assert_eq!(hardware.read(49), [fixture::pattern(0, 49), round]);
                assert_eq!(hardware.read(349), [round, fixture::pattern(0, 350)]);
            })?;
        }
        assert_eq!(syncs(dev), (0, 3 * 6));
        Ok(())
    }

    #[test]
    fn bidirectional_each_sees_what_the_other_did() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let list = list::<Bidirectional>(dev, 200, 0)?;
        let mut list = fixture::run(dev, list, |hardware| hardware.write_pattern(1))?;

        {
            let mut bytes = list.for_cpu_mut(60..140)?;
            let mut at = 60;

            assert_eq!(bytes.len(), 80);
            for slice in bytes.iter_mut() {
                assert!(fixture::is_filled(1, at, slice));
                at += slice.len();
                slice[0] = 9;
            }
        }

        let mut list = fixture::run(dev, list, |hardware| {
            assert_eq!(hardware.read(59), [fixture::pattern(1, 59), 9]);
            assert_eq!(hardware.read(64), [9, fixture::pattern(1, 65)]);
            assert_eq!(hardware.read(128), [9]);
            hardware.write(127, &[7, 8]);
        })?;
        let mut bytes = [0; 4];

        list.for_cpu(126..130)?.copy_to(&mut bytes)?;
        assert_eq!(
            bytes,
            [fixture::pattern(1, 126), 7, 8, fixture::pattern(1, 129)]
        );
        assert_eq!(syncs(dev), (3 + 2, 3));
        Ok(())
    }

    /// Looking at what the device only reads costs nothing: only the CPU writes there.
    #[test]
    fn to_device_looking_needs_no_sync() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut list = list::<ToDevice>(dev, 300, 5)?;
        let mut bytes = [0; 300];

        list.for_cpu(..)?.copy_to(&mut bytes)?;
        assert!(fixture::is_filled(5, 0, &bytes));
        assert_eq!(syncs(dev), (0, 0));
        assert_eq!(list.for_cpu_mut(100..200)?.iter_mut().count(), 3);
        assert_eq!(syncs(dev), (0, 3));
        Ok(())
    }

    /// With bounce buffers, bytes outside the synced range do not change.
    #[test]
    fn only_the_range_is_synced() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut list = list::<Bidirectional>(dev, 300, 0)?;
        let is_bounced = fixture::counters(dev).bounced == 1;

        list = fixture::run(dev, list, |hardware| hardware.write(0, &[1; 300]))?;
        assert_eq!(list.for_cpu(100..200)?.len(), 100);
        for at in 0..300 {
            let is_synced = (100..200).contains(&at) || !is_bounced;
            let expected = if is_synced {
                1
            } else {
                fixture::pattern(0, at)
            };

            assert_eq!(peek(&mut list, at)?, expected);
        }

        // All bytes are changed, and some are synced.
        poke(&mut list, 0..300, 2);
        list.raw.sync_for_device(100..200);
        drop(fixture::run(dev, list, |hardware| {
            for at in 0..300 {
                let is_synced = (100..200).contains(&at) || !is_bounced;

                assert_eq!(hardware.read(at), [if is_synced { 2 } else { 1 }]);
            }
        })?);
        Ok(())
    }

    #[test]
    fn a_guard_syncs_its_range_alone() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut list = list::<ToDevice>(dev, 300, 0)?;
        let is_bounced = fixture::counters(dev).bounced == 1;

        poke(&mut list, 0..300, 2);
        drop(list.for_cpu_mut(10..130)?);
        drop(fixture::run(dev, list, |hardware| {
            for at in 0..300 {
                let is_synced = (10..130).contains(&at) || !is_bounced;
                let expected = if is_synced {
                    2
                } else {
                    fixture::pattern(0, at)
                };

                assert_eq!(hardware.read(at), [expected]);
            }
        })?);
        Ok(())
    }

    #[test]
    fn slices_are_parts_of_entries_in_their_order() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut list = list::<ToDevice>(dev, 300, 3)?;

        for (range, lens) in [
            (0..300, &[64, 64, 64, 64, 44][..]),
            (0..64, &[64]),
            (63..65, &[1, 1]),
            (64..128, &[64]),
            (70..80, &[10]),
            (1..129, &[63, 64, 1]),
            (256..300, &[44]),
            (299..300, &[1]),
        ] {
            let mut at = range.start;
            let bytes = list.for_cpu(range.clone())?;
            let found = bytes.iter().map(<[u8]>::len);

            assert_eq!(bytes.len(), range.len());
            assert!(found.eq(lens.iter().copied()));
            for slice in bytes.iter() {
                assert!(fixture::is_filled(3, at, slice));
                at += slice.len();
            }
            assert_eq!(at, range.end);

            let mut bytes = list.for_cpu_mut(range.clone())?;

            assert!(bytes
                .iter_mut()
                .map(|slice| slice.len())
                .eq(lens.iter().copied()));
        }
        Ok(())
    }

    /// All slices exist at once: none has a byte of another.
    #[test]
    fn slices_to_be_changed_are_apart() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut list = list::<ToDevice>(dev, 200, 0)?;
        let mut guard = list.for_cpu_mut(..)?;
        let mut slices = KVec::new();

        for slice in guard.iter_mut() {
            slices.push(slice, GFP_KERNEL)?;
        }
        for (index, slice) in slices.iter_mut().enumerate() {
            slice.fill(index as u8);
        }
        drop(slices);
        drop(guard);
        drop(fixture::run(dev, list, |hardware| {
            for at in 0..200 {
                assert_eq!(hardware.read(at), [(at / 64) as u8]);
            }
        })?);
        Ok(())
    }

    #[test]
    fn copies_of_another_length_are_refused() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut list = list::<ToDevice>(dev, 200, 1)?;
        let mut to = [0xee; 102];

        for len in [0, 99, 101, 102] {
            assert!(matches!(
                list.for_cpu(50..150)?.copy_to(&mut to[..len]),
                Err(EINVAL)
            ));
            assert!(matches!(
                list.for_cpu_mut(50..150)?.copy_from(&to[..len]),
                Err(EINVAL)
            ));
        }
        // Nothing has been copied.
        assert!(to == [0xee; 102]);
        list.for_cpu(..100)?.copy_to(&mut to[..100])?;
        assert!(fixture::is_filled(1, 0, &to[..100]));
        list.for_cpu(100..)?.copy_to(&mut to[..100])?;
        assert!(fixture::is_filled(1, 100, &to[..100]));
        Ok(())
    }

    #[test]
    fn the_cpu_reads_what_the_device_wrote_while_it_writes_the_rest() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let list = list::<FromDevice>(dev, 1000, 1)?;
        let mut flight = BusMaster::<u32>::new(dev)?.submit(list)?;
        let hardware = fixture::hardware(dev, &flight)?;

        for (offset, seed) in [(0, 2), (250, 3), (500, 4), (750, 5)] {
            let mut bytes = [0; 250];

            fixture::fill(seed, 0, &mut bytes);
            hardware.write(offset, &bytes);
            // SAFETY: The device must not write the bytes meanwhile: the hardware is used above.
            let seen = unsafe { flight.for_cpu(offset..offset + 250)? };

            bytes.fill(0);
            seen.copy_to(&mut bytes)?;
            assert!(fixture::is_filled(seed, 0, &bytes));
        }
        // The ranges are in four, five, five and five entries.
        assert_eq!(syncs(dev), (19, 0));
        // SAFETY: As above.
        assert!(unsafe { flight.for_cpu(..1001) }.is_err());
        // SAFETY: The device must not use the list any more: the hardware is not used below.
        drop(unsafe { flight.complete() });
        Ok(())
    }

    #[test]
    fn ranges_outside_are_refused() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut list = list::<Bidirectional>(dev, 100, 0)?;

        #[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
        for range in [0..101, 100..101, 101..101, 2..1, 0..usize::MAX] {
            assert!(matches!(list.for_cpu(range.clone()), Err(EINVAL)));
            assert!(matches!(list.for_cpu_mut(range), Err(EINVAL)));
        }
        assert!(matches!(list.for_cpu(..=100), Err(EINVAL)));
        assert!(matches!(list.for_cpu(..=usize::MAX), Err(EINVAL)));
        assert!(matches!(list.for_cpu(101..), Err(EINVAL)));
        assert_eq!(syncs(dev), (0, 0));
        assert_eq!(list.for_cpu(..=99)?.len(), 100);
        Ok(())
    }

    #[test]
    fn an_empty_range_is_empty_and_needs_no_sync() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut list = list::<Bidirectional>(dev, 200, 0)?;

        for at in [0, 1, 64, 200] {
            assert_eq!(list.for_cpu(at..at)?.len(), 0);
            assert_eq!(list.for_cpu(at..at)?.iter().count(), 0);
            list.for_cpu(at..at)?.copy_to(&mut [])?;

            let mut bytes = list.for_cpu_mut(at..at)?;

            assert_eq!(bytes.len(), 0);
            assert_eq!(bytes.iter_mut().count(), 0);
            bytes.copy_from(&[])?;
        }
        assert_eq!(syncs(dev), (0, 0));
        Ok(())
    }

    /// A guard that is leaked keeps its bytes from the device, and the list can still be used.
    #[test]
    fn a_forgotten_guard_only_keeps_its_bytes() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut list = list::<ToDevice>(dev, 200, 0)?;
        let is_bounced = fixture::counters(dev).bounced == 1;
        let mut bytes = list.for_cpu_mut(..)?;

        bytes.copy_from(&[1; 200])?;
        mem::forget(bytes);
        assert_eq!(syncs(dev), (0, 0));
        list.for_cpu_mut(60..70)?.copy_from(&[2; 10])?;
        drop(fixture::run(dev, list, |hardware| {
            let kept = |at| match is_bounced {
                true => fixture::pattern(0, at),
                false => 1,
            };

            assert_eq!(hardware.read(59), [kept(59), 2]);
            assert_eq!(hardware.read(69), [2, kept(70)]);
        })?);
        assert_eq!(fixture::counters(dev).live, 0);
        Ok(())
    }

    /// vmalloc memory, which the CPU has at other addresses when it is not mapped.
    #[test]
    fn vmalloc_memory_is_reached_in_its_order() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let bytes = VVec::from_elem(0u8, 20_000, GFP_KERNEL)?;
        let table = SgTableBuilder::new(dev, bytes).build(GFP_KERNEL)?;
        let mut list = table.map::<Bidirectional>()?;

        list.for_cpu_mut(4090..12_300)?
            .iter_mut()
            .fold(4090, |at, slice| {
                fixture::fill(1, at, slice);
                at + slice.len()
            });
        list = fixture::run(dev, list, |hardware| {
            for at in [4090, 4095, 4096, 8191, 8192, 12_299] {
                assert_eq!(hardware.read(at), [fixture::pattern(1, at)]);
            }
            assert_eq!(hardware.read(4089), [0, fixture::pattern(1, 4090)]);
            hardware.write(8190, &[9; 4]);
        })?;

        let mut four = [0; 4];

        list.for_cpu(8190..8194)?.copy_to(&mut four)?;
        assert_eq!(four, [9; 4]);

        let bytes = list.unmap().into_memory();

        assert!(fixture::is_filled(1, 4090, &bytes[4090..8190]));
        assert_eq!(bytes[8190..8194], [9; 4]);
        assert!(fixture::is_filled(1, 8194, &bytes[8194..12_300]));
        Ok(())
    }
}
