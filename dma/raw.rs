// SPDX-License-Identifier: GPL-2.0

//! The mapping itself, without the memory: what the kernel was told, and what it is told at the
//! end.

use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::Range,
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
    Direction,
    DmaDevice,
    MapFailure, //
};
use crate::bindings::c;

/// The caches, and a bounce buffer, are left as they are.
const SKIP_CPU_SYNC: c_ulong = bindings::DMA_ATTR_SKIP_CPU_SYNC as c_ulong;

/// The kernel does not write to its log that it could not.
const NO_WARN: c_ulong = bindings::DMA_ATTR_NO_WARN as c_ulong;

/// Location of memory, in one of the two ways in which drivers pass it to the kernel.
///
/// In C, these are two functions, `dma_map_single()` and `dma_map_page()`. Both come to
/// `dma_map_phys()`, which is called here.
#[derive(Clone, Copy)]
pub(crate) enum Location {
    /// At an address of the kernel's linear map.
    Linear(NonNull<u8>),
    /// In a page.
    Page {
        /// The page.
        page: NonNull<bindings::page>,
        /// The first byte in it.
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
    /// A [`Page`](Self::Page) exists.
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

                // CAST: An offset in a page is small.
                Ok(start.wrapping_add(offset as bindings::phys_addr_t))
            }
        }
    }
}

/// Sync that is part of mapping.
#[derive(Clone, Copy)]
pub(super) enum CpuSync {
    /// All bytes are synced for the device.
    Whole,
    /// No byte is: those that are used will be synced.
    Skip,
}

