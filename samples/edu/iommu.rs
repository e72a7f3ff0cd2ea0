// SPDX-License-Identifier: GPL-2.0

//! What the kernel knows of the IOMMU in front of a device. For the demonstration: what maps memory by
//! `dma` and `sg` need not know whether there is one.

use core::ptr::NonNull;

use kernel::{
    bindings,
    fmt,
    prelude::*, //
};

use crate::{
    bindings::as_raw,
    dma::{
        DmaDevice,
        Memory, //
    }, //
};

/// What becomes of an address when it is unmapped.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// It is translated, and not any more when the unmapping returns.
    Strict,
    /// It is translated, and may be for some milliseconds more: the IOMMU's cache is emptied for many
    /// at once.
    Deferred,
    /// It is not translated.
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

/// The address space that a device shares with the others of its IOMMU group.
///
/// # Invariants
///
/// `domain` is what the kernel has for `dev`, by which the addresses of its mappings are translated. It is
/// valid until the driver's `unbind` returns: the kernel takes no other for a device that is bound to a driver,
/// unless the driver asks for it, which this one does not.
pub(crate) struct Domain<'bound> {
    dev: &'bound DmaDevice,
    domain: NonNull<bindings::iommu_domain>,
}

// SAFETY: A domain is not tied to a thread.
unsafe impl Send for Domain<'_> {}

impl<'bound> Domain<'bound> {
    /// That of `dev`, if there is an IOMMU.
    ///
    /// # Safety
    ///
    /// The result is dropped before the driver's `unbind` returns. Afterwards, until the driver's data is gone,
    /// the kernel may take another domain for the device.
    pub(crate) unsafe fn of(dev: &'bound DmaDevice) -> Option<Self> {
        // SAFETY: The device is bound to our driver, which is what the function asks for.
        let domain = unsafe { bindings::iommu_get_domain_for_dev(as_raw(dev.as_device())) };

        // INVARIANT: Found just now. By the caller's promise it goes before `unbind` returns.
        Some(Self {
            dev,
            domain: NonNull::new(domain)?,
        })
    }

    /// What it does with addresses. A person may change that at any time, by
    /// `/sys/kernel/iommu_groups/*/type`, from strict to deferred.
    pub(crate) fn kind(&self) -> Kind {
        // SAFETY: By the type invariant it is a domain. The kernel may write this field meanwhile, and reads
        // it itself without a lock.
        let kind = unsafe { (&raw const (*self.domain.as_ptr()).type_).read_volatile() };

        match kind {
            bindings::IOMMU_DOMAIN_DMA => Kind::Strict,
            bindings::IOMMU_DOMAIN_DMA_FQ => Kind::Deferred,
            _ => Kind::Direct,
        }
    }

    /// The physical address of what the device reaches at `address`, by the IOMMU's tables.
    ///
    /// C function: `iommu_iova_to_phys()`.
    pub(crate) fn to_phys(&self, address: u64) -> Option<u64> {
        // SAFETY: By the type invariant it is a domain.
        match unsafe { bindings::iommu_iova_to_phys(self.domain.as_ptr(), address) } {
            0 => None,
            phys => Some(phys),
        }
    }

    /// Whether no other device uses its addresses.
    pub(crate) fn is_ours_alone(&self) -> bool {
        /// # Safety
        ///
        /// `count` points to a `usize` that nobody else uses.
        unsafe extern "C" fn add_one(_: *mut bindings::device, count: *mut c_void) -> c_int {
            // SAFETY: By the contract of this function.
            unsafe { *count.cast::<usize>() += 1 };
            0
        }

        let mut devices = 0usize;

        // SAFETY: The device is bound. A group that was got is put after its use, and `add_one` gets what it
        // asks for.
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

/// Returns the physical address of `memory`, for comparison: drivers have no use for it.
///
/// # Errors
///
/// `EINVAL` if the memory is not in the linear map.
pub(crate) fn physical_of(memory: &mut impl Memory) -> Result<u64> {
    let len = memory.len();

    // SAFETY: A page must exist: `Memory` guarantees it.
    Ok(unsafe { memory.location().to_phys(len)? })
}
