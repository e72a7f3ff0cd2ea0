// SPDX-License-Identifier: GPL-2.0

//! A device that does DMA: its mask is set, its limits are known, its mappings are counted.

use core::{
    mem,
    ptr::{
        self,
        NonNull, //
    },
};

use kernel::{
    bindings,
    device::{
        Bound,
        Core,
        Device, //
    },
    dma::{
        self,
        DmaMask, //
    },
    error::to_result,
    fmt,
    prelude::*,
    sync::aref::ARef, //
};

use super::Statistics;
use crate::bindings::{
    as_raw,
    c, //
};

/// What a device can do, as its data sheet says.
///
/// # Examples
///
/// A device with 40 address bits whose descriptors hold at most 64 KiB, of one 4 GiB window:
///
/// ```ignore
/// let limits = Limits {
///     max_segment: 64 << 10,
///     boundary_mask: 0xffff_ffff,
///     ..Limits::new(DmaMask::new::<40>())
/// };
/// ```
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// The addresses that it can express.
    pub(crate) mask: DmaMask,
    /// The longest piece of contiguous memory, in bytes, that one of its descriptors or
    /// instructions describes. C function: `dma_set_max_seg_size()`.
    pub(crate) max_segment: u32,
    /// No piece may cross a multiple of this and 1, which is a power of two; all ones where it does
    /// not matter. C function: `dma_set_seg_boundary()`.
    pub(crate) boundary_mask: c_ulong,
}

impl Limits {
    /// The addresses of `mask` in pieces of any length.
    pub(crate) const fn new(mask: DmaMask) -> Self {
        Self {
            mask,
            max_segment: u32::MAX,
            boundary_mask: c_ulong::MAX,
        }
    }

    fn has_valid_boundary(&self) -> bool {
        self.boundary_mask != 0 && self.boundary_mask & self.boundary_mask.wrapping_add(1) == 0
    }
}

/// The limits by which the kernel maps memory for a device: what it was told, and its own.
///
/// # Examples
///
/// ```ignore
/// let limits = dev.limits();
///
/// if limits.max_mapping_size < FRAME_LEN {
///     dev_info!(dev.as_device(), "frames may have to be mapped in parts\n");
/// }
/// seq_print!(out, "{}", limits);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EffectiveLimits {
    /// The addresses that a mapping may have. C function: `dma_get_mask()`.
    pub(crate) dma_mask: u64,
    /// The addresses that coherent memory may have. C field: `device.coherent_dma_mask`.
    pub(crate) coherent_dma_mask: u64,
    /// The longest mapping, in bytes, that can be made of any memory; `usize::MAX` if the kernel has no
    /// such limit. C function: `dma_max_mapping_size()`.
    pub(crate) max_mapping_size: usize,
    /// The longest mapping, in bytes, that is made quickly; never more than `max_mapping_size`.
    /// C function: `dma_opt_mapping_size()`.
    pub(crate) opt_mapping_size: usize,
    /// The longest segment of a list, in bytes. C function: `dma_get_max_seg_size()`.
    pub(crate) max_segment: u32,
    /// No segment crosses a multiple of this and 1. C function: `dma_get_seg_boundary()`.
    pub(crate) boundary_mask: c_ulong,
    /// What memory for DMA must be aligned and padded to, in bytes, to share no cache line with
    /// anything else. C function: `dma_get_cache_alignment()`.
    pub(crate) min_align: c_int,
    /// Whether syncs do anything. A coherent device needs none, until one of its mappings is bounced.
    /// C function: `dma_dev_need_sync()`.
    pub(crate) needs_sync: bool,
}

