// SPDX-License-Identifier: GPL-2.0

//! Channels that the device tree names.
//!
//! C header: `include/linux/of_dma.h`.

use core::ptr::NonNull;

use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    error::to_result,
    prelude::*, //
};

use super::ffi::{
    as_raw,
    c, //
};

/// Translation of the specifiers of a device tree node, which have one cell: the number of a
/// channel.
///
/// C type: `struct of_dma`.
pub(super) struct OfDma {
    node: NonNull<bindings::device_node>,
}

// SAFETY: `of_dma_controller_free()` may be called in any thread.
unsafe impl Send for OfDma {}

// SAFETY: As above. It takes a lock.
unsafe impl Sync for OfDma {}

impl OfDma {
    /// Registers the translation for the node of `dev`; returns `None` if it has none. May sleep.
    ///
    /// C function: `of_dma_controller_register()`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    ///
    /// # Safety
    ///
    /// `device` is registered, and [`free`](Self::free) is called before it is unregistered and
    /// before `dev` is unbound.
    pub(super) unsafe fn new(
        dev: &Device<Bound>,
        device: *mut c::dma_device,
    ) -> Result<Option<Self>> {
        // SAFETY: The device must be valid: the reference shows it.
        let Some(node) = NonNull::new(unsafe { (*as_raw(dev)).of_node }) else {
            return Ok(None);
        };

        // SAFETY: The node must be valid until the translation is freed: the device has a
        // reference. `of_dma_xlate_by_chan_id()` requires a registered device: the caller
        // guarantees it.
        to_result(unsafe {
            c::of_dma_controller_register(
                node.as_ptr(),
                Some(c::of_dma_xlate_by_chan_id),
                device.cast(),
            )
        })?;
        Ok(Some(Self { node }))
    }

    /// Frees the translation. When this returns, no translation runs. Sleeps.
    ///
    /// C function: `of_dma_controller_free()`.
    pub(super) fn free(&self) {
        // SAFETY: The node must be valid: the device has a reference. A node that is freed already
        // is ignored.
        unsafe { c::of_dma_controller_free(self.node.as_ptr()) };
    }
}
