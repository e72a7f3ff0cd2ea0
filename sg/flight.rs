// SPDX-License-Identifier: GPL-2.0

//! Mapped lists in use by a device: for authors of engines.

use core::{
    iter::FusedIterator,
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::Range, //
};

use kernel::{
    fmt,
    prelude::*, //
};

use super::{
    overlay::{
        self,
        Run,
        Within, //
    },
    raw::{
        RawSegment,
        RawSegments, //
    },
    MappedList,
    Scattered, //
};
use crate::dma::{
    Direction,
    DmaAddress, //
};

/// A mapped list that the device may be using.
///
/// As an [`InFlight`](crate::dma::InFlight): held from before the device is told the addresses until it has
/// stopped. Dropped instead, it leaks the mapping and the memory, with a warning.
///
/// # Examples
///
/// ```ignore
/// let flight = list.submit();
///
/// for segment in flight.segments() {
///     ring.push(Descriptor::new(segment.address().to_bus32(0)?, segment.len()))?;
/// }
/// start_and_wait_until_stopped(ring);
/// // SAFETY: The device has stopped.
/// let list = unsafe { flight.complete() };
/// ```
///
/// # Invariants
///
/// `list` is valid until `complete` takes it out.
#[must_use = "what is in flight and dropped is lost"]
pub(crate) struct ListInFlight<'dev, M: Scattered, D: Direction> {
    list: ManuallyDrop<MappedList<'dev, M, D>>,
}

impl<'dev, M: Scattered, D: Direction> ListInFlight<'dev, M, D> {
    #[inline]
    pub(super) fn new(list: MappedList<'dev, M, D>) -> Self {
        // INVARIANT: It has just come.
        Self {
            list: ManuallyDrop::new(list),
        }
    }

    /// How many bytes it has.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// The segments as the device sees them, in the order of the memory: these and no others.
    ///
    /// C macro: `for_each_sgtable_dma_sg()`.
    #[inline]
    pub(crate) fn segments(&self) -> Segments<'_> {
        // INVARIANT: It is in flight for as long as it is borrowed.
        Segments(self.list.raw.table.mapped())
    }

    /// Takes the list back from the device.
    ///
    /// # Safety
    ///
    /// As [`InFlight::complete`](crate::dma::InFlight::complete).
    #[inline]
    pub(crate) unsafe fn complete(self) -> MappedList<'dev, M, D> {
        let mut this = ManuallyDrop::new(self);

        // SAFETY: `this` is not used nor dropped again, so the list has one owner.
        unsafe { ManuallyDrop::take(&mut this.list) }
    }
}

impl<M: Scattered, D: Direction> Drop for ListInFlight<'_, M, D> {
    fn drop(&mut self) {
        dev_warn!(
            self.list.raw.dev.as_device(),
            "{} bytes in {} DMA segments are lost: the device may still use them\n",
            self.len(),
            self.list.segments()
        );
    }
}

/// Bytes that follow each other in the addresses of the device.
///
/// # Examples
///
/// ```ignore
/// descriptor.address = segment.address().to_bus32(0)?.to_le();
/// descriptor.len = u32::try_from(segment.len())?.to_le();
/// ```
///
/// # Invariants
///
/// It is a segment, or part of one, of a list that is in flight for `'a`.
#[derive(Clone, Copy)]
pub(crate) struct Segment<'a> {
    raw: RawSegment,
    list: PhantomData<&'a ()>,
}

impl<'a> Segment<'a> {
    /// Where the device finds the first of them.
    pub(crate) fn address(&self) -> DmaAddress<'a> {
        // SAFETY: By the type invariant.
        unsafe { DmaAddress::new(self.raw.address()) }
    }

    /// How many they are.
    pub(crate) fn len(&self) -> usize {
        self.raw.len()
    }
}

impl Run for Segment<'_> {
    fn len(&self) -> usize {
        self.raw.len()
    }

    fn skip(self, by: usize) -> Self {
        // INVARIANT: The rest of it.
        Self {
            raw: self.raw.skip(by),
            ..self
        }
    }
}

/// `0x40200000+4096`: its address, and its length in bytes.
impl fmt::Display for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

/// The segments of a list in flight.
///
/// # Invariants
///
/// They are those of a list that is in flight for `'a`.
#[derive(Clone)]
pub(crate) struct Segments<'a>(RawSegments<'a>);

impl<'a> Segments<'a> {
    /// Steps over the segments that end at byte `offset` or before, counted from the first one of these. Says
    /// how many bytes they have.
    pub(crate) fn skip_before(&mut self, offset: usize) -> usize {
        overlay::skip_before(&mut self.0, offset)
    }

