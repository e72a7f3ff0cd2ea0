// SPDX-License-Identifier: GPL-2.0

//! The framework's structure for a device.

use kernel::{
    device::Device,
    new_mutex,
    prelude::*,
    sync::{
        aref::ARef,
        Completion,
        Mutex, //
    },
    types::Opaque, //
};

use super::{
    channel,
    ffi::{
        as_raw,
        c, //
    },
    provider::Provider, //
};

/// Number of channels that clients hold.
pub(super) struct Gate {
    pub(super) held: usize,
    /// True if no more channel may be held.
    pub(super) is_closed: bool,
}

/// Device with its provider.
///
/// C type: `struct dma_device`.
#[pin_data]
pub(super) struct DmaDevice<P: Provider> {
    #[pin]
    raw: Opaque<c::dma_device>,
    #[pin]
    pub(super) gate: Mutex<Gate>,
    /// True until the device is unregistered.
    #[pin]
    pub(super) is_registered: Mutex<bool>,
    /// Completed when the framework has dropped its last reference.
    #[pin]
    pub(super) released: Completion,
    pub(super) provider: P,
    pub(super) dev: ARef<Device>,
}

// SAFETY: The framework accesses `raw` under its own locks. All other fields are `Send`.
unsafe impl<P: Provider> Send for DmaDevice<P> {}

// SAFETY: As above. All other fields are `Sync`.
unsafe impl<P: Provider> Sync for DmaDevice<P> {}

impl<P: Provider> DmaDevice<P> {
    /// Creates an initializer for a device without channels, which `fill` completes.
    pub(super) fn new(
        dev: ARef<Device>,
        provider: P,
        fill: impl FnOnce(&mut c::dma_device),
    ) -> impl PinInit<Self, Error> {
        pin_init!(Self {
            raw <- Opaque::ffi_init(|slot: *mut c::dma_device| {
                // SAFETY: `slot` must be valid for writes: `ffi_init` guarantees it. All fields may
                // be zero, and the list is initialized before it is used.
                unsafe {
                    slot.write_bytes(0, 1);
                    kernel::bindings::INIT_LIST_HEAD(&raw mut (*slot).channels);
                    Self::fill_common(&mut *slot);
                    (*slot).dev = as_raw(&dev);
                    fill(&mut *slot);
                }
            }),
            gate <- new_mutex!(Gate {
                held: 0,
                is_closed: false,
            }),
            is_registered <- new_mutex!(false),
            released <- Completion::new(),
            provider,
            dev,
        }? Error)
    }

    /// Returns the pointer for the framework.
    pub(super) fn as_raw(&self) -> *mut c::dma_device {
        self.raw.get()
    }

    /// Fills in what all kinds of devices have.
    fn fill_common(device: &mut c::dma_device) {
        add_capability(device, c::dma_transaction_type_DMA_PRIVATE);
        device.device_alloc_chan_resources = Some(channel::alloc_chan_resources::<P>);
        device.device_free_chan_resources = Some(channel::free_chan_resources::<P>);
        device.device_issue_pending = Some(channel::issue_pending::<P>);
        device.device_terminate_all = Some(channel::terminate_all::<P>);
        device.device_synchronize = Some(channel::synchronize::<P>);
        device.device_release = Some(release::<P>);
    }
}

/// Adds a capability to a device that is not registered yet. C function: `dma_cap_set()`.
pub(super) fn add_capability(device: &mut c::dma_device, capability: c::dma_transaction_type) {
    device.cap_mask.bits[0] |= 1 << capability;
}

/// Notes that the framework has dropped its last reference.
///
/// # Safety
///
/// `device` is that of a `DmaDevice<P>` that was registered.
unsafe extern "C" fn release<P: Provider>(device: *mut c::dma_device) {
    // SAFETY: The pointer must be to a field of a valid device: the caller guarantees it. The
    // device is valid until `released` is completed.
    let device = unsafe { &*kernel::container_of!(Opaque::cast_from(device), DmaDevice<P>, raw) };

    device.released.complete_all();
}
