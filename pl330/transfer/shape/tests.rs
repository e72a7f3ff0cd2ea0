// SPDX-License-Identifier: GPL-2.0

//! The KUnit suite of shapes: programs reach the bytes of a mapping and no others.

use kernel::prelude::*;

#[kunit_tests(rk3588_dma_pl330_shape)]
mod suite {
    use core::{
        iter::{
            Chain,
            Flatten, //
        },
        option, //
    };

    use super::super::*;
    use crate::{
        dma::{
            Bidirectional,
            Buffer,
            BusMaster,
            DmaDevice,
            Mapped,
            Mapping,
            Pair,
            Submitted,
            SyncedPart, //
        },
        fixture::TestDevice,
        sg::{
            Contiguous,
            MappedSgTable,
            SgTable, //
        }, //
    };

    /// Length of the mappings in bytes. Their memory is padded to more.
    const LEN: usize = 100;

    /// Length of the first of two buffers in a list, in bytes.
    const FIRST: usize = 67;

    /// Length of a mapping that has all bytes that the tests ask for.
    const LONG: usize = 8192;

    /// Offsets and lengths at which something changes.
    const EDGES: [usize; 8] = [0, 1, 2, LEN - 1, LEN, LEN + 1, LEN + 2, usize::MAX];

    type Single<'dev> = Mapping<'dev, Buffer, Bidirectional>;
    type Part<'dev> = SyncedPart<'dev, Buffer, Bidirectional>;
    type Buffers = (Contiguous<Buffer>, Contiguous<Buffer>);
    type List<'dev> = MappedSgTable<'dev, Buffers, Bidirectional>;

    /// Mapping of any kind.
    enum Any<'dev> {
        Single(Single<'dev>),
        Part(Part<'dev>),
        List(List<'dev>),
    }

    // SAFETY: The memory must stay mapped: that of each kind does.
    unsafe impl Mapped for Any<'_> {
        fn is_mapped_for(&self, dev: &DmaDevice) -> bool {
            match self {
                Self::Single(it) => it.is_mapped_for(dev),
                Self::Part(it) => it.is_mapped_for(dev),
                Self::List(it) => it.is_mapped_for(dev),
            }
        }

        fn warn_leaked(&self) {}
    }

    /// Segments of a single mapping or none, then those of a list or none.
    type Segments<'a, 'dev> = Chain<
        Flatten<option::IntoIter<<Single<'dev> as MappedMemory>::Segments<'a>>>,
        Flatten<option::IntoIter<<List<'dev> as MappedMemory>::Segments<'a>>>,
    >;

    // SAFETY: The segments must be those of the mapping: those of each kind are.
    unsafe impl<'dev> MappedMemory for Any<'dev> {
        type Direction = Bidirectional;
        type Segments<'a>
            = Segments<'a, 'dev>
        where
            Self: 'a;

        fn len(&self) -> usize {
            match self {
                Self::Single(it) => it.len(),
                Self::Part(it) => it.len(),
                Self::List(it) => it.len(),
            }
        }

        fn nents(&self) -> usize {
            match self {
                Self::Single(it) => MappedMemory::nents(it),
                Self::Part(it) => MappedMemory::nents(it),
                Self::List(it) => MappedMemory::nents(it),
            }
        }

        fn segments(&self, submitted: &Submitted) -> Self::Segments<'_> {
            let (single, list) = match self {
                Self::Single(it) => (Some(MappedMemory::segments(it, submitted)), None),
                Self::Part(it) => (Some(MappedMemory::segments(it, submitted)), None),
                Self::List(it) => (None, Some(MappedMemory::segments(it, submitted))),
            };

            Iterator::chain(
                single.into_iter().flatten(),
                list.into_iter().flatten(), //
            )
        }
    }

    type Side<'a, 'dev> = InFlightRef<'a, Any<'dev>, u32>;