    /// The bytes of `range`, counted from the first one of these segments: segments, of which the first and
    /// the last are cut where the range begins and ends. If there are not as many bytes, those there are.
    pub(crate) fn within(self, range: Range<usize>) -> impl Iterator<Item = Segment<'a>> + Clone {
        // INVARIANT: They are parts of ours.
        Within::new(self.0, range).map(|(segment, len)| Segment {
            raw: segment.up_to(len),
            list: PhantomData,
        })
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    #[inline]
    fn next(&mut self) -> Option<Segment<'a>> {
        // INVARIANT: By ours.
        Some(Segment {
            raw: self.0.next()?,
            list: PhantomData,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Segments<'_> {}

impl FusedIterator for Segments<'_> {}

#[kunit_tests(rk3588_dma_sg_flight)]
mod tests {
    use core::ptr;

    use kernel::str::CString;

    use super::*;
    use crate::{
        dma::{
            Buffer,
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
            TableBuilder, //
        }, //
    };

    /// A list in flight of a buffer of these bytes, in entries of 512 bytes.
    fn flight<D: Direction>(
        dev: &DmaDevice,
        len: usize,
    ) -> Result<ListInFlight<'_, Contiguous<Buffer>, D>> {
        let mut buffer = Buffer::zeroed(len)?;

        fixture::fill(1, 0, &mut buffer);

        let table = TableBuilder::new(dev, Contiguous(buffer))
            .max_segment(512)
            .build(GFP_KERNEL)?;

        Ok(table.map::<D>()?.submit())
    }

    /// There is no IOMMU before the test device, so an entry is a segment.
    #[test]
    fn there_is_a_segment_for_each_entry() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        for (len, count) in [(1, 1), (512, 1), (513, 2), (5000, 10), (300 * 512, 300)] {
            let flight = flight::<ToDevice>(dev, len)?;
            let segments = flight.segments();

            assert_eq!(flight.len(), len);
            assert_eq!(segments.len(), count);
            assert_eq!(segments.clone().count(), count);
            assert_eq!(segments.map(|segment| segment.len()).sum::<usize>(), len);

            let mut segments = flight.segments();

            for left in (0..count).rev() {
                let segment = segments.next().ok_or(EINVAL)?;
                let is_last = left == 0;

                assert_eq!(segments.size_hint(), (left, Some(left)));
                assert!(segment.len() == 512 || is_last);
            }
            assert!(segments.next().is_none());
            assert!(segments.next().is_none());
            // SAFETY: There is no device.
            drop(unsafe { flight.complete() });
        }
        Ok(())
    }

    /// What is written at the address of a segment is there in the memory, and nowhere else.
    #[test]
    fn segments_are_in_the_order_of_the_memory() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let flight = flight::<FromDevice>(dev, 5000)?;
        let is_bounced = dev.statistics().snapshot().bounced == 1;
        let start = flight.segments().next().ok_or(EINVAL)?.address().as_raw();

        if !is_bounced {
            // All from one buffer.
            let mut expected = start;

            for segment in flight.segments() {
                assert_eq!(segment.address().as_raw(), expected);
                expected += segment.len() as u64;
            }
        }

        // SAFETY: There is no device that was told of it.
        let list = unsafe { flight.complete() };
        let list = fixture::run_list(dev, list, |hardware| {
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

    #[test]
    fn a_range_of_the_bytes_is_cut_out_of_the_segments() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let flight = flight::<ToDevice>(dev, 1500)?;
        let mut starts = [0; 3];

        for (start, segment) in starts.iter_mut().zip(flight.segments()) {
            *start = segment.address().as_raw();
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
            // Those there are.
            (1499..3000, &[(third + 475, 1)]),
            (1500..1501, &[]),
            (700..700, &[]),
            (usize::MAX..usize::MAX, &[]),
        ] {
            let found = flight.segments().within(range);

            assert!(found
                .clone()
                .map(|segment| (segment.address().as_raw(), segment.len()))
                .eq(expected.iter().copied()));
            assert_eq!(found.count(), expected.len());
        }
        // SAFETY: There is no device.
        drop(unsafe { flight.complete() });
        Ok(())
    }

    #[test]
    fn a_segment_is_shown_as_its_address_and_length() -> Result {
        let device = TestDevice::new()?;
        let flight = flight::<ToDevice>(device.dma()?, 100)?;
        let segment = flight.segments().next().ok_or(EINVAL)?;
        let shown = CString::try_from_fmt(fmt!("{segment}"))?;
        let address = segment.address().to_bus32(0)?;
        let expected = CString::try_from_fmt(fmt!("{address:#010x}+100"))?;

        assert!(shown.to_bytes() == expected.to_bytes());
        // SAFETY: There is no device.
        drop(unsafe { flight.complete() });
        Ok(())
    }

    /// What was in flight and is dropped stays allocated and mapped: the device may go on.
    #[test]
    fn what_is_dropped_in_flight_is_lost_but_not_freed() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let flight = flight::<FromDevice>(dev, 1000)?;
        // SAFETY: A second owner, until the first is lost below.
        let lost = ManuallyDrop::new(unsafe { ptr::read(&*flight.list) });

        drop(flight);
        assert_eq!(dev.statistics().snapshot().live, 1);
        for entry in lost.raw.table.iter() {
            // SAFETY: The memory is still ours; KASAN would complain otherwise.
            unsafe { entry.start().write_volatile(1) };
        }
        assert_eq!(lost.segments(), 2);

        // So that nothing is left for those who look for leaks.
        drop(ManuallyDrop::into_inner(lost));
        assert_eq!(dev.statistics().snapshot().live, 0);
        Ok(())
    }
}
