// SPDX-License-Identifier: GPL-2.0

//! Physical address ranges for exclusive use by a driver.
//!
//! C header: `include/linux/ioport.h`.

use kernel::{
    bindings,
    io::resource::Resource,
    prelude::*,
    str::CString, //
};

/// Range of physical addresses that is marked busy in `/proc/iomem`.
///
/// The kernel crate's `ExclusiveIoMem` requests the range as a child of the device's own resource.
/// The resource of a device from the device tree is not in the tree of `iomem_resource`, so other
/// drivers can still claim the range. The release searches that tree, does not find the range
/// ("Trying to free nonexistent resource"), and the next probe fails.
///
/// # Invariants
///
/// This value requested `start` and `size`, and has not released them.
pub(crate) struct MemRegion {
    start: bindings::resource_size_t,
    size: bindings::resource_size_t,
    /// Name in `/proc/iomem`; the kernel's resource refers to it.
    _name: CString,
}

impl MemRegion {
    /// Claims the addresses of `resource`, with `name` in `/proc/iomem`.
    ///
    /// May sleep. C function: `request_mem_region()`.
    ///
    /// # Errors
    ///
    /// - `EBUSY` if another driver has claimed one of the addresses;
    /// - `ENOMEM`.
    pub(crate) fn claim(resource: &Resource, name: &CStr) -> Result<Self> {
        let (start, size) = (resource.start(), resource.size());
        let name = name.to_cstring()?;

        // SAFETY: The name must be valid until the release: it is on the heap, and `drop` frees it
        // after the release. The function accepts any range.
        let claimed = unsafe { bindings::request_mem_region(start, size, name.as_char_ptr()) };

        if claimed.is_null() {
            return Err(EBUSY);
        }
        // INVARIANT: The request succeeded.
        Ok(Self {
            start,
            size,
            _name: name,
        })
    }
}

impl Drop for MemRegion {
    fn drop(&mut self) {
        // SAFETY: The range must be claimed by the caller: by the type invariant this value did so.
        unsafe { bindings::release_mem_region(self.start, self.size) };
    }
}
