// SPDX-License-Identifier: GPL-2.0

//! Devices that transfer between memory and peripherals.

use kernel::{
    bindings,
    build_error,
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
    error::{
        from_result,
        VTABLE_DEFAULT_ERROR, //
    },
    prelude::*, //
};

use super::{
    channel::{
        self,
        Channel, //
    },
    config::{
        Configs,
        SlaveCaps,
        SlaveConfig,
        TransferDirection, //
    },
    descriptor::Len,
    device::add_capability,
    ffi::c,
    provider::{
        default_job,
        Provider, //
    },
    registration::Registration,
    segments::{
        Ring,
        Segments, //
    }, //
};

/// Provider of a device whose channels belong to peripherals.
///
/// The addresses are those that the client has passed: the provider checks that its hardware
/// reaches them. The methods must not sleep.
#[vtable]
pub(crate) trait Slave: Provider {
    /// Returns the capabilities of all channels, always the same ones.
    fn caps(&self) -> SlaveCaps;

    /// Prepares the job of a transfer of these segments, one after the other.
    ///
    /// Lengths are multiples of the width. C function: `device_prep_slave_sg()`.
    ///
    /// # Errors
    ///
    /// Any; the client gets no descriptor.
    fn prepare_slave_sg(
        &self,
        channel: &Self::Channel,
        config: &SlaveConfig,
        segments: Segments<'_>,
    ) -> impl PinInit<Self::Job, Error>;

    /// Prepares the job of a transfer that goes on until it is terminated.
    ///
    /// It tells the client of the end of each period by
    /// [`Issued::complete_period`](super::Issued::complete_period) if [`Ring::notify`] is true. C
    /// function: `device_prep_dma_cyclic()`.
    ///
    /// # Errors
    ///
    /// Any; the client gets no descriptor.
    fn prepare_cyclic(
        &self,
        channel: &Self::Channel,
        config: &SlaveConfig,
        ring: Ring,
    ) -> impl PinInit<Self::Job, Error> {
        let _ = (channel, config, ring);
        default_job()
    }

    /// Returns the number of bytes that `job` has transferred; of a cyclic job in all rounds, or
    /// only in the last one.
    ///
    /// From memory, those that were read; to memory, those that have reached it. 0 if the job has
    /// not begun. Called with a lock that the completion of a job takes. C function:
    /// `device_tx_status()`.
    fn transferred(&self, channel: &Self::Channel, job: &Self::Job) -> usize;