/// A line for each limit: its name, a space, its value, as in `/proc/vmstat`. Masks are hexadecimal,
/// sizes are in bytes, and what holds is 1.
impl fmt::Display for EffectiveLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            dma_mask,
            coherent_dma_mask,
            max_mapping_size,
            opt_mapping_size,
            max_segment,
            boundary_mask,
            min_align,
            needs_sync,
        } = *self;
        let needs_sync = u8::from(needs_sync);

        f.write_fmt(fmt!(
            "dma_mask {dma_mask:#x}\n\
             coherent_dma_mask {coherent_dma_mask:#x}\n\
             max_mapping_size {max_mapping_size}\n\
             opt_mapping_size {opt_mapping_size}\n\
             max_segment {max_segment}\n\
             boundary_mask {boundary_mask:#x}\n\
             min_align {min_align}\n\
             needs_sync {needs_sync}\n"
        ))
    }
}

/// A device for which memory can be mapped.
///
/// Made in probe, once for each device, and gone when the device is unbound: `&'bound DmaDevice`
/// proves that the device is bound and that its DMA mask is set. What is asked for at every mapping
/// is looked up here once.
///
/// # Examples
///
/// ```ignore
/// fn probe<'bound>(pdev: &'bound platform::Device<Core<'_>>, ...) -> ... {
///     let limits = Limits::new(DmaMask::new::<32>());
///     // SAFETY: The driver calls it once, before all other functions that concern DMA.
///     let dev = unsafe { DmaDevice::new(pdev, limits, Statistics::on())? };
///     let mapping = Mapping::<_, ToDevice>::new(dev, buffer)?;
/// ```
///
/// # Invariants
///
/// `dev` is bound for as long as anybody has a reference to this value: safe code only gets one from
/// [`new`](Self::new), for `'bound`.
pub(crate) struct DmaDevice {
    dev: ARef<Device>,
    max_segment: usize,
    max_bounced: usize,
    boundary_mask: c_ulong,
    statistics: Statistics,
}

