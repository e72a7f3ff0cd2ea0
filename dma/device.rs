// SPDX-License-Identifier: GPL-2.0

//! Devices that do DMA: masks and limits.
//!
//! C functions: `dma_set_mask()`, `dma_set_coherent_mask()`, `dma_set_max_seg_size()`,
//! `dma_set_seg_boundary()`, `dma_set_min_align_mask()`.

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
    page::PAGE_SIZE,
    prelude::*,
    sync::aref::ARef, //
};

use super::{
    as_raw,
    buffer::cache_line,
    c, //
};

/// Limits of a device, from its data sheet.
///
/// # Examples
///
/// A device with 40 address bits, whose descriptors have at most 64 KiB within one 4 GiB window:
///
/// ```
/// let limits = Limits {
///     max_segment: 64 << 10,
///     boundary_mask: 0xffff_ffff,
///     ..Limits::new(DmaMask::new::<40>())
/// };
/// ```
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Addresses that the device can use for mappings. C function: `dma_set_mask()`.
    pub(crate) mask: DmaMask,
    /// Addresses that it can use for coherent memory. C function: `dma_set_coherent_mask()`.
    pub(crate) coherent_mask: DmaMask,
    /// Maximum length, in bytes, of a segment: what one descriptor or instruction of the device can
    /// describe. C function: `dma_set_max_seg_size()`.
    pub(crate) max_segment: u32,
    /// No segment may cross a multiple of `boundary_mask + 1`, which is a power of two. All ones if
    /// there is no such limit. C function: `dma_set_seg_boundary()`.
    pub(crate) boundary_mask: c_ulong,
    /// Low bits of an address in memory that its bus address keeps, also in a bounce buffer: a
    /// power of two less one, below the length of a page. 0 if the device needs none. C function:
    /// `dma_set_min_align_mask()`.
    pub(crate) min_align_mask: u32,
}

impl Limits {
    /// Returns limits with addresses in `mask`, and segments of any length.
    pub(crate) const fn new(mask: DmaMask) -> Self {
        Self {
            mask,
            coherent_mask: mask,
            max_segment: u32::MAX,
            boundary_mask: c_ulong::MAX,
            min_align_mask: 0,
        }
    }

    fn has_valid_boundary(&self) -> bool {
        self.boundary_mask != 0 && self.boundary_mask & self.boundary_mask.wrapping_add(1) == 0
    }

    fn has_valid_min_align_mask(&self) -> bool {
        // CAST: `usize` has at least 32 bits where this is built.
        let align = self.min_align_mask as usize + 1;

        align.is_power_of_two() && align <= PAGE_SIZE
    }
}

/// Limits of mappings for a device: those that the driver set, and those of the kernel.
///
/// # Examples
///
/// ```
/// # use kernel::seq_file::{seq_print, SeqFile};
/// # const FRAME_LEN: usize = 9000;
/// # fn show(dev: &DmaDevice, out: &SeqFile) {
/// let limits = dev.limits();
///
/// if limits.max_mapping_size < FRAME_LEN {
///     dev_info!(dev.as_device(), "frames may have to be mapped in parts\n");
/// }
/// seq_print!(out, "{}", limits);
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EffectiveLimits {
    /// Highest address of a mapping. C function: `dma_get_mask()`.
    pub(crate) dma_mask: u64,
    /// Highest address of coherent memory. C field: `device.coherent_dma_mask`.
    pub(crate) coherent_dma_mask: u64,
    /// Maximum length, in bytes, of a mapping of any memory; `usize::MAX` if the kernel has no such
    /// limit. C function: `dma_max_mapping_size()`.
    pub(crate) max_mapping_size: usize,
    /// Maximum length, in bytes, of a mapping that is made quickly; at most `max_mapping_size`.
    /// C function: `dma_opt_mapping_size()`.
    pub(crate) opt_mapping_size: usize,
    /// Maximum length, in bytes, of a segment. C function: `dma_get_max_seg_size()`.
    pub(crate) max_segment: u32,
    /// No segment crosses a multiple of `boundary_mask + 1`. C function: `dma_get_seg_boundary()`.
    pub(crate) boundary_mask: c_ulong,
    /// Low bits of an address in memory that its bus address keeps. C function:
    /// `dma_get_min_align_mask()`.
    pub(crate) min_align_mask: u32,
    /// Number of bytes to which memory for DMA must be aligned and padded to share no cache line
    /// with other data. C function: `dma_get_cache_alignment()`.
    pub(crate) min_align: c_int,
    /// True if syncs have an effect. A coherent device needs none until one of its mappings is
    /// bounced. C function: `dma_dev_need_sync()`.
    pub(crate) needs_sync: bool,
}

