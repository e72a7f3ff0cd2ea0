// SPDX-License-Identifier: GPL-2.0

//! Raw mappings: address, length and direction, without the memory.
//!
//! C functions: `dma_map_phys()`, `dma_mapping_error()`, `dma_unmap_phys()`,
//! `dma_sync_single_for_cpu()`, `dma_sync_single_for_device()`.

use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ptr::{
        self,
        NonNull, //
    },
};

use kernel::{
    bindings,
    prelude::*, //
};

use super::{
    c,
    Direction,
    DmaDevice,
    MapFailure, //
};

/// Attribute: no cache maintenance, and no copy to or from a bounce buffer.
const SKIP_CPU_SYNC: c_ulong = bindings::DMA_ATTR_SKIP_CPU_SYNC as c_ulong;

/// Attribute: no warning in the kernel log if mapping fails.
const NO_WARN: c_ulong = bindings::DMA_ATTR_NO_WARN as c_ulong;

/// Location of memory, in one of the two ways in which drivers pass it to the kernel.
///
/// In C, there is a function for each, `dma_map_single()` and `dma_map_page()`. Both call
/// `dma_map_phys()`, as this module does.
#[derive(Clone, Copy)]
pub(crate) enum Location {
    /// At an address of the kernel's linear map.
    Linear(NonNull<u8>),
    /// In a page, or in a compound page. Unless the device only reads, the owner of the memory does
    /// not share it: other bytes in the same cache lines are not used.
    Page {
        /// First page.
        page: NonNull<bindings::page>,
        /// Offset of the first byte in the page.
        offset: usize,
    },
}

impl Location {
    /// Returns the physical address of these `len` bytes.
    ///
    /// C functions: `virt_to_phys()`, `page_to_phys()`, `is_vmalloc_addr()`.
    ///
    /// # Errors
    ///
    /// [`MapFailure::NotLinear`] for an address outside the linear map; with
    /// `CONFIG_RUST_DEBUG_ASSERTIONS` also for an address without memory, and on a stack.
    ///
    /// # Safety
    ///
    /// The page of a [`Page`](Self::Page) exists.
    #[inline]
    pub(crate) unsafe fn to_phys(self, len: usize) -> Result<bindings::phys_addr_t, MapFailure> {
        match self {
            Self::Linear(start) => {
                let start = start.as_ptr().cast();

                // SAFETY: The functions accept any address.
                unsafe {
                    if cfg!(CONFIG_RUST_DEBUG_ASSERTIONS) && !c::rk3588_dma_is_linear(start, len) {
                        return Err(MapFailure::NotLinear);
                    }
                    match c::rk3588_dma_virt_to_phys(start) {
                        bindings::phys_addr_t::MAX => Err(MapFailure::NotLinear),
                        phys => Ok(phys),
                    }
                }
            }
            Self::Page { page, offset } => {
                // SAFETY: `page` must exist: the caller guarantees it.
                let start = unsafe { c::rk3588_dma_page_to_phys(page.as_ptr()) };

                // CAST: An offset in memory fits into an address.
                Ok(start.wrapping_add(offset as bindings::phys_addr_t))
            }
        }
    }
}

/// Sync that is part of mapping.
#[derive(Clone, Copy)]
pub(super) enum CpuSync {
    /// Syncs all bytes for the device.
    Whole,
    /// Syncs no byte: the bytes that the device uses are synced later.
    Skip,
}

/// A mapping for `dev` in direction `D`.
///
/// Dropping it unmaps without a sync, because the memory is not read afterwards.
///
/// # Invariants
///
/// - `dma_map_phys()` returned `address` for `len` bytes on `dev` in direction `D`;
///   `dma_mapping_error()` accepted it.
/// - The mapping was not unmapped.
pub(super) struct RawMapping<'dev, D: Direction> {
    dev: &'dev DmaDevice,
    address: bindings::dma_addr_t,
    len: usize,
    direction: PhantomData<D>,
}

