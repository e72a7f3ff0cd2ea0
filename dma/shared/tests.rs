// SPDX-License-Identifier: GPL-2.0

//! KUnit suite of memory with other readers.

use kernel::prelude::*;

#[kunit_tests(rk3588_dma_shared)]
mod suite {
    use core::{
        ptr,
        slice, //
    };

    use kernel::sync::atomic::{
        Atomic,
        Relaxed, //
    };

    use super::super::*;
    use crate::{
        dma::{
            Buffer,
            BusMaster,
            MapFailure,
            WrongDevice, //
        },
        fixture::{
            self,
            TestDevice, //
        }, //
    };

    /// Returns a buffer whose bytes are a pattern, to be shared.
    fn image(len: usize) -> Result<Arc<Buffer>> {
        let mut buffer = Buffer::zeroed(len, GFP_KERNEL)?;

        fixture::fill(1, 0, &mut buffer);
        Ok(Arc::new(buffer, GFP_KERNEL)?)
    }

    /// Returns a page whose bytes are a pattern, to be shared.
    fn page() -> Result<PageRef> {
        let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

        fixture::fill(1, 0, &mut page);
        Ok(page.share())
    }

    /// Returns the number of references to the page.
    fn references(page: NonNull<bindings::page>) -> i32 {
        // SAFETY: The page must exist: each test keeps a reference.
        unsafe { c::rk3588_dma_page_ref_count(page.as_ptr()) }
    }

    fn live(dev: &DmaDevice) -> u64 {
        fixture::counters(dev).live
    }

    /// Returns true if the device sees a pattern in all bytes of `memory`.
    fn is_seen<M: SharedMemory>(dev: &DmaDevice, memory: M) -> Result<bool> {
        let len = memory.len();
        let mapping = SharedMapping::new(dev, memory)?;
        let mut is_seen = false;

        drop(fixture::run(dev, mapping, |hardware| {
            is_seen = hardware.len() == len && hardware.has_pattern(1);
        })?);
        Ok(is_seen)
    }

    #[test]
    fn the_device_sees_what_is_in_memory_of_any_kind() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        for len in [1, 100, 4096, 100_000] {
            assert!(is_seen(dev, image(len)?)?);

            let mut vector = KVec::from_elem(0u8, len, GFP_KERNEL)?;

            fixture::fill(1, 0, &mut vector);
            assert!(is_seen(dev, Arc::new(vector, GFP_KERNEL)?)?);
        }

        let mut bytes = KBox::new([0u8; 200], GFP_KERNEL)?;
        let mut part = PageBuffer::zeroed(GFP_KERNEL)?;