/// Formats a line for each limit: its name, a space, its value, as in `/proc/vmstat`. Masks are
/// hexadecimal, sizes are in bytes, and true is 1.
impl fmt::Display for EffectiveLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            dma_mask,
            coherent_dma_mask,
            max_mapping_size,
            opt_mapping_size,
            max_segment,
            boundary_mask,
            min_align_mask,
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
             min_align_mask {min_align_mask:#x}\n\
             min_align {min_align}\n\
             needs_sync {needs_sync}\n"
        ))
    }
}

/// Device for which memory can be mapped.
///
/// A driver makes it in probe, once for each device. It is dropped when the device is unbound, so
/// `&'bound DmaDevice` proves that the device is bound and that its DMA mask is set. It caches the
/// limits that each mapping is compared with.
///
/// # Examples
///
/// ```
/// # use kernel::platform;
/// fn bind<'bound>(pdev: &'bound platform::Device<Core<'_>>) -> Result<&'bound DmaDevice> {
///     let limits = Limits::new(DmaMask::new::<32>());
///     // SAFETY: Only this call of the driver sets limits. In probe no other code uses the
///     // device, so nothing is mapped or allocated for it meanwhile.
///     unsafe { DmaDevice::new(pdev, limits) }
/// }
///
/// let mapping = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
/// ```
///
/// # Invariants
///
/// `dev` is bound for as long as there is a reference to this value: safe code gets one only from
/// [`new`](Self::new), for `'bound`.
pub(crate) struct DmaDevice {
    dev: ARef<Device>,
    dma_mask: u64,
    max_segment: usize,
    max_mapping_size: usize,
    boundary_mask: c_ulong,
    cache_alignment: usize,
}

