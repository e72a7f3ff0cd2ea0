// SPDX-License-Identifier: GPL-2.0

//! The KUnit suite of tables.

use kernel::prelude::*;

#[kunit_tests(rk3588_dma_sg_table)]
mod suite {
    use super::super::*;
    use crate::{
        dma::{
            Buffer,
            FromDevice,
            Memory,
            PageBuffer, //
        },
        fixture::{
            self,
            Slot,
            TestDevice, //
        },
        sg::Contiguous, //
    };

    const PAGE: usize = PAGE_SIZE;

    /// Returns the address and the length of each entry.
    fn entries<M: SgMemory>(table: &SgTable<'_, M>) -> Result<KVec<(usize, usize)>> {
        let mut entries = KVec::new();

        for entry in table.raw.iter() {
            entries.push((entry.start().addr().get(), entry.len()), GFP_KERNEL)?;
        }
        Ok(entries)
    }

    /// Returns the expected entries: the pieces, joined if one begins where the last one ends.
    fn joined(pieces: &[(usize, usize)]) -> Result<KVec<(usize, usize)>> {
        let mut joined = KVec::<(usize, usize)>::new();

        for &(start, len) in pieces.iter().filter(|piece| piece.1 != 0) {
            match joined.last_mut() {
                Some(last) if last.0 + last.1 == start => last.1 += len,
                _ => joined.push((start, len), GFP_KERNEL)?,
            }
        }
        Ok(joined)
    }

    /// Returns the address and the length of a piece of memory.
    fn piece(memory: &impl Memory) -> (usize, usize) {
        (memory.as_ptr().addr().get(), Memory::len(memory))
    }

    #[test]
    fn a_buffer_is_one_entry() -> Result {
        let device = TestDevice::new()?;
        let buffer = Buffer::zeroed(100_000, GFP_KERNEL)?;
        let expected = piece(&buffer);
        let table = SgTable::new(device.dma()?, Contiguous(buffer), GFP_KERNEL)?;

        assert_eq!(table.len(), 100_000);
        assert_eq!(table.orig_nents(), 1);
        assert_eq!(entries(&table)?[..], [expected]);
        Ok(())
    }

    #[test]
    fn a_buffer_is_split_at_pages() -> Result {
        let device = TestDevice::new()?;
        let buffer = Buffer::zeroed(4 * PAGE + 100, GFP_KERNEL)?;
        let (start, len) = piece(&buffer);
        let table = SgTableBuilder::new(device.dma()?, Contiguous(buffer))
            .split_at_pages()
            .build(GFP_KERNEL)?;
        let at = |page: usize, len| (start + page * PAGE, len);

        assert_eq!(table.len(), len);
        assert_eq!(
            entries(&table)?[..],
            [
                at(0, PAGE),
                at(1, PAGE),
                at(2, PAGE),
                at(3, PAGE),
                at(4, 100)
            ]
        );
        Ok(())
    }

    /// The page allocator decides which pages are contiguous.
    #[test]
    fn pages_are_in_the_order_of_the_memory() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut pages = KVec::new();
        let mut pieces = KVec::new();

        for index in 0..20 {
            let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

            page.set_range(index..PAGE - index / 2)?;
            pieces.push(piece(&page), GFP_KERNEL)?;
            pages.push(page, GFP_KERNEL)?;
        }

        let table = SgTable::new(dev, pages, GFP_KERNEL)?;

        assert!(entries(&table)?[..] == joined(&pieces)?[..]);
        assert_eq!(
            table.len(),
            pieces.iter().map(|piece| piece.1).sum::<usize>()
        );

        let table = SgTableBuilder::new(dev, table.into_memory())
            .split_at_pages()
            .build(GFP_KERNEL)?;