impl<'dev, D: Direction> RawMapping<'dev, D> {
    /// Maps `len` bytes at `location`, of which the device uses the first `used` bytes. The rest is
    /// padding, which counts against the limits of bounce buffers, not against those of the device.
    ///
    /// # Errors
    ///
    /// Those of [`Mapping::new`](super::Mapping::new), except for `SharesCacheLine`.
    ///
    /// # Safety
    ///
    /// - The memory meets the contract of [`Memory`](super::Memory), and until the result is
    ///   dropped, it is accessed only through it; or, if the device only reads, the memory meets
    ///   the contract of [`SharedMemory`](super::SharedMemory).
    /// - With [`CpuSync::Skip`], the device uses only bytes that were synced for it before.
    /// - `used` is not more than `len`.
    // Always inlined, as are its callers: together they then take a few instructions more than the
    // C calls, see `make bench`.
    #[inline(always)]
    pub(super) unsafe fn new(
        dev: &'dev DmaDevice,
        location: Location,
        used: usize,
        len: usize,
        sync: CpuSync,
    ) -> Result<Self, MapFailure> {
        let mut attributes = match sync {
            CpuSync::Whole => 0,
            CpuSync::Skip => SKIP_CPU_SYNC,
        };

        debug_assert!(used <= len);
        if used == 0 {
            return Err(MapFailure::Empty);
        }
        if used > dev.max_segment() {
            let max = dev.max_segment();

            return Err(MapFailure::TooLong { len: used, max });
        }
        if len > dev.max_mapping_size() {
            // The error below tells the caller that the memory is too long.
            attributes |= NO_WARN;
        }

        // SAFETY: A page must exist: the caller guarantees it.
        let phys = unsafe { location.to_phys(len)? };
        let direction = D::DATA_DIRECTION.into();
        // SAFETY: The function requires
        // - a bound device with a mask: by the invariant of `DmaDevice`;
        // - contiguous memory that shares no cache line with other data and is not accessed until
        //   it is unmapped: the caller guarantees it.
        let address =
            unsafe { bindings::dma_map_phys(dev.as_raw(), phys, len, direction, attributes) };

        // SAFETY: The address must be a result of mapping for this device: see above.
        if unsafe { c::rk3588_dma_mapping_error(dev.as_raw(), address) } != 0 {
            let max = dev.max_mapping_size();

            return Err(match len > max {
                true => MapFailure::TooLong { len, max },
                false => MapFailure::MappingFailed(ENOMEM),
            });
        }

        // INVARIANT: Mapped and checked above.
        let this = Self {
            dev,
            address,
            len,
            direction: PhantomData,
        };

        this.expect_within_boundary(used).map(|()| this)
    }

    /// Returns the DMA address of the first byte.
    #[inline]
    pub(super) fn address(&self) -> bindings::dma_addr_t {
        self.address
    }

    /// Returns the device.
    #[inline]
    pub(super) fn dev(&self) -> &'dev DmaDevice {
        self.dev
    }

    /// Returns true if the mapping was made for `dev`.
    pub(super) fn is_mapped_for(&self, dev: &DmaDevice) -> bool {
        ptr::eq(self.dev, dev)
    }

    /// Warns in the kernel log that the mapping is leaked.
    pub(super) fn warn_leaked(&self) {
        warn_leaked(self.dev, self.address, self.len);
    }

    /// Returns the mapping with another lifetime.
    ///
    /// # Safety
    ///
    /// `dev` is valid, and its device bound, until the result is dropped, unmapped or given a
    /// shorter lifetime.
    pub(super) unsafe fn extend_lifetime(self) -> RawMapping<'static, D> {
        let this = ManuallyDrop::new(self);

        // INVARIANT: By that of `this`, which is not dropped.
        RawMapping {
            // SAFETY: The reference must be valid while it is used: the caller guarantees it.
            dev: unsafe { &*ptr::from_ref(this.dev) },
            address: this.address,
            len: this.len,
            direction: PhantomData,
        }
    }

    /// Unmaps with a sync, after which the CPU sees what the device wrote.
    ///
    /// C functions: `dma_unmap_single()` and `dma_unmap_page()`, which call `dma_unmap_phys()`.
    #[inline]
    pub(super) fn unmap(self) {
        let this = ManuallyDrop::new(self);

        // SAFETY: The mapping must be unmapped once: `this` is neither dropped nor used afterwards.
        unsafe { this.unmap_with(0) };
    }

    /// Returns the DMA address of the byte at `offset`, which is inside the mapping.
    fn address_of(&self, offset: usize) -> bindings::dma_addr_t {
        // CAST: `usize` has at most 64 bits. The sum does not overflow, because the mapping ends
        // inside the device's mask.
        self.address + offset as bindings::dma_addr_t
    }

    /// Checks that the first `used` bytes, at least one, cross no boundary.
    fn expect_within_boundary(&self, used: usize) -> Result<(), MapFailure> {
        let mask = self.dev.boundary_mask();
        let last = self.address_of(used - 1);

        // CAST: `c_ulong` has at most 64 bits.
        match (self.address ^ last) & !(mask as bindings::dma_addr_t) {
            0 => Ok(()),
            _ => Err(MapFailure::CrossesBoundary { mask }),
        }
    }

    /// Unmaps.
    ///
    /// # Safety
    ///
    /// Called once, after the last use of `address`.
    #[inline]
    unsafe fn unmap_with(&self, attributes: c_ulong) {
        // SAFETY: Requires the arguments and the result of a mapping that was not unmapped: by the
        // type invariant. The caller guarantees that it is not used or unmapped afterwards.
        unsafe {
            bindings::dma_unmap_phys(
                self.dev.as_raw(),
                self.address,
                self.len,
                D::DATA_DIRECTION.into(),
                attributes,
            )
        };
    }
}