    /// Stops the hardware so that no byte is lost, until [`resume`](Self::resume) or
    /// [`terminate`](Provider::terminate).
    ///
    /// When this returns, [`transferred`](Self::transferred) does not change. Jobs that are started
    /// meanwhile wait. Called like [`start`](Provider::start). C function: `device_pause()`.
    ///
    /// # Errors
    ///
    /// Any; the channel is not paused.
    fn pause(&self, channel: &Self::Channel) -> Result {
        let _ = channel;
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Goes on where [`pause`](Self::pause) has stopped. C function: `device_resume()`.
    ///
    /// # Errors
    ///
    /// Any; the channel stays paused.
    fn resume(&self, channel: &Self::Channel) -> Result {
        let _ = channel;
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

impl<S: Slave> Registration<S> {
    /// Registers a device for peripherals, with these channels.
    ///
    /// If the device has a device tree node, its clients name a channel by one cell, its number.
    /// May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and those of `dma_async_device_register()`.
    ///
    /// # Safety
    ///
    /// The requirements of [`Registration`] apply.
    pub(crate) unsafe fn new_slave(
        dev: &Device<Bound>,
        provider: S,
        channels: impl IntoIterator<Item = S::Channel>,
    ) -> Result<Self> {
        let caps = provider.caps();
        let fill = |device: &mut c::dma_device| {
            add_capability(device, c::dma_transaction_type_DMA_SLAVE);
            device.device_config = Some(config::<S>);
            device.device_prep_slave_sg = Some(prep_slave_sg::<S>);
            if S::HAS_PREPARE_CYCLIC {
                add_capability(device, c::dma_transaction_type_DMA_CYCLIC);
                device.device_prep_dma_cyclic = Some(prep_cyclic::<S>);
            }
            if S::HAS_PAUSE {
                device.device_pause = Some(pause::<S>);
            }
            if S::HAS_RESUME {
                device.device_resume = Some(resume::<S>);
            }
            device.device_tx_status = Some(tx_status::<S>);
            device.directions =
                TransferDirection::MemToDev.bit() | TransferDirection::DevToMem.bit();
            device.src_addr_widths = caps.widths.as_raw();
            device.dst_addr_widths = caps.widths.as_raw();
            device.min_burst = 1;
            device.max_burst = caps.max_burst;
            device.residue_granularity = caps.granularity.as_raw();
        };

        // SAFETY: The caller guarantees the requirements. The functions are for `Channel<S>`.
        let registration = unsafe { Self::register(dev, provider, channels, fill)? };

        registration.with_of_dma(dev)
    }
}

/// Configures a channel for the descriptors that are prepared from here on.
///
/// If the configuration is rejected, so are those, because some clients ignore the error.
///
/// # Safety
///
/// `chan` is that of a `Channel<S>` whose resources were allocated. `config` is valid.
unsafe extern "C" fn config<S: Slave>(
    chan: *mut c::dma_chan,
    config: *mut c::dma_slave_config,
) -> c_int {
    // SAFETY: Both must be valid: the caller guarantees it.
    let (channel, config) = unsafe { (Channel::<S>::from_raw(chan), &*config) };

    from_result(|| {
        let configs = Configs::new(config, &channel.device.provider.caps());

        *channel.configs.lock() = configs.unwrap_or_default();
        configs.map(|_| 0)
    })
}

/// Prepares a transfer of a list. Returns null if that fails.
///
/// # Safety
///
/// `chan` is that of a `Channel<S>` whose resources were allocated. `list` has `len` mapped
/// entries.
unsafe extern "C" fn prep_slave_sg<S: Slave>(
    chan: *mut c::dma_chan,
    list: *mut bindings::scatterlist,
    len: c_uint,
    direction: c::dma_transfer_direction,
    flags: c_ulong,
    _context: *mut c_void,
) -> *mut c::dma_async_tx_descriptor {
    // SAFETY: The channel must be valid: the caller guarantees it.
    let channel = unsafe { Channel::<S>::from_raw(chan) };
    // SAFETY: The list must have these entries during the call: the caller guarantees it.
    // CAST: `usize` has at least 32 bits.
    let segments = unsafe { Segments::new(list, len as usize) };
    let checked = channel.config(direction).and_then(|config| {
        let len = segments.total_len(config.width)?;

        Ok((config, len))
    });

    match checked {
        Ok((config, len)) => {
            let provider = &channel.device.provider;
            let job = provider.prepare_slave_sg(&channel.data, &config, segments);

            channel.prepare(job, Len::Once(len), flags)
        }
        Err(error) => channel.reject("list", error),
    }
}

/// Prepares a transfer without end. Returns null if that fails.
///
/// # Safety
///
/// `chan` is that of a `Channel<S>` whose resources were allocated.
unsafe extern "C" fn prep_cyclic<S: Slave>(
    chan: *mut c::dma_chan,
    address: DmaAddress,
    len: usize,
    period_len: usize,
    direction: c::dma_transfer_direction,
    flags: c_ulong,
) -> *mut c::dma_async_tx_descriptor {
    // SAFETY: The channel must be valid: the caller guarantees it.
    let channel = unsafe { Channel::<S>::from_raw(chan) };
    // CAST: The flags have 10 bits.
    let notify = flags as c::dma_ctrl_flags & c::dma_ctrl_flags_DMA_PREP_INTERRUPT != 0;
    let checked = channel.config(direction).and_then(|config| {
        let ring = Ring::new(address, len, period_len, config.width, notify)?;

        Ok((config, ring))
    });

    match checked {
        Ok((config, ring)) => {
            let provider = &channel.device.provider;
            let job = provider.prepare_cyclic(&channel.data, &config, ring);

            channel.prepare(job, Len::Cyclic(len), flags)
        }
        Err(error) => channel.reject("ring", error),
    }
}

/// Pauses a channel.
///
/// # Safety
///
/// `chan` is that of a `Channel<S>` whose resources were allocated.
unsafe extern "C" fn pause<S: Slave>(chan: *mut c::dma_chan) -> c_int {
    // SAFETY: The channel must be valid: the caller guarantees it.
    let channel = unsafe { Channel::<S>::from_raw(chan) };
    let pause = || channel.device.provider.pause(&channel.data);

    from_result(|| channel.queue.pause(pause).map(|()| 0))
}

/// Resumes a channel.
///
/// # Safety
///
/// `chan` is that of a `Channel<S>` whose resources were allocated.
unsafe extern "C" fn resume<S: Slave>(chan: *mut c::dma_chan) -> c_int {
    // SAFETY: The channel must be valid: the caller guarantees it.
    let channel = unsafe { Channel::<S>::from_raw(chan) };
    let resume = || channel.device.provider.resume(&channel.data);

    from_result(|| channel.queue.resume(resume).map(|()| 0))
}

/// Returns the status of a cookie.
///
/// # Safety
///
/// `chan` is that of a `Channel<S>` whose resources were allocated. `state` is null or valid for
/// writes.
unsafe extern "C" fn tx_status<S: Slave>(
    chan: *mut c::dma_chan,
    cookie: c::dma_cookie_t,
    state: *mut c::dma_tx_state,
) -> c::dma_status {
    // SAFETY: The caller guarantees the requirements.
    unsafe { channel::tx_status(chan, cookie, state, Some(S::transferred)) }
}

impl<S: Slave> Channel<S> {
    /// Returns the configuration for a direction, which must be one of a slave channel.
    fn config(&self, direction: c::dma_transfer_direction) -> Result<SlaveConfig> {
        self.configs
            .lock()
            .get(TransferDirection::from_raw(direction)?)
    }
}