/// A mapping for `dev` in direction `D`.
///
/// Dropped, it is unmapped without a sync: what the device wrote is not wanted.
///
/// # Invariants
///
/// `address` is what the kernel returned for `len` bytes on `dev` in direction `D`, was found good
/// by `dma_mapping_error()`, and has not been unmapped.
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
    /// All of [`MapFailure`].
    ///
    /// # Safety
    ///
    /// - [`Memory`](super::Memory) holds for the memory. Until the result is gone, the memory is
    ///   accessed only through it.
    /// - With [`CpuSync::Skip`], the device gets no bytes of it before they have been synced for
    ///   it.
    /// - `used` is not more than `len`.
    // Inlined whatever the compiler thinks of its size, as are the functions that call it: what is
    // left of them is a handful of instructions more than the C calls, see `make bench`.
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

        if used == 0 {
            return Err(MapFailure::Empty);
        }
        if used > dev.max_segment() {
            let max = dev.max_segment();

            return Err(MapFailure::TooLong { len: used, max });
        }
        if len > dev.max_mapping_size() {
            // Good or not, that is nothing to warn of.
            attributes |= NO_WARN;
        }

        // SAFETY: A page must exist: the caller guarantees it.
        let phys = unsafe { location.to_phys(len)? };
        let direction = D::DATA_DIRECTION.into();
        // SAFETY: `dev` is bound and has its mask. By the caller's promise the memory is there, is
        // contiguous, shares no cache line with other data and is not accessed.
        let address =
            unsafe { bindings::dma_map_phys(dev.as_raw(), phys, len, direction, attributes) };

        // SAFETY: `address` was returned for this device just now.
        if unsafe { c::rk3588_dma_mapping_error(dev.as_raw(), address) } != 0 {
            let max = dev.max_mapping_size();

            return Err(match len > max {
                true => MapFailure::TooLong { len, max },
                false => MapFailure::MappingFailed,
            });
        }

        // INVARIANT: Mapped and checked just now.
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

    /// Returns true if the mapping was made for `dev`.
    pub(super) fn is_mapped_for(&self, dev: &DmaDevice) -> bool {
        ptr::eq(self.dev, dev)
    }

    /// Warns in the kernel log that the mapping is leaked.
    pub(super) fn warn_leaked(&self) {
        dev_warn!(
            self.dev.as_device(),
            "{} bytes at DMA address {:#010x} are leaked: the device may still use them\n",
            self.len,
            self.address
        );
    }

    /// Takes it back from the device, so that the CPU sees what the device wrote.
    ///
    /// C functions: `dma_unmap_single()` and `dma_unmap_page()`, which come to `dma_unmap_phys()`.
    #[inline]
    pub(super) fn unmap(self) {
        let this = ManuallyDrop::new(self);

        // SAFETY: `this` is neither dropped nor used any more.
        unsafe { this.unmap_with(0) };
    }

    /// Shows the CPU what the device wrote into these bytes of it.
    ///
    /// C function: `dma_sync_single_range_for_cpu()`.
    ///
    /// # Safety
    ///
    /// The range is inside the mapping, and there are no references to these bytes of the memory.
    #[inline]
    pub(super) unsafe fn sync_for_cpu(&self, range: Range<usize>) {
        // SAFETY: By the type invariant and the caller's promise this is part of a mapping of the
        // device, in this direction.
        unsafe { sync_for_cpu::<D>(self.dev, self.address_of(range.start), range.len()) };
    }

    /// Shows the device what the CPU wrote into these bytes of it.
    ///
    /// C function: `dma_sync_single_range_for_device()`.
    ///
    /// # Safety
    ///
    /// The range is inside the mapping.
    #[inline]
    pub(super) unsafe fn sync_for_device(&self, range: Range<usize>) {
        // SAFETY: By the type invariant and the caller's promise this is part of a mapping of the
        // device, in this direction.
        unsafe { sync_for_device::<D>(self.dev, self.address_of(range.start), range.len()) };
    }

    /// Returns the DMA address of byte `offset`, which is inside the mapping.
    fn address_of(&self, offset: usize) -> bindings::dma_addr_t {
        // CAST: `usize` has at most 64 bits. The sum does not overflow, because the mapping ends
        // inside the device's mask.
        self.address + offset as bindings::dma_addr_t
    }

    /// Checks that the first `used` bytes, of which there is one at least, cross no boundary.
    fn expect_within_boundary(&self, used: usize) -> Result<(), MapFailure> {
        let mask = self.dev.boundary_mask();
        let last = self.address_of(used - 1);

        // CAST: `c_ulong` has at most 64 bits.
        match (self.address ^ last) & !(mask as bindings::dma_addr_t) {
            0 => Ok(()),
            _ => Err(MapFailure::CrossesBoundary { mask }),
        }
    }

    /// Ends the mapping.
    ///
    /// # Safety
    ///
    /// To be called once, after the last use of `address`.
    #[inline]
    unsafe fn unmap_with(&self, attributes: c_ulong) {
        // SAFETY: By the type invariant these are the arguments and the result of the mapping,
        // which exists until now by the caller's promise.
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

/// Shows the CPU what the device wrote into `len` bytes at `address`.
///
/// C function: `dma_sync_single_for_cpu()`.
///
/// # Safety
///
/// They are part of a mapping for `dev` in direction `D`, which lies in physically contiguous
/// memory there, and there are no references to these bytes of the memory.
#[inline]
pub(crate) unsafe fn sync_for_cpu<D: Direction>(
    dev: &DmaDevice,
    address: bindings::dma_addr_t,
    len: usize,
) {
    // SAFETY: By the caller's promise.
    unsafe {
        c::rk3588_dma_sync_for_cpu(dev.as_raw(), address, len, D::DATA_DIRECTION.into());
    }
}

/// Shows the device what the CPU wrote into `len` bytes at `address`.
///
/// C function: `dma_sync_single_for_device()`.
///
/// # Safety
///
/// They are part of a mapping for `dev` in direction `D`, which lies in physically contiguous
/// memory there.
#[inline]
pub(crate) unsafe fn sync_for_device<D: Direction>(
    dev: &DmaDevice,
    address: bindings::dma_addr_t,
    len: usize,
) {
    // SAFETY: By the caller's promise.
    unsafe {
        c::rk3588_dma_sync_for_device(dev.as_raw(), address, len, D::DATA_DIRECTION.into());
    }
}
