// SPDX-License-Identifier: GPL-2.0

//! Physical addresses that a driver has to itself.
//!
//! C header: `include/linux/ioport.h`.

use kernel::{
    bindings,
    io::resource::Resource,
    prelude::*,
    str::CString, //
};

/// A range of physical addresses that is marked as busy in `/proc/iomem`.
///
/// The kernel crate's `ExclusiveIoMem` asks for the range below the device's own resource. That of a
/// device from the device tree is not part of the tree of resources, so nobody is kept out. The
/// release looks in the tree and does not find it ("Trying to free nonexistent resource"), so the
/// claim stays, in the way of the next probe.
///
/// # Invariants
///
/// `start` and `size` were requested by this value and have not been released.
pub(crate) struct MemRegion {
    start: bindings::resource_size_t,
    size: bindings::resource_size_t,
    /// What `/proc/iomem` shows, by reference.
    _name: CString,
}

impl MemRegion {
    /// Claims `resource` under `name`. C function: `request_mem_region()`.
    ///
    /// # Errors
    ///
    /// `EBUSY` if any of it is in use by another driver, `ENOMEM`.
    pub(crate) fn claim(resource: &Resource, name: &CStr) -> Result<Self> {
        let (start, size) = (resource.start(), resource.size());
        let name = name.to_cstring()?;

        // SAFETY: The function takes any range. The name is on the heap and freed after the release,
        // or never, should the value be leaked.
        let claimed = unsafe { bindings::request_mem_region(start, size, name.as_char_ptr()) };

        if claimed.is_null() {
            return Err(EBUSY);
        }
        // INVARIANT: Requested just now.
        Ok(Self {
            start,
            size,
            _name: name,
        })
    }
}

impl Drop for MemRegion {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the range is ours to release.
        unsafe { bindings::release_mem_region(self.start, self.size) };
    }
}