    fn mapping(dev: &DmaDevice, len: usize) -> Result<Mapping<'_, Buffer, Bidirectional>> {
        Ok(Mapping::new(dev, Buffer::zeroed(len, GFP_KERNEL)?)?)
    }

    /// Calls `look` with `LEN` bytes: a mapping, a synced part, and a list. The second argument is
    /// a long mapping.
    fn with_sides(
        dev: &DmaDevice,
        look: impl Fn(Side<'_, '_>, Side<'_, '_>) -> Result, //
    ) -> Result {
        let bus = BusMaster::new(dev)?;
        let part =
            Mapping::<_, Bidirectional>::new_unsynced(dev, Buffer::zeroed(LONG, GFP_KERNEL)?)?
                .sync_for_device(LEN)
                .map_err(|_| EINVAL)?;
        let buffers = (
            Contiguous(Buffer::zeroed(FIRST, GFP_KERNEL)?),
            Contiguous(Buffer::zeroed(LEN - FIRST, GFP_KERNEL)?),
        );
        let list = SgTable::new(dev, buffers, GFP_KERNEL)?.map::<Bidirectional>()?;

        for side in [
            Any::Single(mapping(dev, LEN)?),
            Any::Part(part),
            Any::List(list),
        ] {
            let flight = bus.submit(Pair {
                source: side,
                destination: Any::Single(mapping(dev, LONG)?),
            })?;
            let sides = flight.each_ref();
            let result = look(sides.source, sides.destination);

            // SAFETY: The device must not use the mappings: there is no device.
            drop(unsafe { flight.complete() });
            result?;
        }
        Ok(())
    }

    /// Returns true if there is an operation for `shape`, and false if bytes of it are outside.
    fn is_inside(shape: impl CopyShape, from: Side<'_, '_>, to: Side<'_, '_>) -> Result<bool> {
        match shape.operation(from, to, GFP_KERNEL) {
            Ok(_) => Ok(true),
            Err(TransferError::OutOfRange) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// As [`is_inside`], for fills with zeroes and with a pattern.
    fn is_filled(to: Side<'_, '_>, offset: usize, len: usize) -> Result<bool> {
        let mut is_filled = true;

        for bytes in [&[0][..], &[1, 2, 3, 4]] {
            let pattern = Pattern::new(bytes).ok_or(EINVAL)?;

            match memset(to, offset, len, pattern, GFP_KERNEL) {
                Ok(_) => (),
                Err(TransferError::OutOfRange) => is_filled = false,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(is_filled)
    }

    #[test]
    fn a_span_reaches_no_byte_outside() -> Result {
        let device = TestDevice::new()?;

        with_sides(device.dma()?, |side, long| {
            for (offset, len) in EDGES.iter().flat_map(|at| EDGES.map(|len| (*at, len))) {
                let fits = len != 0 && offset.checked_add(len).is_some_and(|end| end <= LEN);
                let read = CopyRange {
                    src_offset: offset,
                    dst_offset: 0,
                    len,
                };
                let written = CopyRange {
                    src_offset: 0,
                    dst_offset: offset,
                    len,
                };

                assert_eq!(is_inside(read, side, long)?, fits);
                assert_eq!(is_inside(written, long, side)?, fits);
                assert_eq!(is_filled(side, offset, len)?, fits);
            }
            Ok(())
        })
    }

    #[test]
    fn the_last_of_several_spans_reaches_no_byte_outside() -> Result {
        let device = TestDevice::new()?;

        with_sides(device.dma()?, |side, long| {
            for offset in [0, 1, LEN - 9, LEN - 8, LEN - 7, LEN, usize::MAX] {
                let span = |from, to| CopyRange {
                    src_offset: from,
                    dst_offset: to,
                    len: 8,
                };
                let spans = |last| -> Result<_> {
                    let mut spans = KVec::new();

                    spans.push(span(LEN - 8, LEN - 8), GFP_KERNEL)?;
                    spans.push(last, GFP_KERNEL)?;
                    Ok(spans)
                };
                let fits = offset <= LEN - 8;

                assert_eq!(is_inside(spans(span(offset, 16))?, side, long)?, fits);
                assert_eq!(is_inside(spans(span(16, offset))?, long, side)?, fits);
            }
            Ok(())
        })
    }

    #[test]
    fn the_last_row_reaches_no_byte_outside() -> Result {
        let device = TestDevice::new()?;

        with_sides(device.dma()?, |side, long| {
            // Three rows of 8 bytes: with a stride of 46 bytes from the first to the last.
            for (offset, stride) in [0, 1, 2, usize::MAX]
                .iter()
                .flat_map(|at| [8, 45, 46, 47, usize::MAX].map(|stride| (*at, stride)))
            {
                let end = stride
                    .checked_mul(2)
                    .and_then(|last| last.checked_add(8)?.checked_add(offset));
                let fits = end.is_some_and(|end| end <= LEN);
                let rows = |from, to, src_stride, dst_stride| Copy2d {
                    first: CopyRange {
                        src_offset: from,
                        dst_offset: to,
                        len: 8,
                    },
                    rows: 3,
                    src_stride,
                    dst_stride,
                };

                assert_eq!(is_inside(rows(offset, 0, stride, 8), side, long)?, fits);
                assert_eq!(is_inside(rows(0, offset, 8, stride), long, side)?, fits);
            }
            Ok(())
        })
    }

    /// Rows that are written over each other are refused, whatever memory they are in: contiguous
    /// or in segments. Rows that are read may overlap.
    #[test]
    fn rows_to_write_must_not_overlap() -> Result {
        let device = TestDevice::new()?;

        with_sides(device.dma()?, |side, long| {
            for (count, stride) in [(3, 0), (3, 1), (3, 9), (3, 10), (3, 11), (1, 0)] {
                // Into the second buffer of a list.
                let rows = |src_stride| Copy2d {
                    first: CopyRange {
                        src_offset: FIRST - 5,
                        dst_offset: FIRST - 5,
                        len: 10,
                    },
                    rows: count,
                    src_stride,
                    dst_stride: stride,
                };
                let overlap = count > 1 && stride < 10;

                for src_stride in [0, 10] {
                    for (from, to) in [(side, long), (long, side)] {
                        let operation = rows(src_stride).operation(from, to, GFP_KERNEL);

                        assert!(match operation {
                            Ok(_) => !overlap,
                            Err(TransferError::Plan(PlanError::Overlap)) => overlap,
                            Err(_) => false,
                        });
                    }
                }
            }
            Ok(())
        })
    }
}
