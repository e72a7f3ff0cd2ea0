// SPDX-License-Identifier: GPL-2.0

//! The KUnit suite of tables that are refused, or that cannot be mapped.

use kernel::prelude::*;

#[kunit_tests(rk3588_dma_sg_table_refused)]
mod suite {
    use core::ptr::NonNull;

    use super::super::*;
    use crate::{
        dma::{
            Buffer,
            FromDevice,
            PageBuffer,
            ToDevice, //
        },
        fixture::{
            self,
            Slot,
            TestDevice, //
        },
        sg::Contiguous, //
    };

    #[test]
    fn nothing_is_no_table_and_comes_back() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        for capacity in [0, 5] {
            let buffers = KVec::<Buffer>::with_capacity(capacity, GFP_KERNEL)?;
            let error = SgTable::new(dev, buffers, GFP_KERNEL).err().ok_or(EINVAL)?;

            assert_eq!(error.failure, MapFailure::Empty);
            assert!(error.memory.capacity() >= capacity);
            assert!(matches!(error.into(), EINVAL));
        }
        for capacity in [0, 5000] {
            let bytes = VVec::<u8>::with_capacity(capacity, GFP_KERNEL)?;
            let result = SgTable::new(dev, bytes, GFP_KERNEL);

            assert!(result.is_err_and(|error| error.failure == MapFailure::Empty));
        }

        let units = VVec::from_elem((), 7, GFP_KERNEL)?;
        let error = SgTable::new(dev, units, GFP_KERNEL).err().ok_or(EINVAL)?;

        assert_eq!(error.failure, MapFailure::Empty);
        assert_eq!(error.memory.len(), 7);

        let pair = (error.memory, KVec::<PageBuffer>::new());

