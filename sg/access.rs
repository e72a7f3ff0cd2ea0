// SPDX-License-Identifier: GPL-2.0

//! How the CPU reaches the bytes of a list while it is mapped: those it asks for, in whatever entries
//! they are, and no others are synced.

use core::{
    ops::{
        Range,
        RangeBounds, //
    },
    slice, //
};

use kernel::prelude::*;

use super::{
    list::RawList,
    overlay::Within,
    table::Entries,
    MappedList,
    Scattered, //
};
use crate::dma::{
    resolve,
    DeviceReads,
    Direction, //
};

impl<'dev, M: Scattered, D: Direction> MappedList<'dev, M, D> {
    /// Shows the bytes of `range` to the CPU, as they are now. Takes time in proportion to the entries up to
    /// the end of the range.
    ///
    /// C function: `dma_sync_single_for_cpu()`, for each part of the range that is contiguous, unless the
    /// direction is [`ToDevice`](crate::dma::ToDevice).
    ///
    /// # Errors
    ///
    /// `EINVAL` if `range` is not inside the memory.
    ///
    /// # Examples
    ///
    /// ```ignore
    /// let mut header = [0; 64];
    ///
    /// list.cpu(..64)?.copy_to(&mut header)?;
    /// ```
    pub(crate) fn cpu(&mut self, range: impl RangeBounds<usize>) -> Result<Bytes<'_, 'dev, D>> {
        let range = self.resolve_and_sync(range)?;

        // INVARIANT: Synced just now, and the list is borrowed mutably.
        Ok(Bytes {
            raw: &self.raw,
            range,
        })
    }

    /// Shows the bytes of `range` to the CPU to change them; the device sees the changes when the result is
    /// dropped.
    ///
    /// C functions: `dma_sync_single_for_cpu()` where the direction is
    /// [`Bidirectional`](crate::dma::Bidirectional), then `dma_sync_single_for_device()`, for each part of
    /// the range that is contiguous.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `range` is not inside the memory.
    ///
    /// # Examples
    ///
    /// ```ignore
    /// list.cpu_mut(4090..4100)?.copy_from(b"two pages!")?;
    /// ```
    pub(crate) fn cpu_mut(
        &mut self,
        range: impl RangeBounds<usize>,
    ) -> Result<BytesMut<'_, 'dev, D>>
    where
        D: DeviceReads,
    {
        let range = self.resolve_and_sync(range)?;

        // INVARIANT: As in `cpu`.
        Ok(BytesMut {
            bytes: Bytes {
                raw: &self.raw,
                range,
            },
        })
    }

    fn resolve_and_sync(&mut self, range: impl RangeBounds<usize>) -> Result<Range<usize>> {
        let range = resolve(range, self.len())?;

        if D::DEVICE_MAY_WRITE {
            // SAFETY: What refers to the bytes borrows the list, and `&mut self` says that nothing does.
            unsafe { self.raw.sync_for_cpu(range.clone()) };
        }
        Ok(range)
    }
}

/// Bytes of a list while the CPU may see them.
///
/// # Invariants
///
/// `range` is inside the list, which the value has borrowed mutably, and was synced for the CPU.
pub(crate) struct Bytes<'a, 'dev, D: Direction> {
    raw: &'a RawList<'dev, D>,
    range: Range<usize>,
}

impl<D: Direction> Bytes<'_, '_, D> {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.range.len()
    }

    /// They, in slices of one entry each.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.within().map(|(entry, len)| {
            // SAFETY: These bytes are initialized and in memory of the list. By the type invariants nobody
            // but us has it, and the device does not use it; `&self` excludes `iter_mut`. They may have been
            // allocated in several pieces, but are part of the linear map, which is one object: the pointer
            // is made of a page's address in it.
            unsafe { slice::from_raw_parts(entry.start().as_ptr(), len) }
        })
    }

    /// Copies them to `to`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if that is not as long.
    pub(crate) fn copy_to(&self, mut to: &mut [u8]) -> Result {
        if to.len() != self.len() {
            return Err(EINVAL);
        }
        for bytes in self.iter() {
            let (head, rest) = to.split_at_mut(bytes.len());

            head.copy_from_slice(bytes);
            to = rest;
        }
        Ok(())
    }

    fn within(&self) -> Within<Entries<'_>> {
        Within::new(self.raw.table.iter(), self.range.clone())
    }
}

