// SPDX-License-Identifier: GPL-2.0

//! The KUnit suite of memory in pieces.

use kernel::prelude::*;

#[kunit_tests(rk3588_dma_sg_memory)]
mod suite {
    use kernel::page::Page;

    use super::super::*;
    use crate::{
        dma::{
            Bidirectional,
            Buffer,
            DmaDevice,
            FromDevice,
            Mapping,
            PageBuffer,
            ToDevice, //
        },
        fixture::{
            self,
            Slot,
            TestDevice, //
        },
        sg::SgTable, //
    };

    /// Calls its argument with the bytes of each piece of the memory in turn.
    type ForEach<M> = fn(&mut M, &mut dyn FnMut(&mut [u8]));

    /// Returns true if `memory` goes to the device, from it, and both ways, with one table.
    fn goes_both_ways<M: SgMemory>(
        dev: &DmaDevice,
        mut memory: M,
        for_each: ForEach<M>,
    ) -> Result<bool> {
        let mut right = true;
        let mut at = 0;

        for_each(&mut memory, &mut |bytes| {
            fixture::fill(1, at, bytes);
            at += bytes.len();
        });

        let len = SgMemory::len(&memory);

        right &= at == len;

        let list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<ToDevice>()?;
        let list = fixture::run(dev, list, |hardware| {
            right &= hardware.len() == len && hardware.has_pattern(1);
        })?;
        let list = list.unmap().map::<FromDevice>()?;
        let list = fixture::run(dev, list, |hardware| hardware.write_pattern(2))?;
        let mut memory = list.unmap().into_memory();

        at = 0;
        for_each(&mut memory, &mut |bytes| {
            right &= fixture::is_filled(2, at, bytes);
            at += bytes.len();
        });

        let list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<Bidirectional>()?;
        let list = fixture::run(dev, list, |hardware| {
            right &= hardware.has_pattern(2);
            hardware.write_pattern(3);
        })?;
        let mut memory = list.unmap().into_memory();

        at = 0;
        for_each(&mut memory, &mut |bytes| {
            right &= fixture::is_filled(3, at, bytes);
            at += bytes.len();
        });
        Ok(right && fixture::counters(dev).live == 0)
    }

    /// Buffers of these lengths.
    fn buffers(lens: &[usize]) -> Result<KVec<Buffer>> {
        let mut buffers = KVec::new();

        for &len in lens {
            buffers.push(Buffer::zeroed(len, GFP_KERNEL)?, GFP_KERNEL)?;
        }
        Ok(buffers)
    }

