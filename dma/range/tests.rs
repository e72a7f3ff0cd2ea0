// SPDX-License-Identifier: GPL-2.0

//! KUnit suite of ranges of memory.

use kernel::prelude::*;

#[kunit_tests(rk3588_dma_range)]
mod suite {
    use core::slice;

    use super::super::*;
    use crate::{
        dma::{
            Bidirectional,
            Buffer,
            Direction,
            DmaDevice,
            FromDevice,
            Mapping,
            PageBuffer,
            ToDevice, //
        },
        fixture::{
            self,
            TestDevice, //
        },
        sg::{
            Contiguous,
            SgTable, //
        }, //
    };

    /// Returns the bytes of memory that the CPU owns.
    fn bytes<M: Memory>(memory: &mut M) -> &mut [u8] {
        let len = memory.len();

        // SAFETY: The bytes must be valid, with no other reference: those of `Memory` are.
        unsafe { slice::from_raw_parts_mut(memory.as_mut_ptr().as_ptr(), len) }
    }

    /// Maps `range` of `memory`. The device reads and writes it.
    ///
    /// Returns true if both saw what the other wrote, and the rest of the memory stays as it is.
    fn goes_both_ways<M: Memory>(
        dev: &DmaDevice,
        mut memory: M,
        range: Range<usize>,
    ) -> Result<bool> {
        fixture::fill(1, 0, bytes(&mut memory));
        fixture::fill(2, 0, &mut bytes(&mut memory)[range.clone()]);

        let mapping = Mapping::<_, Bidirectional>::new(dev, new(memory, range.clone())?)?;
        let mut is_right = mapping.len() == range.len();
        let mapping = fixture::run(dev, mapping, |hardware| {
            is_right &= hardware.len() == range.len() && hardware.has_pattern(2);
            hardware.write_pattern(3);
        })?;
        let mut memory = mapping.unmap().into_memory();
        let all = bytes(&mut memory);

        Ok(is_right
            && fixture::is_filled(1, 0, &all[..range.start])
            && fixture::is_filled(3, 0, &all[range.clone()])
            && fixture::is_filled(1, range.end, &all[range.end..]))
    }

    fn new<M: Memory>(memory: M, range: Range<usize>) -> Result<MemoryRange<M>> {
        Ok(MemoryRange::new(memory, range)?)
    }

    fn failure<M: Memory>(result: Result<MemoryRange<M>, MapError<M>>) -> Option<MapFailure> {
        result.err().map(|error| error.failure)
    }