/// Bytes of a list while the CPU may change them. Dropping it hands them over.
///
/// If it is leaked (`mem::forget`) they are not handed over, as with [`CpuMut`](crate::dma::CpuMut).
#[must_use = "the device sees the changes when this is dropped"]
pub(crate) struct BytesMut<'a, 'dev, D: Direction> {
    bytes: Bytes<'a, 'dev, D>,
}

impl<D: Direction> BytesMut<'_, '_, D> {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// They, in slices of one entry each, to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.bytes.within().map(|(entry, len)| {
            // SAFETY: As in `Bytes::iter`; `&mut self` excludes all others, and no two entries have a byte
            // in common, because nobody owns the same memory twice.
            unsafe { slice::from_raw_parts_mut(entry.start().as_ptr(), len) }
        })
    }

    /// Replaces them by `from`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if that is not as long.
    pub(crate) fn copy_from(&mut self, mut from: &[u8]) -> Result {
        if from.len() != self.len() {
            return Err(EINVAL);
        }
        for bytes in self.iter_mut() {
            let (head, rest) = from.split_at(bytes.len());

            bytes.copy_from_slice(head);
            from = rest;
        }
        Ok(())
    }
}

impl<D: Direction> Drop for BytesMut<'_, '_, D> {
    fn drop(&mut self) {
        self.bytes.raw.sync_for_device(self.bytes.range.clone());
    }
}

#[kunit_tests(rk3588_dma_sg_access)]
mod tests {
    use core::mem;