impl DmaDevice {
    /// Sets the limits of `dev` in the kernel. May sleep.
    ///
    /// C functions: `dma_set_mask_and_coherent()`, `dma_set_max_seg_size()`,
    /// `dma_set_seg_boundary()`, `dma_max_mapping_size()`, `devres_add()`.
    ///
    /// # Errors
    ///
    /// - `EINVAL` if `boundary_mask` and 1 is not a power of two;
    /// - `EBUSY` if the device has a `DmaDevice` already, or probe is over;
    /// - `EIO` if the platform does not support the mask;
    /// - `ENOMEM`.
    ///
    /// # Safety
    ///
    /// While the device is bound, only this function sets its limits. During the call, no memory is
    /// mapped or allocated for the device, for example by
    /// [`Coherent::zeroed`](kernel::dma::Coherent::zeroed) in another thread.
    pub(crate) unsafe fn new<'bound, 'core: 'bound, D>(
        dev: &'bound D,
        limits: Limits,
        statistics: Statistics,
    ) -> Result<&'bound Self>
    where
        D: dma::Device<'core>,
    {
        // SAFETY: The lock of a `Core` device is held, in probe or later.
        if unsafe { bindings::device_is_bound(as_raw(dev.as_ref())) } {
            return Err(EBUSY);
        }
        // SAFETY: By the contract of this function.
        unsafe { Self::new_bound(dev, limits, statistics) }
    }

    /// Sets the limits of `dev`, as [`new`](Self::new) does, also after probe.
    ///
    /// # Safety
    ///
    /// That of [`new`](Self::new).
    pub(crate) unsafe fn new_bound<'bound, 'core: 'bound, D>(
        dev: &'bound D,
        limits: Limits,
        statistics: Statistics,
    ) -> Result<&'bound Self>
    where
        D: dma::Device<'core>,
    {
        let core = dev.as_ref();
        let raw = as_raw(core);

        // The kernel ends in a `BUG()` over other boundaries, when it looks for a bounce buffer.
        if !limits.has_valid_boundary() {
            return Err(EINVAL);
        }
        // SAFETY: `raw` is a device of a driver, and a null `match` function finds any entry.
        if !unsafe { bindings::devres_find(raw, Some(release), None, ptr::null_mut()) }.is_null() {
            return Err(EBUSY);
        }

        // The C functions, because a wrapper of a device can override the methods of `dma::Device`.
        // SAFETY: `raw` is a bound device, and by the contract of this function no memory is mapped
        // or allocated for it now.
        unsafe {
            to_result(bindings::dma_set_mask_and_coherent(
                raw,
                limits.mask.value(),
            ))?;
            bindings::dma_set_max_seg_size(raw, limits.max_segment);
            c::rk3588_dma_set_seg_boundary(raw, limits.boundary_mask);
        }

        // SAFETY: `raw` is a bound device, and its mask is set.
        let max_bounced = unsafe { bindings::dma_max_mapping_size(raw) };
        let this = Self {
            dev: core.into(),
            // CAST: `usize` is no shorter than 32 bits where this is built.
            max_segment: limits.max_segment as usize,
            max_bounced,
            boundary_mask: limits.boundary_mask,
            statistics,
        };

        this.hand_to_devres(core)
    }

    /// Has the value dropped when the device is unbound, after the driver's data, or when probe has
    /// failed.
    fn hand_to_devres<'bound>(self, dev: &'bound Device<Core<'_>>) -> Result<&'bound Self> {
        // SAFETY: The arguments are those of `devres_alloc()`.
        let slot = unsafe {
            bindings::__devres_alloc_node(
                Some(release),
                mem::size_of::<Self>(),
                bindings::GFP_KERNEL,
                bindings::NUMA_NO_NODE,
                c"rk3588_dma".as_char_ptr(),
            )
        };
        let slot: NonNull<Self> = NonNull::new(slot.cast()).ok_or(ENOMEM)?;

        const { assert!(mem::align_of::<Self>() <= mem::align_of::<u64>()) };
        // SAFETY: devres gives memory of the size asked for, aligned as that of
        // `kmalloc()`, to a `u64` at least.
        unsafe { slot.write(self) };
        // SAFETY: `slot` comes from `devres_alloc()` and holds what `release` expects.
        unsafe { bindings::devres_add(as_raw(dev), slot.as_ptr().cast()) };

        // SAFETY: devres drops the value once, after the driver's data is gone. What lives for
        // `'bound` cannot be used longer than that data.
        // INVARIANT: So the device is bound for as long as there is a reference.
        Ok(unsafe { slot.as_ref() })
    }

    /// The device, as other functions of the kernel crate want it.
    pub(crate) fn as_device(&self) -> &Device<Bound> {
        // SAFETY: By the type invariant.
        unsafe { self.dev.as_bound() }
    }

    /// What the mappings of this device came to so far.
    pub(crate) fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// The limits by which the kernel maps memory for this device, now.
    ///
    /// They are asked for anew, to be shown: what a mapping is compared with, this value knows.
    pub(crate) fn limits(&self) -> EffectiveLimits {
        let raw = self.as_raw();

        // SAFETY: `raw` is a bound device, whose masks nobody sets after `new`.
        unsafe {
            EffectiveLimits {
                dma_mask: c::rk3588_dma_get_mask(raw),
                coherent_dma_mask: (*raw).coherent_dma_mask,
                max_mapping_size: bindings::dma_max_mapping_size(raw),
                opt_mapping_size: bindings::dma_opt_mapping_size(raw),
                max_segment: c::rk3588_dma_get_max_seg_size(raw),
                boundary_mask: c::rk3588_dma_get_seg_boundary(raw),
                min_align: c::rk3588_dma_get_cache_alignment(),
                needs_sync: c::rk3588_dma_needs_sync(raw),
            }
        }
    }

    /// The longest mapping, in bytes, that the device can use.
    pub(crate) fn max_segment(&self) -> usize {
        self.max_segment
    }

    /// The longest mapping, in bytes, that can be made of any memory. C function:
    /// `dma_max_mapping_size()`.
    ///
    /// A longer one can be made of memory that the device reaches directly. Which memory that is only
    /// the kernel knows.
    pub(crate) fn max_bounced(&self) -> usize {
        self.max_bounced
    }

    /// No mapping may cross a multiple of this and 1.
    pub(crate) fn boundary_mask(&self) -> c_ulong {
        self.boundary_mask
    }

    /// The `struct device`, which is bound.
    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::device {
        as_raw(&self.dev)
    }
}