    #[test]
    fn a_range_of_any_memory_goes_both_ways_and_the_rest_stays() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        for range in [0..128, 1024..2944, 2944..3000, 0..3000] {
            let buffer = Buffer::zeroed(3000, GFP_KERNEL)?;

            assert!(goes_both_ways(dev, buffer, range)?);
        }
        for range in [0..4096, 128..256, 3968..4096] {
            let page = PageBuffer::zeroed(GFP_KERNEL)?;

            assert!(goes_both_ways(dev, page, range.clone())?);

            let vector = KVec::from_elem(0u32, 1024, GFP_KERNEL)?;

            assert!(goes_both_ways(dev, vector, range.clone())?);

            let words = KBox::new([0u64; 512], GFP_KERNEL)?;

            assert!(goes_both_ways(dev, words, range)?);
        }
        assert_eq!(fixture::counters(dev).live, 0);
        Ok(())
    }

    #[test]
    fn only_the_range_and_its_padding_are_mapped() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let line = dev.cache_alignment();

        for (range, mapped) in [
            (0..line, line),
            (line..3 * line, 2 * line),
            // With the padding of the memory.
            (line..3 * line + 1, 3 * line),
        ] {
            let before = fixture::counters(dev).bytes;
            let buffer = Buffer::zeroed(3 * line + 1, GFP_KERNEL)?;
            let range = MemoryRange::new(buffer, range)?;

            drop(Mapping::<_, ToDevice>::new(dev, range)?);
            assert_eq!(fixture::counters(dev).bytes - before, mapped as u64);
        }
        Ok(())
    }

    #[test]
    fn a_range_within_lines_is_refused_and_the_memory_comes_back() -> Result {
        let device = TestDevice::new()?;
        let line = device.dma()?.cache_alignment();
        let mut buffer = Buffer::zeroed(4 * line + 1, GFP_KERNEL)?;

        buffer[7] = 7;
        for range in [
            1..line,
            line..line + 1,
            line - 1..2 * line,
            0..4 * line - 1,
            line / 2..4 * line + 1,
        ] {
            let error = MemoryRange::new(buffer, range).err().ok_or(EINVAL)?;

            assert_eq!(error.failure, MapFailure::SharesCacheLine);
            buffer = error.memory;
        }
        assert_eq!(buffer[7], 7);
        Ok(())
    }

    /// The last line of a vector may have other data behind it, so no range may end there.
    #[test]
    fn a_range_to_the_end_needs_padding() -> Result {
        let device = TestDevice::new()?;
        let line = device.dma()?.cache_alignment();
        let len = 4096 - line / 2;
        let vector = || KVec::from_elem(0u8, len, GFP_KERNEL);
        let last = 4096 - line..len;

        assert_eq!(
            failure(MemoryRange::new(vector()?, last.clone())),
            Some(MapFailure::SharesCacheLine)
        );
        assert_eq!(failure(MemoryRange::new(vector()?, 0..4096 - line)), None);
        assert_eq!(
            failure(MemoryRange::new(Buffer::zeroed(len, GFP_KERNEL)?, last)),
            None
        );
        Ok(())
    }

    #[test]
    fn a_page_that_begins_within_a_line_has_ranges_at_lines() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let half = dev.cache_alignment() / 2;
        let page = || {
            let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

            page.set_range(half..PageBuffer::LEN)?;
            Ok::<_, Error>(page)
        };

        assert_eq!(
            failure(MemoryRange::new(page()?, 0..3 * half)),
            Some(MapFailure::SharesCacheLine)
        );
        assert!(goes_both_ways(dev, page()?, half..3 * half)?);
        Ok(())
    }

    #[test]
    fn nothing_and_ranges_outside_are_refused() -> Result {
        let buffer = || Buffer::zeroed(4096, GFP_KERNEL);

        #[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
        for range in [0..0, 64..64, 4096..4096, 5000..5000, 128..64] {
            let result = MemoryRange::new(buffer()?, range);

            assert_eq!(failure(result), Some(MapFailure::Empty));
        }
        for end in [4097, 8192, usize::MAX] {
            let result = MemoryRange::new(buffer()?, 0..end);

            assert_eq!(
                failure(result),
                Some(MapFailure::OutOfRange { end, len: 4096 })
            );
        }
        assert!(matches!(
            new(KVec::<u8>::new(), 0..1).map(|_| ()),
            Err(EINVAL)
        ));
        Ok(())
    }

    #[test]
    fn a_range_has_ranges() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let buffer = Buffer::zeroed(4096, GFP_KERNEL)?;
        let outer = MemoryRange::new(buffer, 1024..3072)?;

        assert!(goes_both_ways(dev, outer, 512..1024)?);
        Ok(())
    }

    #[test]
    fn ranges_are_entries_of_a_list() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut buffer = Buffer::zeroed(4096, GFP_KERNEL)?;
        let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

        fixture::fill(1, 0, &mut buffer[1024..2048]);
        fixture::fill(1, 1024, &mut page[2048..2560]);

        let memory = (
            Contiguous(MemoryRange::new(buffer, 1024..2048)?),
            Contiguous(MemoryRange::new(page, 2048..2560)?),
        );
        let list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<Bidirectional>()?;
        let list = fixture::run(dev, list, |hardware| {
            assert_eq!(hardware.len(), 1536);
            assert!(hardware.has_pattern(1));
            hardware.write_pattern(2);
        })?;
        let (Contiguous(buffer), Contiguous(page)) = list.unmap().into_memory();
        let (buffer, page) = (buffer.into_memory(), page.into_memory());

        assert!(fixture::is_filled(2, 0, &buffer[1024..2048]));
        assert!(fixture::is_filled(2, 1024, &page[2048..2560]));
        assert!(buffer[..1024].iter().all(|&byte| byte == 0));
        assert!(page[2560..].iter().all(|&byte| byte == 0));
        Ok(())
    }

    /// Returns a mapping of a range in the middle of a buffer.
    fn middle<D: Direction>(dev: &DmaDevice) -> Result<Mapping<'_, MemoryRange<Buffer>, D>> {
        let mut buffer = Buffer::zeroed(4096, GFP_KERNEL)?;

        fixture::fill(1, 0, &mut buffer);
        Ok(Mapping::new(dev, new(buffer, 1024..2048)?)?)
    }

    #[test]
    fn accesses_of_the_cpu_are_counted_from_the_range() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut mapping = middle::<FromDevice>(dev)?;

        assert!(fixture::is_filled(1, 1024, mapping.for_cpu(..)?));
        assert!(matches!(mapping.for_cpu(..1025), Err(EINVAL)));

        let part = mapping.into_part(GFP_KERNEL).map_err(|_| ENOMEM)?;
        let (_, second) = part.split(512).map_err(|_| EINVAL)?;
        let mut second = fixture::run(dev, second, |hardware| hardware.write(0, &[5]))?;

        assert_eq!(second.for_cpu(..1)?[0], 5);
        assert!(fixture::is_filled(1, 1537, second.for_cpu(1..)?));
        Ok(())
    }
}
