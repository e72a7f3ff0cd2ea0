// SPDX-License-Identifier: GPL-2.0

//! KUnit suite of devices and their limits.

use kernel::prelude::*;

#[kunit_tests(rk3588_dma_device)]
mod suite {
    use kernel::{
        platform,
        str::CString, //
    };

    use super::super::*;
    use crate::{
        dma::{
            buffer::pad,
            Buffer,
            BusMaster,
            FromDevice,
            Mapping,
            PageBuffer,
            ToDevice, //
        },
        fixture::{
            self,
            TestDevice, //
        }, //
    };

    #[test]
    fn there_is_one_for_each_device() -> Result {
        let (device, other) = (TestDevice::new()?, TestDevice::new()?);

        assert!(device.dma().is_ok());
        assert!(matches!(device.dma(), Err(EBUSY)));
        assert!(other.dma().is_ok());
        Ok(())
    }

    /// A wrapper of a device whose setters do nothing.
    struct Deaf<'a, 'core>(&'a platform::Device<Core<'core>>);

    impl<'core> AsRef<Device<Core<'core>>> for Deaf<'_, 'core> {
        fn as_ref(&self) -> &Device<Core<'core>> {
            self.0.as_ref()
        }
    }

    impl<'core> dma::Device<'core> for Deaf<'_, 'core> {
        unsafe fn dma_set_mask_and_coherent(&self, _: DmaMask) -> Result {
            Ok(())
        }

        unsafe fn dma_set_max_seg_size(&self, _: u32) {}
    }

    #[test]
    fn a_wrapper_cannot_suppress_the_limits() -> Result {
        let device = TestDevice::new()?;
        let limits = Limits {
            max_segment: 8192,
            boundary_mask: 0xffff,
            ..Limits::new(DmaMask::new::<31>())
        };
        let deaf = Deaf(device.core());
        // SAFETY: Only this call sets limits of the device. No other code uses it, so
        // nothing is mapped or allocated for it meanwhile.
        let now = unsafe { DmaDevice::new_bound(&deaf, limits)? }.limits();

        assert_eq!(now.dma_mask, 0x7fff_ffff);
        assert_eq!(now.max_segment, 8192);
        assert_eq!(now.boundary_mask, 0xffff);
        Ok(())
    }

    #[test]
    fn a_bus_without_limits_of_segments_is_an_error() -> Result {
        let device = TestDevice::new()?;
        let raw = as_raw(AsRef::<Device<Core<'_>>>::as_ref(device.core()));

        // SAFETY: The device must have no other users: it is the device of this test.
        let parms = unsafe { mem::replace(&mut (*raw).dma_parms, ptr::null_mut()) };
        let result = device.dma();

        // SAFETY: As above.
        unsafe { (*raw).dma_parms = parms };
        assert!(matches!(result, Err(EIO)));
        assert!(device.dma().is_ok());
        Ok(())
    }

    #[test]
    fn it_tells_the_kernel_the_limits() -> Result {
        let device = TestDevice::new()?;
        let limits = Limits {
            mask: DmaMask::new::<31>(),
            coherent_mask: DmaMask::new::<32>(),
            max_segment: 8192,
            boundary_mask: 0xffff,
            min_align_mask: 0xfff,
        };
        let dev = device.dma_with(limits)?;

        assert_eq!(dev.max_segment(), 8192);
        assert_eq!(dev.boundary_mask(), 0xffff);
        // SAFETY: The device has a DMA mask and parameters, as all platform devices.
        unsafe {
            let raw = &*dev.as_raw();

            assert_eq!(*raw.dma_mask, 0x7fff_ffff);
            assert_eq!(raw.coherent_dma_mask, 0xffff_ffff);
            assert_eq!((*raw.dma_parms).min_align_mask, 0xfff);
            assert_eq!((*raw.dma_parms).max_segment_size, 8192);
            assert_eq!((*raw.dma_parms).segment_boundary_mask, 0xffff);
        }
        Ok(())
    }

    /// The kernel returns the limits that it was told, each under its own name, beside its own.
    #[test]
    fn it_shows_the_limits() -> Result {
        let device = TestDevice::new()?;
        let limits = Limits {
            mask: DmaMask::new::<31>(),
            coherent_mask: DmaMask::new::<32>(),
            max_segment: 8192,
            boundary_mask: 0xffff,
            min_align_mask: 0x1ff,
        };
        let dev = device.dma_with(limits)?;
        let now = dev.limits();

        assert_eq!(now.max_mapping_size, dev.max_mapping_size());
        assert!(now.opt_mapping_size <= now.max_mapping_size);
        // The kernel with KUnit debugs DMA, for which it does not leave out any sync.
        assert!(now.needs_sync);

        let expected = CString::try_from_fmt(fmt!(
            "dma_mask 0x7fffffff\n\
             coherent_dma_mask 0xffffffff\n\
             max_mapping_size {}\n\
             opt_mapping_size {}\n\
             max_segment 8192\n\
             boundary_mask 0xffff\n\
             min_align_mask 0x1ff\n\
             min_align {}\n\
             needs_sync 1\n",
            now.max_mapping_size,
            now.opt_mapping_size,
            pad(1)
        ))?;
        let text = CString::try_from_fmt(fmt!("{now}"))?;

        assert_eq!(text.to_bytes(), expected.to_bytes());
        Ok(())
    }

    /// Without it, a bounce buffer begins at a slot, whatever the memory does.
    #[test]
    fn low_bits_of_an_address_stay_in_a_bounce_buffer() -> Result {
        const OFFSET: usize = 1096;

        for min_align_mask in [0, 0x3f, 0x7ff, 0xfff] {
            let device = TestDevice::new()?;
            let dev = device.dma_with(Limits {
                min_align_mask,
                ..Limits::new(DmaMask::new::<32>())
            })?;
            let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

            page.set_range(OFFSET..OFFSET + 1000)?;
            fixture::fill(1, 0, &mut page);

            let mapping = Mapping::<_, FromDevice>::new(dev, page)?;
            let is_bounced = fixture::counters(dev).bounced == 1;
            let flight = BusMaster::<u32>::new(dev)?.submit(mapping)?;
            let address = flight.segments().next().ok_or(EINVAL)?.address() as usize;
            let kept = min_align_mask as usize;

            assert_eq!(address & kept, OFFSET & kept);

            let has_offset = address & 0x7ff == OFFSET;

            assert_eq!(has_offset, !is_bounced || kept >= 0x7ff);
            fixture::hardware(dev, &flight)?.write_pattern(2);
            // SAFETY: The device must not use the mapping any more: the hardware is gone.
            let page = unsafe { flight.complete() }.unmap();

            assert!(fixture::is_filled(2, 0, &page));
        }
        Ok(())
    }

    #[test]
    fn impossible_masks_are_refused() -> Result {
        let device = TestDevice::new()?;

        for boundary_mask in [0, 0x1000, 0x2fff, c_ulong::MAX - 1] {
            let limits = Limits {
                boundary_mask,
                ..Limits::new(DmaMask::new::<32>())
            };

            assert!(matches!(device.dma_with(limits), Err(EINVAL)));
        }
        for min_align_mask in [2, 0xffe, 0x1fff, u32::MAX] {
            let limits = Limits {
                min_align_mask,
                ..Limits::new(DmaMask::new::<32>())
            };

            assert!(matches!(device.dma_with(limits), Err(EINVAL)));
        }
        assert!(device.dma().is_ok());
        Ok(())
    }

    #[test]
    fn after_probe_there_is_none() -> Result {
        let device = TestDevice::new()?;

        assert!(matches!(device.dma_as_a_driver(), Err(EBUSY)));
        Ok(())
    }

    #[test]
    fn without_memory_there_is_none() -> Result {
        let device = TestDevice::new()?;
        let result = fixture::without_memory(|| device.dma())?;

        assert!(matches!(result, Err(ENOMEM)));
        // What was done before is no hindrance.
        assert!(device.dma().is_ok());
        Ok(())
    }

    #[test]
    fn it_is_gone_when_the_device_is() -> Result {
        // KASAN and kmemleak would say if it were not.
        for _ in 0..10 {
            let device = TestDevice::new()?;

            drop(Mapping::<_, ToDevice>::new(
                device.dma()?,
                Buffer::zeroed(64, GFP_KERNEL)?,
            )?);
        }
        Ok(())
    }
}
