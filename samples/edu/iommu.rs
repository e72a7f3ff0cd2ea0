// SPDX-License-Identifier: GPL-2.0

//! State of the IOMMU in front of a device, for the demonstration.
//!
//! Code that maps memory by `dma` and `sg` works the same with and without an IOMMU.
//!
//! C header: `include/linux/iommu.h`.

use core::ptr::NonNull;

use kernel::{
    bindings,
    fmt,
    prelude::*, //
};

use crate::dma::{
    as_raw,
    DmaDevice,
    Memory, //
};

/// Mode of an IOMMU domain: translation, and its end after unmapping.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// Translated until the unmapping returns.
    Strict,
    /// Translated, perhaps for some milliseconds after the unmapping.
    ///
    /// The kernel invalidates the IOMMU's cache (IOTLB) later, for many addresses at once.
    Deferred,
    /// Not translated.
    Direct,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Strict => "addresses are translated until they are unmapped",
            Self::Deferred => "addresses are translated until some time after they are unmapped",
            Self::Direct => "addresses are not translated",
        })
    }
}

/// Address space that a device shares with the other devices of its IOMMU group.
///
/// C type: `struct iommu_domain`.
///
/// # Invariants
///
/// `domain` translates the addresses of mappings for `dev`. It is valid until the driver's `unbind`
/// returns: while a device is bound, the kernel replaces its domain only if the driver requests it,
/// and this driver does not.
pub(crate) struct Domain<'bound> {
    dev: &'bound DmaDevice,
    domain: NonNull<bindings::iommu_domain>,
}

// SAFETY: A domain is not tied to a thread.
unsafe impl Send for Domain<'_> {}

impl<'bound> Domain<'bound> {
    /// Returns the domain of `dev`, or `None` without an IOMMU.
    ///
    /// C function: `iommu_get_domain_for_dev()`.
    ///
    /// # Safety
    ///
    /// The caller drops the result before the driver's `unbind` returns. Afterwards the kernel may
    /// replace the domain, even before it drops the driver's data.
    pub(crate) unsafe fn of(dev: &'bound DmaDevice) -> Option<Self> {
        // SAFETY: The device must be bound to the calling driver: it is for `'bound`.
        let domain = unsafe { bindings::iommu_get_domain_for_dev(as_raw(dev.as_device())) };

        // INVARIANT: The kernel returned the domain of `dev`. The caller drops it before `unbind`
        // returns.
        Some(Self {
            dev,
            domain: NonNull::new(domain)?,
        })
    }

    /// Returns the mode.
    ///
    /// Root may change it from strict to deferred at any time, by writing to
    /// `/sys/kernel/iommu_groups/*/type`. C field: `iommu_domain.type`.
    pub(crate) fn kind(&self) -> Kind {
        // SAFETY: The domain must be valid: by the type invariant it is. The kernel may change the
        // field meanwhile; a volatile read is a single load, and the kernel takes no lock for it.
        let kind = unsafe { (&raw const (*self.domain.as_ptr()).type_).read_volatile() };

        match kind {
            bindings::IOMMU_DOMAIN_DMA => Kind::Strict,
            bindings::IOMMU_DOMAIN_DMA_FQ => Kind::Deferred,
            _ => Kind::Direct,
        }
    }

    /// Returns the physical address that the device reaches at `address`, or `None`.
    ///
    /// The address is from the IOMMU's page table, not from its cache.
    ///
    /// C function: `iommu_iova_to_phys()`.
    pub(crate) fn to_phys(&self, address: u64) -> Option<u64> {
        // SAFETY: The domain must be valid: by the type invariant it is.
        match unsafe { bindings::iommu_iova_to_phys(self.domain.as_ptr(), address) } {
            0 => None,
            phys => Some(phys),
        }
    }

    /// Returns true if the IOMMU group has no other device.
    ///
    /// May sleep. C function: `iommu_group_for_each_dev()`.
    pub(crate) fn is_ours_alone(&self) -> bool {
        /// Adds 1 to the `usize` at `count`.
        ///
        /// # Safety
        ///
        /// `count` points to a `usize` without other users.
        unsafe extern "C" fn add_one(_: *mut bindings::device, count: *mut c_void) -> c_int {
            // SAFETY: `count` must point to a `usize` without other users: the caller guarantees
            // it.
            unsafe { *count.cast::<usize>() += 1 };
            0
        }

        let mut devices = 0usize;

        // SAFETY:
        // - The device must be valid: it is bound.
        // - The group must be valid until its last use: the reference is put after it.
        // - `add_one` needs a `usize` without other users: `devices` is a local variable.
        unsafe {
            let group = bindings::iommu_group_get(as_raw(self.dev.as_device()));

            if group.is_null() {
                return false;
            }
            bindings::iommu_group_for_each_dev(group, (&raw mut devices).cast(), Some(add_one));
            bindings::iommu_group_put(group);
        }
        devices == 1
    }
}

/// Returns the physical address of `memory`, for the report: drivers have no use for it.
///
/// # Errors
///
/// `EINVAL` if the memory is not in the linear map.
pub(crate) fn physical_of(memory: &mut impl Memory) -> Result<u64> {
    let len = memory.len();

    // SAFETY: A page must exist: `Memory` guarantees it.
    Ok(unsafe { memory.location().to_phys(len)? })
}