    #[test]
    fn one_buffer_goes_both_ways() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        for len in [1, 63, 4096, 100_000] {
            assert!(goes_both_ways(
                dev,
                Contiguous(Buffer::zeroed(len, GFP_KERNEL)?),
                |buffer, act| act(&mut buffer.0)
            )?);
        }
        Ok(())
    }

    #[test]
    fn buffers_go_both_ways() -> Result {
        let device = TestDevice::new()?;

        assert!(goes_both_ways(
            device.dma()?,
            buffers(&[1, 4096, 5000, 64, 300, 12_288])?,
            |buffers, act| buffers.iter_mut().for_each(|buffer| act(buffer))
        )?);
        Ok(())
    }

    #[test]
    fn pages_go_both_ways() -> Result {
        let device = TestDevice::new()?;
        let mut pages = KVec::new();

        for range in [0..4096, 0..4096, 100..4096, 0..1, 7..7, 4095..4096, 0..2048] {
            let mut page = PageBuffer::new(Page::alloc_page(GFP_KERNEL)?)?;

            page.set_range(range)?;
            pages.push(page, GFP_KERNEL)?;
        }
        assert!(goes_both_ways(device.dma()?, pages, |pages, act| pages
            .iter_mut()
            .for_each(|page| act(page)))?);
        Ok(())
    }

    #[test]
    fn vmalloc_memory_goes_both_ways() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        for len in [1, 4096, 4097, 100_000] {
            assert!(goes_both_ways(
                dev,
                VVec::from_elem(0u8, len, GFP_KERNEL)?,
                |bytes, act| act(bytes)
            )?);
        }
        Ok(())
    }

    /// The elements, and not what there is room for.
    #[test]
    fn vmalloc_memory_with_room_goes_as_far_as_it_is_filled() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut words = VVec::with_capacity(5000, GFP_KERNEL)?;

        words.extend_from_slice(&[[0u8; 8]; 600], GFP_KERNEL)?;
        assert!(SgMemory::len(&words) == 4800);
        assert!(goes_both_ways(dev, words, |words, act| {
            act(words.as_flattened_mut())
        })?);
        Ok(())
    }

    /// Objects of `kmalloc()`, short and long ones.
    #[test]
    fn vectors_go_both_ways() -> Result {
        let device = TestDevice::new()?;
        let mut vectors = KVec::new();

        for len in [1, 8, 64, 0, 96, 96, 192, 256, 5000] {
            vectors.push(KVec::from_elem(0u8, len, GFP_KERNEL)?, GFP_KERNEL)?;
        }
        assert!(goes_both_ways(device.dma()?, vectors, |vectors, act| {
            vectors.iter_mut().for_each(|vector| act(vector))
        })?);
        Ok(())
    }

    #[test]
    fn a_header_and_its_payload_go_both_ways() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        assert!(goes_both_ways(
            dev,
            (
                Contiguous(KBox::new([0u8; 14], GFP_KERNEL)?),
                VVec::from_elem(0u8, 9000, GFP_KERNEL)?
            ),
            |pair, act| {
                act(&mut *pair.0 .0);
                act(&mut pair.1);
            }
        )?);
        assert!(goes_both_ways(
            dev,
            (
                (
                    Contiguous(Buffer::zeroed(20, GFP_KERNEL)?),
                    KVec::<PageBuffer>::new() //
                ),
                buffers(&[4096, 8])?
            ),
            |pair, act| {
                act(&mut pair.0 .0 .0);
                pair.1.iter_mut().for_each(|buffer| act(buffer));
            }
        )?);
        Ok(())
    }

    /// Each of them is shorter than a cache line, and may be in the same one as others.
    #[test]
    fn neighbours_in_a_cache_line_are_left_alone() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut neighbours = KVec::new();
        let mut words = KVec::new();

        for _ in 0..32 {
            neighbours.push(KBox::new(1u64, GFP_KERNEL)?, GFP_KERNEL)?;
            words.push(KBox::new(0u64, GFP_KERNEL)?, GFP_KERNEL)?;
        }

        let list = SgTable::new(dev, words, GFP_KERNEL)?.map::<FromDevice>()?;

        assert_eq!(fixture::counters(dev).bounced_bytes, 256);

        let list = fixture::run(dev, list, |hardware| hardware.write(0, &[0xff; 256]))?;

        for neighbour in &mut neighbours {
            **neighbour += 1;
        }

        let words = list.unmap().into_memory();

        assert!(words.iter().all(|word| **word == u64::MAX));
        assert!(neighbours.iter().all(|neighbour| **neighbour == 2));
        Ok(())
    }

    /// Together they are long enough to be whole cache lines. But they begin in the middle of one,
    /// and the kernel would not bounce them any more.
    #[test]
    fn pieces_that_share_lines_are_bounced_one_by_one() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        for ranges in [
            [32..128, 128..224, 0..32],
            [192..288, 288..384, 96..192],
            // Only the end is in the middle of a line.
            [64..128, 128..224, 224..256],
        ] {
            let short = ranges.clone().map(|range| match range.len() {
                64 => 0,
                len => len,
            });
            let before = fixture::counters(dev).bounced_bytes;
            let slots = Slot::cut(Buffer::zeroed(384, GFP_KERNEL)?, &ranges)?;
            let is_forced = fixture::is_bounced(dev)?;
            let by_force = fixture::counters(dev).bounced_bytes - before;
            let list = SgTable::new(dev, slots, GFP_KERNEL)?.map::<FromDevice>()?;
            let bounced = fixture::counters(dev).bounced_bytes - before - by_force;
            let expected = match is_forced {
                true => list.len(),
                false => short.iter().sum(),
            };

            assert_eq!(list.orig_nents(), 3);
            assert_eq!(bounced, expected as u64);
        }
        Ok(())
    }

    /// The whole is rejected if one of them is.
    #[test]
    fn each_piece_is_checked() -> Result {
        let plain = || Slot::cut(Buffer::zeroed(128, GFP_KERNEL)?, &[0..64, 64..128]);

        for position in 0..3 {
            let mut slots = Slot::cut(
                Buffer::zeroed(4096 * 3, GFP_KERNEL)?,
                &[0..64, 4096..4160, 8192..8256],
            )?;
            let mut touchy = KVec::new();

            for index in 0..3 {
                let slot = slots.remove(0)?;
                let is_touchy = index == position;

                touchy.push(Touchy { slot, is_touchy }, GFP_KERNEL)?;
            }
            assert!(touchy.check(false).is_ok());
            assert!(touchy.check(true) == Err(MapFailure::SharesCacheLine));

            let pair = (touchy, plain()?);

            assert!(pair.check(false).is_ok());
            assert!(pair.check(true) == Err(MapFailure::SharesCacheLine));

            let pair = (pair.1, pair.0);

            assert!(pair.check(true) == Err(MapFailure::SharesCacheLine));

            let one = Contiguous(Touchy {
                slot: pair.0.into_iter().next().ok_or(EINVAL)?,
                is_touchy: true,
            });

            assert!(one.check(false).is_ok());
            assert!(one.check(true) == Err(MapFailure::SharesCacheLine));
        }
        Ok(())
    }

    /// Memory that says of itself that a device may not write it.
    struct Touchy {
        slot: Slot,
        is_touchy: bool,
    }

    // SAFETY: As for `Slot`.
    unsafe impl Memory for Touchy {
        fn as_ptr(&self) -> NonNull<u8> {
            self.slot.as_ptr()
        }

        fn as_mut_ptr(&mut self) -> NonNull<u8> {
            self.slot.as_mut_ptr()
        }

        fn len(&self) -> usize {
            Memory::len(&self.slot)
        }

        fn check(&self, device_may_write: bool) -> Result<(), MapFailure> {
            match self.is_touchy && device_may_write {
                true => Err(MapFailure::SharesCacheLine),
                false => Ok(()),
            }
        }
    }

    /// A list is not padded: what its device writes is as long as said.
    #[test]
    fn what_is_behind_the_last_byte_stays() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut slots = Slot::cut(Buffer::zeroed(8192, GFP_KERNEL)?, &[0..5000, 5000..8192])?;
        let mut rest = slots.pop().ok_or(EINVAL)?;

        rest.bytes_mut().fill(0x11);

        let list = SgTable::new(dev, slots, GFP_KERNEL)?.map::<FromDevice>()?;
        let list = fixture::run(dev, list, |hardware| hardware.write(4990, &[0x22; 10]))?;
        let slots = list.unmap().into_memory();

        assert_eq!(
            slots[0].bytes()[4989..],
            [0, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22]
        );
        assert!(rest.bytes().iter().all(|&byte| byte == 0x11));
        Ok(())
    }

    /// The memory of a mapping and that of a list are the same kinds.
    #[test]
    fn what_was_mapped_in_one_piece_can_be_a_list() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(4096, GFP_KERNEL)?)?;
        let mapping = fixture::run(dev, mapping, |hardware| hardware.write_pattern(7))?;
        let list = SgTable::new(dev, Contiguous(mapping.unmap()), GFP_KERNEL)?.map::<ToDevice>()?;

        drop(fixture::run(dev, list, |hardware| {
            assert!(hardware.has_pattern(7));
        })?);
        Ok(())
    }
}