        assert!(entries(&table)?[..] == pieces[..]);
        Ok(())
    }

    #[test]
    fn several_buffers_are_in_their_order() -> Result {
        let device = TestDevice::new()?;
        let mut buffers = KVec::new();
        let mut pieces = KVec::new();

        for len in [PAGE, 1, 3 * PAGE, 100, 8 * PAGE] {
            let buffer = Buffer::zeroed(len, GFP_KERNEL)?;

            pieces.push(piece(&buffer), GFP_KERNEL)?;
            buffers.push(buffer, GFP_KERNEL)?;
        }

        let table = SgTableBuilder::new(device.dma()?, buffers)
            .split_at_pages()
            .build(GFP_KERNEL)?;

        assert_eq!(table.len(), 12 * PAGE + 101);
        assert_eq!(table.orig_nents(), 14);
        assert!(joined(&entries(&table)?)?[..] == joined(&pieces)?[..]);
        Ok(())
    }

    /// Each byte is found in the linear map where it is in the vector.
    #[test]
    fn vmalloc_memory_is_its_pages() -> Result {
        let device = TestDevice::new()?;
        let mut bytes = VVec::from_elem(0u8, 9 * PAGE + 7, GFP_KERNEL)?;

        fixture::fill(5, 0, &mut bytes);

        let table = SgTableBuilder::new(device.dma()?, bytes)
            .split_at_pages()
            .build(GFP_KERNEL)?;
        let mut offset = 0;

        assert_eq!(table.orig_nents(), 10);
        for (start, len) in entries(&table)? {
            // SAFETY: The table owns this memory, which is initialized, and no code writes it.
            let bytes = unsafe { core::slice::from_raw_parts(start as *const u8, len) };

            assert!(fixture::is_filled(5, offset, bytes));
            assert_eq!(len, if offset == 9 * PAGE { 7 } else { PAGE });
            offset += len;
        }
        assert_eq!(table.into_memory().len(), offset);
        Ok(())
    }

    #[test]
    fn a_header_comes_before_its_payload() -> Result {
        let device = TestDevice::new()?;
        let header = KBox::new([1u8; 14], GFP_KERNEL)?;
        let payload = Buffer::zeroed(1486, GFP_KERNEL)?;
        let pieces = [piece(&header), piece(&payload)];
        let table = SgTable::new(
            device.dma()?,
            (Contiguous(header), Contiguous(payload)),
            GFP_KERNEL,
        )?;

        assert_eq!(table.len(), 1500);
        assert_eq!(entries(&table)?[..], pieces);
        assert_eq!(*table.into_memory().0 .0, [1; 14]);
        Ok(())
    }

    #[test]
    fn elements_without_bytes_are_left_out() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut vectors = KVec::new();

        for len in [0, 512, 0, 0, 1024, 0] {
            vectors.push(KVec::from_elem(1u8, len, GFP_KERNEL)?, GFP_KERNEL)?;
        }

        let pieces = [piece(&vectors[1]), piece(&vectors[4])];
        let table = SgTable::new(dev, vectors, GFP_KERNEL)?;

        assert_eq!(table.len(), 1536);
        assert!(entries(&table)?[..] == joined(&pieces)?[..]);
        assert_eq!(table.into_memory().len(), 6);

        let mut boxes = KVec::new();

        for _ in 0..3 {
            boxes.push(KBox::new((), GFP_KERNEL)?, GFP_KERNEL)?;
        }

        let buffer = Buffer::zeroed(64, GFP_KERNEL)?;
        let pieces = [piece(&buffer)];
        let table = SgTable::new(dev, (boxes, Contiguous(buffer)), GFP_KERNEL)?;

        assert_eq!(entries(&table)?[..], pieces);
        Ok(())
    }

    #[test]
    fn what_lies_side_by_side_is_joined() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let count = |ranges: &[core::ops::Range<usize>]| -> Result<usize> {
            let slots = Slot::cut(Buffer::zeroed(4 * PAGE, GFP_KERNEL)?, ranges)?;

            Ok(SgTable::new(dev, slots, GFP_KERNEL)?.orig_nents())
        };

        assert_eq!(
            count(&[0..4096, 4096..8192, 8192..12_288, 12_288..16_384])?,
            1
        );
        assert_eq!(count(&[0..4096, 4096..4096, 4096..8192])?, 1);
        assert_eq!(count(&[0..64, 64..192, 192..256])?, 1);
        assert_eq!(count(&[0..1000, 1000..2000, 2000..4096])?, 1);
        // Not in this order, and not with a gap.
        assert_eq!(count(&[4096..8192, 0..4096])?, 2);
        assert_eq!(count(&[0..4096, 4160..8192])?, 2);
        assert_eq!(count(&[0..4096, 8192..12_288, 4096..8192])?, 3);
        // Nor what may share a cache line.
        assert_eq!(count(&[0..8, 8..16, 16..24])?, 3);
        assert_eq!(count(&[32..128, 128..224])?, 2);
        assert_eq!(count(&[0..64, 64..160, 160..256, 256..320])?, 4);
        Ok(())
    }

    /// The boundary is one of physical addresses, which those of the test device are.
    #[test]
    fn the_limits_of_the_device_are_kept() -> Result {
        for (max_segment, boundary_mask, expected) in [
            (8192, c_ulong::MAX, 8192),
            (10_000, c_ulong::MAX, 8192),
            (1000, c_ulong::MAX, 960),
            (u32::MAX, 0x1fff, 8192),
            (u32::MAX, 0x3ff, 1024),
            (5000, 0x7ff, 2048),
            (65_535, 0xffff, 61_440),
        ] {
            let device = TestDevice::new()?;
            let dev = device.dma_with(fixture::narrow(max_segment, boundary_mask))?;
            let buffer = Buffer::zeroed(100_000, GFP_KERNEL)?;
            let whole = piece(&buffer);
            let table = SgTable::new(dev, Contiguous(buffer), GFP_KERNEL)?;
            let entries = entries(&table)?;

            assert_eq!(joined(&entries)?[..], [whole]);
            assert_eq!(entries[0].1, expected);
            for &(start, len) in &entries {
                assert!(len <= max_segment as usize);
                assert_eq!((start ^ (start + len - 1)) & !boundary_mask, 0);
            }
        }
        Ok(())
    }

    /// The memory is padded to a cache line, but the entry is not.
    #[test]
    fn padding_does_not_count_against_the_device() -> Result {
        const LEN: usize = 65_535;

        let device = TestDevice::new()?;
        let dev = device.dma_with(fixture::narrow(LEN as u32, c_ulong::MAX))?;
        let buffer = Buffer::zeroed(LEN, GFP_KERNEL)?;

        assert!(buffer.padded_len() > LEN);

        let table = SgTable::new(dev, Contiguous(buffer), GFP_KERNEL)?;

        assert_eq!(table.lengths().next(), Some(LEN));
        assert_eq!(table.orig_nents(), 1);
        Ok(())
    }

    /// The kernel would warn of this flag.
    #[test]
    fn highmem_is_not_a_flag_for_tables() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let memory = Contiguous(Buffer::zeroed(64, GFP_KERNEL)?);
        let error = SgTable::new(dev, memory, GFP_KERNEL | __GFP_HIGHMEM)
            .err()
            .ok_or(EINVAL)?;

        assert_eq!(error.failure, MapFailure::InvalidFlags);
        assert!(SgTable::new(dev, error.memory, GFP_KERNEL).is_ok());
        Ok(())
    }

    #[test]
    fn entries_can_be_asked_to_be_shorter() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma_with(fixture::narrow(8192, c_ulong::MAX))?;

        for (asked, first, count) in [
            (0, 1, 10_000),
            (1, 1, 10_000),
            (63, 63, 159),
            // The last one is longer, since there is nothing behind it.
            (100, 64, 156),
            (5000, 4096, 3),
            (8192, 8192, 2),
            // The device cannot do more.
            (usize::MAX, 8192, 2),
        ] {
            let table = SgTableBuilder::new(dev, Contiguous(Buffer::zeroed(10_000, GFP_KERNEL)?))
                .max_segment(asked)
                .build(GFP_KERNEL)?;

            assert_eq!(entries(&table)?[0].1, first);
            assert_eq!(table.orig_nents(), count);
        }
        Ok(())
    }

    /// Memory that cannot be mapped in one piece is mapped in several.
    #[test]
    fn too_long_for_a_bounce_buffer_is_split() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let len = 1 << 20;
        let table = SgTable::new(
            dev,
            Contiguous(Buffer::zeroed(len, GFP_KERNEL)?),
            GFP_KERNEL,
        )?;

        // Where none is needed, nothing is too long.
        assert!(dev.max_mapping_size() < len || !fixture::is_bounced(dev)?);
        assert_eq!(table.orig_nents(), len.div_ceil(dev.max_mapping_size()));
        for (_, len) in entries(&table)? {
            assert!(len <= dev.max_mapping_size());
        }

        let list = table.map::<FromDevice>()?;
        let list = fixture::run(dev, list, |hardware| {
            hardware.write(0, &[1]);
            hardware.write(len / 2, &[2]);
            hardware.write(len - 1, &[3]);
        })?;
        let buffer = list.unmap().into_memory().0;

        assert_eq!([buffer[0], buffer[len / 2], buffer[len - 1]], [1, 2, 3]);
        Ok(())
    }

    /// A table of more entries than a page has room for is made of several allocations.
    #[test]
    fn long_tables_are_chained() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        for count in [127, 128, 129, 300, 4096] {
            let table =
                SgTableBuilder::new(dev, Contiguous(Buffer::zeroed(count * 64 - 1, GFP_KERNEL)?))
                    .max_segment(64)
                    .build(GFP_KERNEL)?;
            let entries = entries(&table)?;

            assert_eq!(table.orig_nents(), count);
            assert_eq!(entries.len(), count);
            assert_eq!(entries.last().map(|last| last.1), Some(63));
            assert!(table.lengths().eq(entries.iter().map(|entry| entry.1)));
            assert_eq!(joined(&entries)?[..], [piece(&table.memory.0)]);
        }
        Ok(())
    }
}