impl DmaDevice {
    /// Sets the limits of `dev` in the kernel. May sleep.
    ///
    /// C functions: `dma_set_mask()`, `dma_set_coherent_mask()`, `dma_set_max_seg_size()`,
    /// `dma_set_seg_boundary()`, `dma_set_min_align_mask()`, `dma_max_mapping_size()`,
    /// `devres_add()`.
    ///
    /// # Errors
    ///
    /// - `EINVAL` if `boundary_mask + 1` or `min_align_mask + 1` is not a power of two, or the
    ///   latter exceeds the length of a page;
    /// - `EBUSY` if the device has a `DmaDevice` already, or probe is over;
    /// - `EIO` if the platform does not support the mask, or the bus of the device has no limits of
    ///   segments (`dma_parms`);
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
    ) -> Result<&'bound Self>
    where
        D: dma::Device<'core>,
    {
        // Called once, because a wrapper could return another device the next time.
        let dev = dev.as_ref();

        // SAFETY: The device lock must be held: it is for a `Core` device.
        if unsafe { bindings::device_is_bound(as_raw(dev)) } {
            return Err(EBUSY);
        }
        // SAFETY: The requirements are those of this function.
        unsafe { Self::set_limits(dev, limits) }
    }

    /// Sets the limits of `dev`, as [`new`](Self::new) does, also after probe. For tests.
    ///
    /// # Safety
    ///
    /// That of [`new`](Self::new).
    #[cfg(kunit_fixture)]
    pub(crate) unsafe fn new_bound<'bound, 'core: 'bound, D>(
        dev: &'bound D,
        limits: Limits,
    ) -> Result<&'bound Self>
    where
        D: dma::Device<'core>,
    {
        // SAFETY: The requirements are those of this function.
        unsafe { Self::set_limits(dev.as_ref(), limits) }
    }

    /// Sets the limits of `dev`.
    ///
    /// # Safety
    ///
    /// That of [`new`](Self::new).
    unsafe fn set_limits<'bound>(
        dev: &'bound Device<Core<'_>>,
        limits: Limits,
    ) -> Result<&'bound Self> {
        let raw = as_raw(dev);

        // With another boundary, the kernel calls `BUG()` when it allocates a bounce buffer. With
        // another mask, it computes a wrong length of the longest one.
        if !limits.has_valid_boundary() || !limits.has_valid_min_align_mask() {
            return Err(EINVAL);
        }
        // SAFETY: Requires a device: `raw` is one. A null `match` function finds any entry.
        if !unsafe { bindings::devres_find(raw, Some(release), None, ptr::null_mut()) }.is_null() {
            return Err(EBUSY);
        }
        // Without it, the C functions ignore the limits of segments.
        // SAFETY: The pointer must be valid for reads: `raw` is a device.
        if unsafe { (*raw).dma_parms }.is_null() {
            return Err(EIO);
        }

        // The C functions, because a wrapper of a device can override the methods of `dma::Device`.
        // SAFETY: The device must be bound, and no memory may be mapped or allocated for it
        // meanwhile: the caller guarantees it.
        unsafe {
            to_result(bindings::dma_set_mask(raw, limits.mask.value()))?;
            to_result(bindings::dma_set_coherent_mask(
                raw,
                limits.coherent_mask.value(),
            ))?;
            bindings::dma_set_max_seg_size(raw, limits.max_segment);
            c::rk3588_dma_set_seg_boundary(raw, limits.boundary_mask);
            c::rk3588_dma_set_min_align_mask(raw, limits.min_align_mask);
        }

        // SAFETY: Requires a bound device with a mask: `raw` is one, and the mask was set above.
        let max_mapping_size = unsafe { bindings::dma_max_mapping_size(raw) };
        let this = Self {
            dev: dev.into(),
            dma_mask: limits.mask.value(),
            // CAST: `usize` has at least 32 bits where this is built.
            max_segment: limits.max_segment as usize,
            max_mapping_size,
            boundary_mask: limits.boundary_mask,
            cache_alignment: cache_line(),
        };

        this.add_to_devres(dev)
    }

    /// Moves the value to devres, which drops it after the driver's data when the device is
    /// unbound, or when probe fails.
    fn add_to_devres<'bound>(self, dev: &'bound Device<Core<'_>>) -> Result<&'bound Self> {
        // SAFETY: The function accepts any size; `release` is for entries of this size.
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
        // SAFETY: The memory must have the size and alignment of `Self`: devres allocated that
        // size, aligned as by `kmalloc()`, at least to a `u64`.
        unsafe { slot.write(self) };
        // SAFETY: Requires an entry of `devres_alloc()` whose data suits `release`: `slot` has a
        // `DmaDevice`.
        unsafe { bindings::devres_add(as_raw(dev), slot.as_ptr().cast()) };

        // SAFETY: The value must live for `'bound`: devres drops it after the driver's data, and
        // no reference for `'bound` outlives that data.
        // INVARIANT: So the device is bound for as long as there is a reference.
        Ok(unsafe { slot.as_ref() })
    }

    /// Returns the device, for functions of the kernel crate.
    pub(crate) fn as_device(&self) -> &Device<Bound> {
        // SAFETY: The device must be bound: by the type invariant.
        unsafe { self.dev.as_bound() }
    }

    /// Returns the current limits of mappings for this device, to be shown.
    ///
    /// Mappings are compared with the limits that [`new`](Self::new) has cached.
    pub(crate) fn limits(&self) -> EffectiveLimits {
        let raw = self.as_raw();

        // SAFETY: `raw` must be a bound device, by the type invariants. Its masks are not set after
        // `new`.
        unsafe {
            EffectiveLimits {
                dma_mask: c::rk3588_dma_get_mask(raw),
                coherent_dma_mask: (*raw).coherent_dma_mask,
                max_mapping_size: bindings::dma_max_mapping_size(raw),
                opt_mapping_size: bindings::dma_opt_mapping_size(raw),
                max_segment: c::rk3588_dma_get_max_seg_size(raw),
                boundary_mask: c::rk3588_dma_get_seg_boundary(raw),
                min_align_mask: c::rk3588_dma_get_min_align_mask(raw),
                min_align: c::rk3588_dma_get_cache_alignment(),
                needs_sync: c::rk3588_dma_needs_sync(raw),
            }
        }
    }

    /// Returns the highest address that a mapping may have.
    ///
    /// C function: `dma_get_mask()`.
    pub(crate) fn dma_mask(&self) -> u64 {
        self.dma_mask
    }

    /// Returns the maximum length, in bytes, of a segment.
    ///
    /// C function: `dma_get_max_seg_size()`.
    pub(crate) fn max_segment(&self) -> usize {
        self.max_segment
    }

    /// Returns the maximum length, in bytes, of a mapping of any memory.
    ///
    /// A mapping can be longer if the device can address its memory directly. The kernel has no
    /// function to find out.
    ///
    /// C function: `dma_max_mapping_size()`.
    pub(crate) fn max_mapping_size(&self) -> usize {
        self.max_mapping_size
    }

    /// Returns the number of bytes to which memory for DMA must be aligned and padded to share no
    /// cache line with other data.
    ///
    /// C function: `dma_get_cache_alignment()`.
    pub(crate) fn cache_alignment(&self) -> usize {
        self.cache_alignment
    }

    /// Returns the boundary mask: no segment crosses a multiple of this plus 1.
    ///
    /// C function: `dma_get_seg_boundary()`.
    pub(crate) fn boundary_mask(&self) -> c_ulong {
        self.boundary_mask
    }

    /// Returns the `struct device`, which is bound.
    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::device {
        as_raw(&self.dev)
    }
}

/// Drops a `DmaDevice` of devres.
///
/// # Safety
///
/// Called by devres, for an entry of [`DmaDevice::add_to_devres`].
unsafe extern "C" fn release(_: *mut bindings::device, data: *mut c_void) {
    // SAFETY: `data` must hold a `DmaDevice` without other users: the caller guarantees it.
    unsafe { ptr::drop_in_place(data.cast::<DmaDevice>()) };
}

#[cfg(kunit_fixture)]
mod tests;
