// SPDX-License-Identifier: GPL-2.0

//! Devices that copy and fill memory.

use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
    prelude::*, //
};

use super::{
    channel::{
        self,
        Channel, //
    },
    descriptor::Len,
    device::add_capability,
    ffi::c,
    provider::{
        default_job,
        Provider, //
    },
    registration::Registration, //
};

/// Copy of a range of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memcpy {
    /// Bus address of the destination.
    pub(crate) dst: DmaAddress,
    /// Bus address of the source.
    pub(crate) src: DmaAddress,
    /// Number of bytes, at least 1.
    pub(crate) len: usize,
}

/// Fill of a range of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memset {
    /// Bus address of the destination.
    pub(crate) dst: DmaAddress,
    /// Value of each byte.
    pub(crate) value: u8,
    /// Number of bytes, at least 1.
    pub(crate) len: usize,
}

/// Provider of a device that copies memory.
///
/// The addresses are those that the client has passed: the provider checks that its hardware
/// reaches them. The methods must not sleep.
#[vtable]
pub(crate) trait Memory: Provider {
    /// Prepares the job of a copy.
    ///
    /// C function: `device_prep_dma_memcpy()`.
    ///
    /// # Errors
    ///
    /// Any; the client gets no descriptor.
    fn prepare_memcpy(
        &self,
        channel: &Self::Channel,
        memcpy: Memcpy,
    ) -> impl PinInit<Self::Job, Error>;

    /// Prepares the job of a fill.
    ///
    /// C function: `device_prep_dma_memset()`.
    ///
    /// # Errors
    ///
    /// Any; the client gets no descriptor.
    fn prepare_memset(
        &self,
        channel: &Self::Channel,
        memset: Memset,
    ) -> impl PinInit<Self::Job, Error> {
        let _ = (channel, memset);
        default_job()
    }
}

impl<M: Memory> Registration<M> {
    /// Registers a device for copies, and fills if the provider has them, with these channels.
    ///
    /// Only clients that ask for a channel get one, not the kernel's `async_tx`, which ends with a
    /// panic if a transfer fails (`DMA_PRIVATE`). May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and those of `dma_async_device_register()`.
    ///
    /// # Safety
    ///
    /// The requirements of [`Registration`] apply.
    pub(crate) unsafe fn new_memory(
        dev: &Device<Bound>,
        provider: M,
        channels: impl IntoIterator<Item = M::Channel>,
    ) -> Result<Self> {
        let fill = |device: &mut c::dma_device| {
            add_capability(device, c::dma_transaction_type_DMA_MEMCPY);
            device.device_prep_dma_memcpy = Some(prep_memcpy::<M>);
            if M::HAS_PREPARE_MEMSET {
                add_capability(device, c::dma_transaction_type_DMA_MEMSET);
                device.device_prep_dma_memset = Some(prep_memset::<M>);
            }
            device.device_tx_status = Some(tx_status::<M>);
        };

        // SAFETY: The caller guarantees the requirements.
        unsafe { Self::register(dev, provider, channels, fill) }
    }
}

/// Prepares a copy. Returns null if that fails.
///
/// # Safety
///
/// `chan` is that of a `Channel<M>` whose resources were allocated.
unsafe extern "C" fn prep_memcpy<M: Memory>(
    chan: *mut c::dma_chan,
    dst: DmaAddress,
    src: DmaAddress,
    len: usize,
    flags: c_ulong,
) -> *mut c::dma_async_tx_descriptor {
    // SAFETY: The channel must be valid: the caller guarantees it.
    let channel = unsafe { Channel::<M>::from_raw(chan) };

    if len == 0 {
        return channel.reject("copy of 0 bytes", EINVAL);
    }

    let provider = &channel.device.provider;
    let job = provider.prepare_memcpy(&channel.data, Memcpy { dst, src, len });

    channel.prepare(job, Len::Once(len), flags)
}

/// Prepares a fill. Returns null if that fails.
///
/// # Safety
///
/// `chan` is that of a `Channel<M>` whose resources were allocated.
unsafe extern "C" fn prep_memset<M: Memory>(
    chan: *mut c::dma_chan,
    dst: DmaAddress,
    value: c_int,
    len: usize,
    flags: c_ulong,
) -> *mut c::dma_async_tx_descriptor {
    // SAFETY: The channel must be valid: the caller guarantees it.
    let channel = unsafe { Channel::<M>::from_raw(chan) };

    if len == 0 {
        return channel.reject("fill of 0 bytes", EINVAL);
    }

    // CAST: As `memset()`, which takes the low byte.
    let value = value as u8;
    let provider = &channel.device.provider;
    let job = provider.prepare_memset(&channel.data, Memset { dst, value, len });

    channel.prepare(job, Len::Once(len), flags)
}

/// Returns the status of a cookie. The residue is 0.
///
/// # Safety
///
/// `chan` is that of a `Channel<M>` whose resources were allocated. `state` is null or valid for
/// writes.
unsafe extern "C" fn tx_status<M: Memory>(
    chan: *mut c::dma_chan,
    cookie: c::dma_cookie_t,
    state: *mut c::dma_tx_state,
) -> c::dma_status {
    let none = None::<fn(&M, &M::Channel, &M::Job) -> usize>;

    // SAFETY: The caller guarantees the requirements.
    unsafe { channel::tx_status(chan, cookie, state, none) }
}