        assert!(SgTable::new(dev, pair, GFP_KERNEL)
            .is_err_and(|error| error.failure == MapFailure::Empty));
        Ok(())
    }

    #[test]
    fn invalid_flags_are_an_error_and_it_comes_back() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut buffer = Buffer::zeroed(64, GFP_KERNEL)?;

        buffer[63] = 7;

        let error = SgTable::new(dev, Contiguous(buffer), GFP_KERNEL & GFP_ATOMIC)
            .err()
            .ok_or(EINVAL)?;

        assert_eq!(error.failure, MapFailure::InvalidFlags);
        assert!(matches!(error.failure.into(), EINVAL));
        assert_eq!(error.memory.0[63], 7);
        Ok(())
    }

    #[test]
    fn a_device_that_can_do_no_byte_has_no_tables() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma_with(fixture::narrow(0, c_ulong::MAX))?;
        let error = SgTable::new(dev, Contiguous(Buffer::zeroed(64, GFP_KERNEL)?), GFP_KERNEL)
            .err()
            .ok_or(EINVAL)?;

        assert_eq!(error.failure, MapFailure::TooLong { len: 64, max: 0 });
        Ok(())
    }

    #[test]
    fn without_memory_there_is_none_and_it_comes_back() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        // A table takes an allocation for each 128 entries, at least. The slab allocator and
        // kmemleak may allocate, too, and may have memory from an earlier failure, so that a
        // failure is missed now and then: hence the rounds.
        for (count, allocations) in [(1, 1), (128, 1), (300, 3)] {
            let mut buffer = Buffer::zeroed(count * 64, GFP_KERNEL)?;

            fixture::fill(9, 0, &mut buffer);

            let mut memory = Contiguous(buffer);
            let mut most = 0;

            for _ in 0..100 {
                if most >= allocations {
                    break;
                }

                let mut failures = 0;

                for nth in 1.. {
                    let (result, has_failed) = fixture::without_memory_at(nth, || {
                        SgTableBuilder::new(dev, memory)
                            .max_segment(64)
                            .build(GFP_KERNEL)
                    });

                    memory = match result {
                        Ok(table) => {
                            assert_eq!(table.orig_nents(), count);
                            table.into_memory()
                        }
                        Err(MapError { failure, memory }) => {
                            assert!(has_failed);
                            assert_eq!(failure, MapFailure::NoMemory);
                            assert!(matches!(failure.into(), ENOMEM));
                            failures += 1;
                            memory
                        }
                    };
                    if !has_failed {
                        break;
                    }
                }
                most = most.max(failures);
            }
            assert!(most >= allocations);
            assert!(fixture::is_filled(9, 0, &memory.0));
        }
        Ok(())
    }

    #[test]
    fn memory_elsewhere_is_found_out_in_any_place() -> Result {
        static BYTES: [u8; 64] = [1; 64];

        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut stack = [0u8; 64];
        let mut vmalloc = VVec::from_elem(0u8, 64, GFP_KERNEL)?;

        for address in [
            NonNull::from(&mut stack).cast(),
            NonNull::from(&mut vmalloc[..]).cast(),
            NonNull::from(&BYTES).cast(),
        ] {
            let good = || Ok::<_, Error>(Contiguous(Buffer::zeroed(64, GFP_KERNEL)?));
            let is_refused = |failure| failure == MapFailure::NotLinear;

            assert!(SgTable::new(
                dev,
                (Contiguous(fixture::Lie(address)), good()?),
                GFP_KERNEL
            )
            .is_err_and(|error| is_refused(error.failure)));
            assert!(SgTable::new(
                dev,
                (good()?, Contiguous(fixture::Lie(address))),
                GFP_KERNEL
            )
            .is_err_and(|error| is_refused(error.failure)));
        }
        assert!(stack == [0; 64]);
        Ok(())
    }

    /// Memory that says how long it is, and has nothing.
    struct Endless(usize);

    // SAFETY: There is none; making a table of it must fail before a piece is asked for.
    unsafe impl SgMemory for Endless {
        fn len(&self) -> usize {
            self.0
        }

        fn check(&self, _: bool) -> Result<(), MapFailure> {
            Ok(())
        }

        fn pieces(&mut self) -> impl Iterator<Item = (Location, usize)> + '_ {
            core::iter::repeat_with(|| core::unreachable!())
        }
    }

    #[test]
    fn more_than_can_be_counted_is_refused() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let expected = MapFailure::TooLong {
            len: usize::MAX,
            max: usize::MAX - 1,
        };

        assert!(SgTable::new(dev, Endless(usize::MAX), GFP_KERNEL)
            .is_err_and(|error| error.failure == expected));
        // Nor do sums begin at 0 again.
        assert!(
            SgTable::new(dev, (Endless(usize::MAX), Endless(2)), GFP_KERNEL)
                .is_err_and(|error| error.failure == expected)
        );
        Ok(())
    }

    /// A short piece that may share cache lines with other data is not bounced if it is cut.
    #[test]
    fn a_cut_in_a_shared_line_is_not_mapped_to_be_written() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let slots = Slot::cut(Buffer::zeroed(256, GFP_KERNEL)?, &[32..128, 0..32])?;
        let table = SgTableBuilder::new(dev, slots)
            .max_segment(48)
            .build(GFP_KERNEL)?;

        assert_eq!(table.orig_nents(), 3);

        let error = table.map::<FromDevice>().err().ok_or(EINVAL)?;

        assert_eq!(error.failure, MapFailure::SharesCacheLine);

        // Reading is no danger.
        let table = error.memory.map::<ToDevice>()?.unmap();

        // Nor is a cut at a line, with a part before it that is short enough to be bounced.
        let table = SgTableBuilder::new(dev, table.into_memory())
            .max_segment(64)
            .build(GFP_KERNEL)?;

        assert_eq!(table.orig_nents(), 3);
        assert!(table.map::<FromDevice>().is_ok());
        Ok(())
    }

    /// Of a line that one buffer has to itself, too, all parts are bounced, or it is refused.
    #[test]
    fn a_cut_in_a_line_is_not_mapped_to_be_written() -> Result {
        // (longest entry, boundary mask, length, entries, whether it can be written)
        let cases = [
            // Entries of 48 bytes are not bounced, the last one, of 8, is.
            (48, c_ulong::MAX, 200, 5, false),
            (48, c_ulong::MAX, 192, 4, false),
            (u32::MAX, 31, 200, 7, true),
            // Neither is cut.
            (48, c_ulong::MAX, 48, 1, true),
            (64, c_ulong::MAX, 200, 4, true),
            (u32::MAX, 63, 200, 4, true),
        ];

        for (max_segment, boundary_mask, len, entries, can_be_written) in cases {
            let device = TestDevice::new()?;
            let limits = fixture::narrow(max_segment, boundary_mask);
            let dev = device.dma_with(limits)?;
            let table = SgTable::new(
                dev,
                Contiguous(Buffer::zeroed(len, GFP_KERNEL)?),
                GFP_KERNEL,
            )?;

            assert_eq!(table.orig_nents(), entries);

            let table = match table.map::<FromDevice>() {
                Ok(list) => {
                    assert!(can_be_written);
                    list.unmap()
                }
                Err(error) => {
                    assert!(!can_be_written);
                    assert_eq!(error.failure, MapFailure::SharesCacheLine);
                    error.memory
                }
            };

            assert!(table.map::<ToDevice>().is_ok());
        }
        Ok(())
    }
}