        fixture::fill(1, 0, &mut *bytes);
        part.set_range(10..3000)?;
        fixture::fill(1, 0, &mut part);
        assert!(is_seen(dev, Arc::new(bytes, GFP_KERNEL)?)?);
        assert!(is_seen(dev, Arc::new(part, GFP_KERNEL)?)?);
        assert!(is_seen(dev, page()?)?);
        assert_eq!(fixture::counters(dev).syncs_for_cpu, 0);
        assert_eq!(fixture::counters(dev).syncs_for_device, 0);
        assert_eq!(live(dev), 0);
        Ok(())
    }

    #[test]
    fn two_are_in_flight_while_the_cpu_reads() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let bus = BusMaster::<u32>::new(dev)?;
        let image = image(5000)?;
        let first = bus.submit(SharedMapping::new(dev, image.clone())?)?;
        let second = bus.submit(SharedMapping::new(dev, image.clone())?)?;
        let (one, other) = (
            fixture::hardware(dev, &first)?,
            fixture::hardware(dev, &second)?,
        );

        assert!(one.has_pattern(1));
        assert!(fixture::is_filled(1, 0, &image));
        assert!(other.has_pattern(1));
        assert!(one.has_pattern(1));
        assert_eq!(fixture::counters(dev).mapped, 2);
        assert_eq!(fixture::counters(dev).bytes, 2 * 5000);
        // SAFETY: The device must not use the mapping any more: it is not read below.
        drop(unsafe { first.complete() });
        assert_eq!(live(dev), 1);
        assert!(other.has_pattern(1));
        // SAFETY: As above.
        drop(unsafe { second.complete() });
        assert_eq!(live(dev), 0);
        assert!(fixture::is_filled(1, 0, &image));
        Ok(())
    }

    #[test]
    fn two_devices_read_the_same_memory() -> Result {
        let (device, other) = (TestDevice::new()?, TestDevice::new()?);
        let (dev, other) = (device.dma()?, other.dma()?);
        let image = image(5000)?;
        let first = SharedMapping::new(dev, image.clone())?;
        let second = SharedMapping::new(other, image)?;

        drop(fixture::run(dev, first, |hardware| {
            assert!(hardware.has_pattern(1));
        })?);
        drop(fixture::run(other, second, |hardware| {
            assert!(hardware.has_pattern(1));
        })?);
        Ok(())
    }

    #[test]
    fn the_memory_is_freed_with_the_last_reference_after_it_was_unmapped() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let (still_live, first_bytes) = (Atomic::new(9), Atomic::new(0));
        let image = Arc::new(
            fixture::Witness {
                buffer: Buffer::zeroed(4096, GFP_KERNEL)?,
                dev,
                live: &still_live,
                first_bytes: &first_bytes,
            },
            GFP_KERNEL,
        )?;
        let map = |image| {
            SharedMapping::new(dev, image).map_err(|error| Error::from(error.failure))
            //
        };
        let (first, second) = (map(image.clone())?, map(image)?);

        drop(first);
        assert_eq!(live(dev), 1);
        assert_eq!(still_live.load(Relaxed), 9);
        drop(fixture::run(dev, second, |hardware| {
            assert_eq!(hardware.read(4095), [0]);
        })?);
        assert_eq!(still_live.load(Relaxed), 0);
        Ok(())
    }

    #[test]
    fn unmapped_it_is_what_it_was() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let image = image(100)?;
        let mapping = SharedMapping::new(dev, image.clone())?;

        assert!(Arc::ptr_eq(mapping.memory(), &image));
        assert_eq!(MappedMemory::len(&mapping), 100);
        assert!(Arc::ptr_eq(&mapping.unmap(), &image));
        assert_eq!(live(dev), 0);
        // Nothing else refers to it, so that it can be changed again.
        assert!(Arc::into_unique_or_drop(image).is_some());
        Ok(())
    }

    #[test]
    fn references_to_a_page_are_given_back() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let page = page()?;
        let raw = page.page;

        assert_eq!(references(raw), 1);

        let (copy, slice) = (page.clone(), page.slice(..2048)?);

        assert_eq!(references(raw), 3);

        let (first, second) = (
            SharedMapping::new(dev, copy)?,
            SharedMapping::new(dev, slice)?,
        );

        assert_eq!(references(raw), 3);
        drop(first);
        assert_eq!(references(raw), 2);

        let second = second.unmap();

        assert_eq!(references(raw), 2);
        assert!(matches!(page.slice(..4097), Err(EINVAL)));
        assert_eq!(references(raw), 2);
        // A failure to map, too, gives it back.
        drop(SharedMapping::new(dev, page.slice(..0)?).err());
        assert_eq!(references(raw), 2);
        drop(second);
        // SAFETY: The page has a reference, and is given back below.
        unsafe { fixture::c::rk3588_dma_test_get_page(raw.as_ptr()) };
        drop(page);
        assert_eq!(references(raw), 1);
        // SAFETY: The reference was taken above.
        unsafe { fixture::c::rk3588_dma_test_put_page(raw.as_ptr()) };
        Ok(())
    }

    #[test]
    fn slices_of_a_page_are_their_bytes() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let page = page()?;

        for (outer, inner) in [
            (0..4096, 0..4096),
            (0..1, 0..1),
            (4095..4096, 0..1),
            (7..3000, 100..200),
        ] {
            let slice = page.slice(outer.clone())?.slice(inner.clone())?;
            let start = outer.start + inner.start;

            assert_eq!(slice.len(), inner.len());
            drop(fixture::run(
                dev,
                SharedMapping::new(dev, slice)?,
                |hardware| {
                    assert_eq!(hardware.len(), inner.len());
                    assert!(fixture::is_filled(1, start, &hardware.read::<1>(0)));
                    assert!(fixture::is_filled(
                        1,
                        start + inner.len() - 1,
                        &hardware.read::<1>(inner.len() - 1)
                    ));
                },
            )?);
        }
        Ok(())
    }

    #[test]
    fn slices_outside_are_refused() -> Result {
        let part = page()?.slice(1000..2000)?;

        #[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
        for range in [0..1001, 1001..1001, 5..4, 0..usize::MAX] {
            assert!(matches!(part.slice(range), Err(EINVAL)));
        }
        assert!(matches!(part.slice(..=1000), Err(EINVAL)));
        assert_eq!(part.slice(1000..)?.len(), 0);
        assert_eq!(part.slice(..)?.len(), 1000);
        Ok(())
    }

    #[test]
    fn a_shared_page_keeps_its_range() -> Result {
        let device = TestDevice::new()?;
        let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

        page.set_range(100..1600)?;
        fixture::fill(1, 0, &mut page);

        let page = page.share();

        assert_eq!(page.len(), 1500);
        assert!(is_seen(device.dma()?, page)?);
        Ok(())
    }

    /// The other owner has a reference, too.
    #[test]
    fn a_page_of_another_owner_outlives_its_reference() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let owner = page()?;
        // SAFETY: `owner` has a reference to the page, which is initialized.
        let page = unsafe { PageRef::new(owner.page, 5..4096) };
        let mapping = SharedMapping::new(dev, page)?;

        drop(owner);
        drop(fixture::run(dev, mapping, |hardware| {
            assert!(fixture::is_filled(1, 5, &hardware.read::<64>(0)));
        })?);
        Ok(())
    }

    #[test]
    fn with_an_address_the_reference_is_leaked() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let (image, page) = (image(4096)?, page()?);
        let memory = Memory::as_ptr(&*image);
        let raw = page.page;
        let mapping = SharedMapping::new(dev, image)?;
        // SAFETY: The mapping must be dropped once: the first owner is leaked below.
        let leaked = ManuallyDrop::new(unsafe { ptr::read(&mapping) });
        let flight = BusMaster::<u32>::new(dev)?.submit(mapping)?;
        let _ = flight.segments();

        drop(flight);
        assert_eq!(live(dev), 1);
        // SAFETY: The memory must be valid for reads: it is leaked. KASAN finds it if it is freed.
        let bytes = unsafe { slice::from_raw_parts(memory.as_ptr(), 4096) };

        assert!(fixture::is_filled(1, 0, bytes));
        drop(ManuallyDrop::into_inner(leaked));

        // Without an address it is not leaked.
        drop(BusMaster::<u32>::new(dev)?.submit(SharedMapping::new(dev, page.clone())?)?);
        assert_eq!(live(dev), 0);
        assert_eq!(references(raw), 1);
        Ok(())
    }

    #[test]
    fn what_cannot_be_mapped_comes_back() -> Result {
        let (device, other) = (TestDevice::new()?, TestDevice::new()?);
        let dev = device.dma_with(fixture::narrow(4096, c_ulong::MAX))?;
        let long = image(4097)?;
        let error = SharedMapping::new(dev, long.clone()).err().ok_or(EINVAL)?;

        assert_eq!(
            error.failure,
            MapFailure::TooLong {
                len: 4097,
                max: 4096
            }
        );
        assert!(Arc::ptr_eq(&error.memory, &long));

        let nothing = Arc::new(KVec::<u8>::new(), GFP_KERNEL)?;
        let error = SharedMapping::new(dev, nothing).err().ok_or(EINVAL)?;

        assert_eq!(error.failure, MapFailure::Empty);
        assert!(matches!(error.into(), EINVAL));

        let mapping = SharedMapping::new(dev, image(64)?)?;
        let result = BusMaster::<u32>::new(other.dma()?)?.submit(mapping);
        let WrongDevice(mapping) = result.err().ok_or(EINVAL)?;

        assert!(mapping.is_mapped_for(dev));
        Ok(())
    }
}
