// SPDX-License-Identifier: GPL-2.0

//! The KUnit suite of lists that cannot be mapped: they come back as the tables they were.

use kernel::prelude::*;

#[kunit_tests(rk3588_dma_sg_list_refused)]
mod suite {
    use core::ptr::NonNull;

    use kernel::page::PAGE_SIZE;

    use super::super::*;
    use crate::{
        dma::{
            c,
            Bidirectional,
            Buffer,
            FromDevice,
            Mapping,
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

    /// If bus addresses are not physical ones, the boundaries of the bus are elsewhere.
    #[test]
    fn across_a_boundary_of_the_bus_is_refused_and_comes_back() -> Result {
        const MASK: c_ulong = 0xffff;

        let device = TestDevice::shifted(PAGE_SIZE)?;
        let dev = device.dma_with(fixture::narrow(u32::MAX, MASK))?;
        let is_forced = fixture::is_bounced(dev)?;

        if !is_forced {
            // Else DMA-API debug would say so, too. What keeps bounce buffers within it is the
            // kernel.
            // SAFETY: It is the device of this test, and nothing is mapped.
            unsafe { c::rk3588_dma_set_seg_boundary(as_raw(dev.as_device()), c_ulong::MAX) };
        }

        // The first entry is within, the others are not.
        let mut buffer = Buffer::zeroed(0x2_0000, GFP_KERNEL)?;

        fixture::fill(1, 0, &mut buffer);

        let memory = (
            Contiguous(PageBuffer::zeroed(GFP_KERNEL)?),
            Contiguous(buffer),
        );
        let table = SgTable::new(dev, memory, GFP_KERNEL)?;
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
                error.memory.into_memory()
            }
        };

        // It had to be mapped to see that, and is not any more.
        assert_eq!(fixture::counters(dev).live, 0);

        // Pages are pages on this bus, too.
        let table = SgTableBuilder::new(dev, memory.1)
            .split_at_pages()
            .build(GFP_KERNEL)?;
        let list = fixture::run(dev, table.map::<Bidirectional>()?, |hardware| {
            assert!(hardware.has_pattern(1));
            hardware.write_pattern(2);
        })?;

        assert!(fixture::is_filled(2, 0, &list.unmap().into_memory().0));
        Ok(())
    }

    /// More entries than there are bounce buffers: either none is needed, or the table comes back.
    #[test]
    fn very_long_lists_are_mapped_or_come_back() -> Result {
        const COUNT: usize = 4096;

        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let is_forced = fixture::is_bounced(dev)?;
        let mut buffer = Buffer::zeroed(COUNT * 64, GFP_KERNEL)?;

        fixture::fill(1, 0, &mut buffer);

        let table = SgTableBuilder::new(dev, Contiguous(buffer))
            .max_segment(64)
            .build(GFP_KERNEL)?;
        let table = match table.map::<Bidirectional>() {
            Ok(list) => {
                assert!(!is_forced);
                assert_eq!(list.orig_nents(), COUNT);

                let list = fixture::run(dev, list, |hardware| {
                    assert!(hardware.has_pattern(1));
                    hardware.write_pattern(2);
                })?;

                list.unmap()
            }
            Err(MapError { failure, memory }) => {
                assert!(is_forced);
                assert!(matches!(failure, MapFailure::MappingFailed(_)));
                memory
            }
        };

        assert_eq!(fixture::counters(dev).live, 0);
        assert_eq!(table.orig_nents(), COUNT);

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

        let mut table = SgTable::new(dev, vectors, GFP_KERNEL)?;

        assert_eq!(table.orig_nents(), ENTRIES);
        for free in 0..ENTRIES {
            let mut taken = take_all(dev)?;
            let all = taken.len();

            taken.truncate(all - free);

            let error = table.map::<FromDevice>().err().ok_or(EINVAL)?;

            assert!(matches!(error.failure, MapFailure::MappingFailed(_)));
            assert_eq!(fixture::counters(dev).live, taken.len() as u64);
            // The same number is free as before.
            assert_eq!(take_all(dev)?.len(), free);
            table = error.memory;
        }
        assert_eq!(fixture::counters(dev).live, 0);

        // As if nothing had been.
        assert_eq!((table.orig_nents(), table.len()), (ENTRIES, 7 * ENTRIES));

        let list = table.map::<FromDevice>()?;
        let list = fixture::run(dev, list, |hardware| hardware.write(6, &[0xaa, 0xbb]))?;
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
        let mut buffer = Buffer::zeroed(64, GFP_KERNEL)?;

        fixture::fill(1, 0, &mut buffer);

        let memory = (
            Contiguous(Buffer::zeroed(64, GFP_KERNEL)?),
            Contiguous(Touchy(buffer)),
        );
        let table = SgTable::new(dev, memory, GFP_KERNEL)?;
        let error = table.map::<FromDevice>().err().ok_or(EINVAL)?;

        assert_eq!(error.failure, MapFailure::SharesCacheLine);

        let error = error.memory.map::<Bidirectional>().err().ok_or(EINVAL)?;

        assert_eq!(error.failure, MapFailure::SharesCacheLine);
        assert!(matches!(Error::from(error.failure), EINVAL));
        assert_eq!(fixture::counters(dev).mapped, 0);

        // Reading is no danger.
        let list = error.memory.map::<ToDevice>()?;
        let list = fixture::run(dev, list, |hardware| {
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
            let table = SgTable::new(dev, Contiguous(vector), GFP_KERNEL)?;

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