/// # Safety
///
/// To be called by devres, for an entry made by [`DmaDevice::hand_to_devres`].
unsafe extern "C" fn release(_: *mut bindings::device, data: *mut c_void) {
    // SAFETY: By the contract of this function `data` holds a `DmaDevice`, which nobody uses any
    // more.
    unsafe { ptr::drop_in_place(data.cast::<DmaDevice>()) };
}

#[kunit_tests(rk3588_dma_device)]
mod tests {
    use kernel::{
        platform,
        str::CString, //
    };

    use super::*;
    use crate::{
        dma::{
            buffer::pad,
            Buffer,
            Mapping,
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
            ..Limits::new(DmaMask::new::<31>())
        };
        let deaf = Deaf(device.core());
        // SAFETY: Only the test uses the device.
        let now = unsafe { DmaDevice::new_bound(&deaf, limits, Statistics::on())? }.limits();

        assert_eq!(now.dma_mask, 0x7fff_ffff);
        assert_eq!(now.max_segment, 8192);
        Ok(())
    }

    #[test]
    fn it_tells_the_kernel_the_limits() -> Result {
        let device = TestDevice::new()?;
        let limits = Limits {
            mask: DmaMask::new::<31>(),
            max_segment: 8192,
            boundary_mask: 0xffff,
        };
        let dev = device.dma_with(limits, Statistics::on())?;

        assert_eq!(dev.max_segment(), 8192);
        assert_eq!(dev.boundary_mask(), 0xffff);
        // SAFETY: The device has a DMA mask and parameters, as all platform devices.
        unsafe {
            let raw = &*dev.as_raw();

            assert_eq!(*raw.dma_mask, 0x7fff_ffff);
            assert_eq!(raw.coherent_dma_mask, 0x7fff_ffff);
            assert_eq!((*raw.dma_parms).max_segment_size, 8192);
            assert_eq!((*raw.dma_parms).segment_boundary_mask, 0xffff);
        }
        Ok(())
    }

    /// What it was told comes back from the kernel, each under its own name, beside the kernel's own.
    #[test]
    fn it_shows_the_limits() -> Result {
        let device = TestDevice::new()?;
        let limits = Limits {
            mask: DmaMask::new::<31>(),
            max_segment: 8192,
            boundary_mask: 0xffff,
        };
        let dev = device.dma_with(limits, Statistics::on())?;

        // SAFETY: The device is bound, and nobody else sets this mask, which is what only coherent
        // memory is allocated by.
        unsafe { (*dev.as_raw()).coherent_dma_mask = 0x3fff_ffff };

        let now = dev.limits();

        assert_eq!(now.max_mapping_size, dev.max_bounced());
        assert!(now.opt_mapping_size <= now.max_mapping_size);
        // The kernel with KUnit debugs DMA, for which it does not leave out any sync.
        assert!(now.needs_sync);

        let expected = CString::try_from_fmt(fmt!(
            "dma_mask 0x7fffffff\n\
             coherent_dma_mask 0x3fffffff\n\
             max_mapping_size {}\n\
             opt_mapping_size {}\n\
             max_segment 8192\n\
             boundary_mask 0xffff\n\
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

    #[test]
    fn impossible_boundaries_are_refused() -> Result {
        let device = TestDevice::new()?;

        for boundary_mask in [0, 0x1000, 0x2fff, c_ulong::MAX - 1] {
            let limits = Limits {
                boundary_mask,
                ..Limits::new(DmaMask::new::<32>())
            };

            assert!(matches!(
                device.dma_with(limits, Statistics::on()),
                Err(EINVAL)
            ));
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
                Buffer::zeroed(64)?,
            )?);
        }
        Ok(())
    }
}