impl<D: Direction> Drop for RawMapping<'_, D> {
    fn drop(&mut self) {
        // SAFETY: A value is dropped once, and not used afterwards.
        unsafe { self.unmap_with(SKIP_CPU_SYNC) };
    }
}

/// Warns in the kernel log that `len` mapped bytes at `address` are leaked.
pub(super) fn warn_leaked(dev: &DmaDevice, address: bindings::dma_addr_t, len: usize) {
    dev_warn!(
        dev.as_device(),
        "{len} bytes at DMA address {address:#010x} are leaked: the device may still use them\n"
    );
}

/// Syncs `len` bytes at `address` for the CPU.
///
/// C function: `dma_sync_single_for_cpu()`.
///
/// # Safety
///
/// - The bytes are part of a mapping for `dev` in direction `D`, and physically contiguous.
/// - There are no references to these bytes of the memory.
#[inline]
pub(crate) unsafe fn sync_for_cpu<D: Direction>(
    dev: &DmaDevice,
    address: bindings::dma_addr_t,
    len: usize,
) {
    // SAFETY: Requires part of a mapping without references: the caller guarantees it.
    unsafe {
        c::rk3588_dma_sync_for_cpu(dev.as_raw(), address, len, D::DATA_DIRECTION.into());
    }
}

/// Syncs `len` bytes at `address` for the device.
///
/// C function: `dma_sync_single_for_device()`.
///
/// # Safety
///
/// The bytes are part of a mapping for `dev` in direction `D`, and physically contiguous.
#[inline]
pub(crate) unsafe fn sync_for_device<D: Direction>(
    dev: &DmaDevice,
    address: bindings::dma_addr_t,
    len: usize,
) {
    // SAFETY: Requires part of a mapping: the caller guarantees it.
    unsafe {
        c::rk3588_dma_sync_for_device(dev.as_raw(), address, len, D::DATA_DIRECTION.into());
    }
}

#[cfg(kunit_fixture)]
#[kunit_tests(rk3588_dma_raw)]
mod tests {
    use super::*;

    fn phys<T>(value: &T) -> bindings::phys_addr_t {
        // SAFETY: The function accepts any address.
        unsafe { c::rk3588_dma_virt_to_phys(ptr::from_ref(value).cast()) }
    }

    /// The check is the same in kernels without debug assertions.
    #[test]
    fn addresses_outside_the_linear_map_have_no_physical_address() -> Result {
        static IN_THE_MODULE: u8 = 1;

        let linear = KBox::new(1u8, GFP_KERNEL)?;
        let vmalloc = VBox::new(1u8, GFP_KERNEL)?;

        assert_ne!(phys(&*linear), bindings::phys_addr_t::MAX);
        assert_eq!(phys(&*vmalloc), bindings::phys_addr_t::MAX);
        assert_eq!(phys(&IN_THE_MODULE), bindings::phys_addr_t::MAX);
        Ok(())
    }
}
