// SPDX-License-Identifier: GPL-2.0

//! Registration of a device, and its end.

use core::mem;

use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    error::to_result,
    prelude::*,
    sync::{
        aref::ARef,
        Arc, //
    }, //
};

use super::{
    channel::Channel,
    device::DmaDevice,
    ffi::c,
    of::OfDma,
    provider::Provider,
    wait::Wait, //
};

/// Registration of a device with its channels, until it is dropped.
///
/// C functions: `dma_async_device_register()`, `dma_async_device_unregister()`.
///
/// # Unbind
///
/// A client that holds a channel keeps the module loaded, but does not keep the device bound: the
/// kernel unbinds a provider from its device before the clients, and the framework then accesses
/// memory that the provider has freed. So [`unregister`](Self::unregister) waits until all clients
/// have released their channels.
///
/// # Safety
///
/// [`Registration::new_memory`] and [`Registration::new_slave`] require that
///
/// - [`close`](Self::close) returns before the hardware is shut down for good, and
/// - the registration is dropped, or [`unregister`](Self::unregister) returns, before the device is
///   unbound and before the borrows of the provider end.
pub(crate) struct Registration<P: Provider> {
    channels: KVec<Pin<KBox<Channel<P>>>>,
    device: Arc<DmaDevice<P>>,
    of_dma: Option<OfDma>,
}

impl<P: Provider> Registration<P> {
    /// Registers a device, of which `fill` sets the functions of its kind. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and those of `dma_async_device_register()`.
    ///
    /// # Safety
    ///
    /// The requirements of [`Registration`] apply. `fill` sets only functions for a `Channel<P>`.
    pub(super) unsafe fn register(
        dev: &Device<Bound>,
        provider: P,
        data: impl IntoIterator<Item = P::Channel>,
        fill: impl FnOnce(&mut c::dma_device),
    ) -> Result<Self> {
        let device = DmaDevice::new(ARef::from(&**dev), provider, fill);
        let device = Arc::pin_init(device, GFP_KERNEL)?;
        let mut channels = KVec::new();

        for (index, data) in data.into_iter().enumerate() {
            // SAFETY: No client must hold the channel when it is dropped, and none must get it
            // later: if the registration fails below, none can get it. Otherwise `drop`
            // unregisters the device first.
            let channel = unsafe { Channel::new(device.clone(), data, index)? };

            // SAFETY: Both must be valid, and the list initialized: they are, and `DmaDevice::new`
            // has initialized it. Nothing else accesses them before the registration.
            unsafe {
                let (chan, device) = (channel.as_raw(), device.as_raw());

                (*chan).device = device;
                bindings::list_add_tail(&raw mut (*chan).device_node, &raw mut (*device).channels);
            }
            channels.push(channel, GFP_KERNEL)?;
        }

        // SAFETY:
        // - The device must be bound: `dev` shows it.
        // - Device and channels must be valid until the device is released: they are dropped after
        //   `unregister`, which waits for that.
        // - The functions must be for these channels: those of `DmaDevice` are, and the caller
        //   guarantees the others.
        to_result(unsafe { c::dma_async_device_register(device.as_raw()) })?;
        *device.is_registered.lock() = true;
        Ok(Self {
            channels,
            device,
            of_dma: None,
        })
    }

    /// Adds the translation of the device tree's specifiers, if the device has a node.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn with_of_dma(mut self, dev: &Device<Bound>) -> Result<Self> {
        // SAFETY: The device must be registered until the value is freed: `unregister` frees it
        // first.
        self.of_dma = unsafe { OfDma::new(dev, self.device.as_raw())? };
        Ok(self)
    }

    /// Returns the provider.
    pub(crate) fn provider(&self) -> &P {
        &self.device.provider
    }

    /// Begins to unregister the device. Does nothing the second time. Sleeps.
    ///
    /// New clients get no channel. Jobs are aborted, and prepared no more. When it has returned, no
    /// job is started, and the hardware may be shut down for good. The provider still gets calls
    /// that terminate jobs.
    pub(crate) fn close(&self) {
        if mem::replace(&mut self.device.gate.lock().is_closed, true) {
            return;
        }
        if let Some(of_dma) = &self.of_dma {
            of_dma.free();
        }
        for channel in &self.channels {
            channel.shut_down();
        }
    }

    /// Unregisters the device. Does nothing the second time. Sleeps.
    ///
    /// The caller must hold no channel of the device, and no lock that a client needs to release
    /// its channel.
    ///
    /// [Closes](Self::close) the device, and waits until all clients have released their channels,
    /// without a limit; it warns every 10 s with the name of each client. When it has returned, no
    /// method of the provider runs or will run.
    ///
    /// C function: `dma_async_device_unregister()`.
    pub(crate) fn unregister(&self) {
        let mut is_registered = self.device.is_registered.lock();

        if !mem::take(&mut *is_registered) {
            return;
        }
        self.close();

        let mut wait = Wait::new();

        while self.device.gate.lock().held != 0 {
            wait.sleep(|| self.channels.iter().for_each(|it| it.warn_of_client()));
        }

        // SAFETY: The device must be registered, and is unregistered once: `is_registered` was
        // true. No channel is held, so the last release of one has no more than the lock of the
        // framework's lists to leave, which this function takes before it frees what is used there.
        unsafe { c::dma_async_device_unregister(self.device.as_raw()) };
        self.device.released.wait_for_completion();
    }
}

impl<P: Provider> Drop for Registration<P> {
    fn drop(&mut self) {
        self.unregister();
    }
}