    use super::*;
    use crate::{
        dma::{
            Bidirectional,
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

    /// A list of these bytes, which are a pattern, in entries of 64 bytes.
    fn list<D: Direction>(
        dev: &DmaDevice,
        len: usize,
        seed: u8,
    ) -> Result<MappedList<'_, Contiguous<Buffer>, D>> {
        let mut buffer = Buffer::zeroed(len)?;

        fixture::fill(seed, 0, &mut buffer);

        let table = TableBuilder::new(dev, Contiguous(buffer))
            .max_segment(64)
            .build(GFP_KERNEL)?;

        Ok(table.map::<D>()?)
    }

    /// Syncs for the CPU and for the device, so far.
    fn syncs(dev: &DmaDevice) -> (u64, u64) {
        let now = dev.statistics().snapshot();

        (now.syncs_for_cpu, now.syncs_for_device)
    }

    /// What is in the memory now, without a sync.
    fn peek<M: Scattered, D: Direction>(list: &mut MappedList<'_, M, D>, at: usize) -> Result<u8> {
        let (entry, _) = Within::new(list.raw.table.iter(), at..at + 1)
            .next()
            .ok_or(EINVAL)?;

        // SAFETY: It is in memory that the list has to itself.
        Ok(unsafe { entry.start().read() })
    }

    /// Changes what is in the memory, without a sync.
    fn poke<M: Scattered, D: Direction>(
        list: &mut MappedList<'_, M, D>,
        range: Range<usize>,
        byte: u8,
    ) {
        for (entry, len) in Within::new(list.raw.table.iter(), range) {
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
            list = fixture::run_list(dev, list, |hardware| hardware.write_pattern(round))?;
            // Three entries and parts of two, then less than one.
            list.cpu(50..350)?.copy_to(&mut bytes)?;
            assert!(fixture::is_filled(round, 50, &bytes));
            list.cpu(970..)?.copy_to(&mut bytes[..30])?;
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
            list.cpu_mut(50..350)?.copy_from(&[round; 300])?;
            list = fixture::run_list(dev, list, |hardware| {
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
        let mut list = fixture::run_list(dev, list, |hardware| hardware.write_pattern(1))?;

        {
            let mut bytes = list.cpu_mut(60..140)?;
            let mut at = 60;

            assert_eq!(bytes.len(), 80);
            for slice in bytes.iter_mut() {
                assert!(fixture::is_filled(1, at, slice));
                at += slice.len();
                slice[0] = 9;
            }
        }

        let mut list = fixture::run_list(dev, list, |hardware| {
            assert_eq!(hardware.read(59), [fixture::pattern(1, 59), 9]);
            assert_eq!(hardware.read(64), [9, fixture::pattern(1, 65)]);
            assert_eq!(hardware.read(128), [9]);
            hardware.write(127, &[7, 8]);
        })?;
        let mut bytes = [0; 4];

        list.cpu(126..130)?.copy_to(&mut bytes)?;
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

        list.cpu(..)?.copy_to(&mut bytes)?;
        assert!(fixture::is_filled(5, 0, &bytes));
        assert_eq!(syncs(dev), (0, 0));
        assert_eq!(list.cpu_mut(100..200)?.iter_mut().count(), 3);
        assert_eq!(syncs(dev), (0, 3));
        Ok(())
    }

    /// In bounce buffers one sees how far a sync goes.
    #[test]
    fn only_the_range_is_synced() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut list = list::<Bidirectional>(dev, 300, 0)?;
        let is_bounced = dev.statistics().snapshot().bounced == 1;

        list = fixture::run_list(dev, list, |hardware| hardware.write(0, &[1; 300]))?;
        assert_eq!(list.cpu(100..200)?.len(), 100);
        for at in 0..300 {
            let is_synced = (100..200).contains(&at) || !is_bounced;
            let expected = if is_synced {
                1
            } else {
                fixture::pattern(0, at)
            };

            assert_eq!(peek(&mut list, at)?, expected);
        }

        // All of it is changed, and a part handed over.
        poke(&mut list, 0..300, 2);
        list.raw.sync_for_device(100..200);
        drop(fixture::run_list(dev, list, |hardware| {
            for at in 0..300 {
                let is_synced = (100..200).contains(&at) || !is_bounced;

                assert_eq!(hardware.read(at), [if is_synced { 2 } else { 1 }]);
            }
        })?);
        Ok(())
    }

    /// A guard hands over its range, and nothing else.
    #[test]
    fn only_the_range_is_handed_over() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut list = list::<ToDevice>(dev, 300, 0)?;
        let is_bounced = dev.statistics().snapshot().bounced == 1;

        poke(&mut list, 0..300, 2);
        drop(list.cpu_mut(10..130)?);
        drop(fixture::run_list(dev, list, |hardware| {
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
            let bytes = list.cpu(range.clone())?;
            let found = bytes.iter().map(<[u8]>::len);

            assert_eq!(bytes.len(), range.len());
            assert!(found.eq(lens.iter().copied()));
            for slice in bytes.iter() {
                assert!(fixture::is_filled(3, at, slice));
                at += slice.len();
            }
            assert_eq!(at, range.end);

            let mut bytes = list.cpu_mut(range.clone())?;

            assert!(bytes
                .iter_mut()
                .map(|slice| slice.len())
                .eq(lens.iter().copied()));
        }
        Ok(())
    }

    /// They can be had all at once: none has a byte of another.
    #[test]
    fn slices_to_be_changed_are_apart() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut list = list::<ToDevice>(dev, 200, 0)?;
        let mut guard = list.cpu_mut(..)?;
        let mut slices = KVec::new();

        for slice in guard.iter_mut() {
            slices.push(slice, GFP_KERNEL)?;
        }
        for (index, slice) in slices.iter_mut().enumerate() {
            slice.fill(index as u8);
        }
        drop(slices);
        drop(guard);
        drop(fixture::run_list(dev, list, |hardware| {
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
                list.cpu(50..150)?.copy_to(&mut to[..len]),
                Err(EINVAL)
            ));
            assert!(matches!(
                list.cpu_mut(50..150)?.copy_from(&to[..len]),
                Err(EINVAL)
            ));
        }
        // Nothing has been copied.
        assert!(to == [0xee; 102]);
        list.cpu(..100)?.copy_to(&mut to[..100])?;
        assert!(fixture::is_filled(1, 0, &to[..100]));
        list.cpu(100..)?.copy_to(&mut to[..100])?;
        assert!(fixture::is_filled(1, 100, &to[..100]));
        Ok(())
    }

    #[test]
    fn ranges_outside_are_refused() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut list = list::<Bidirectional>(dev, 100, 0)?;

        #[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
        for range in [0..101, 100..101, 101..101, 2..1, 0..usize::MAX] {
            assert!(matches!(list.cpu(range.clone()), Err(EINVAL)));
            assert!(matches!(list.cpu_mut(range), Err(EINVAL)));
        }
        assert!(matches!(list.cpu(..=100), Err(EINVAL)));
        assert!(matches!(list.cpu(..=usize::MAX), Err(EINVAL)));
        assert!(matches!(list.cpu(101..), Err(EINVAL)));
        assert_eq!(syncs(dev), (0, 0));
        assert_eq!(list.cpu(..=99)?.len(), 100);
        Ok(())
    }

    #[test]
    fn an_empty_range_is_empty_and_needs_no_sync() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut list = list::<Bidirectional>(dev, 200, 0)?;

        for at in [0, 1, 64, 200] {
            assert_eq!(list.cpu(at..at)?.len(), 0);
            assert_eq!(list.cpu(at..at)?.iter().count(), 0);
            list.cpu(at..at)?.copy_to(&mut [])?;

            let mut bytes = list.cpu_mut(at..at)?;

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
        let is_bounced = dev.statistics().snapshot().bounced == 1;
        let mut bytes = list.cpu_mut(..)?;

        bytes.copy_from(&[1; 200])?;
        mem::forget(bytes);
        assert_eq!(syncs(dev), (0, 0));
        list.cpu_mut(60..70)?.copy_from(&[2; 10])?;
        drop(fixture::run_list(dev, list, |hardware| {
            let kept = |at| match is_bounced {
                true => fixture::pattern(0, at),
                false => 1,
            };

            assert_eq!(hardware.read(59), [kept(59), 2]);
            assert_eq!(hardware.read(69), [2, kept(70)]);
        })?);
        assert_eq!(dev.statistics().snapshot().live, 0);
        Ok(())
    }

    /// vmalloc memory, which the CPU has at other addresses when it is not mapped.
    #[test]
    fn vmalloc_memory_is_reached_in_its_order() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let bytes = VVec::from_elem(0u8, 20_000, GFP_KERNEL)?;
        let table = TableBuilder::new(dev, bytes).build(GFP_KERNEL)?;
        let mut list = table.map::<Bidirectional>()?;

        list.cpu_mut(4090..12_300)?
            .iter_mut()
            .fold(4090, |at, slice| {
                fixture::fill(1, at, slice);
                at + slice.len()
            });
        list = fixture::run_list(dev, list, |hardware| {
            for at in [4090, 4095, 4096, 8191, 8192, 12_299] {
                assert_eq!(hardware.read(at), [fixture::pattern(1, at)]);
            }
            assert_eq!(hardware.read(4089), [0, fixture::pattern(1, 4090)]);
            hardware.write(8190, &[9; 4]);
        })?;

        let mut four = [0; 4];

        list.cpu(8190..8194)?.copy_to(&mut four)?;
        assert_eq!(four, [9; 4]);

        let bytes = list.unmap().into_memory();

        assert!(fixture::is_filled(1, 4090, &bytes[4090..8190]));
        assert_eq!(bytes[8190..8194], [9; 4]);
        assert!(fixture::is_filled(1, 8194, &bytes[8194..12_300]));
        Ok(())
    }
}
