// SPDX-License-Identifier: GPL-2.0

//! Channels, and the functions that the framework calls for all kinds of them.

use core::ptr::NonNull;

use kernel::{
    error::from_result,
    new_spinlock_irq,
    prelude::*,
    sync::{
        Arc,
        LockedBy,
        SpinLockIrq, //
    },
    types::Opaque, //
};

use super::{
    config::Configs,
    descriptor::Len,
    device::{
        DmaDevice,
        Gate, //
    },
    ffi::c,
    provider::Provider,
    vchan::VirtualChannel, //
};

/// Flags of a descriptor that no channel supports: to submit it again, and to pass commands.
const UNSUPPORTED: c::dma_ctrl_flags =
    c::dma_ctrl_flags_DMA_CTRL_REUSE | c::dma_ctrl_flags_DMA_PREP_CMD;

/// Channel of a device.
///
/// C type: `struct dma_chan`.
#[pin_data]
pub(super) struct Channel<P: Provider> {
    #[pin]
    chan: Opaque<c::dma_chan>,
    #[pin]
    pub(super) queue: VirtualChannel<P::Job>,
    /// Configurations of the peripheral, on a slave channel.
    #[pin]
    pub(super) configs: SpinLockIrq<Configs>,
    /// Data of the provider.
    pub(super) data: P::Channel,
    pub(super) device: Arc<DmaDevice<P>>,
    /// True while a client holds the channel.
    is_held: LockedBy<bool, Gate>,
    /// Number of the channel, which `chan_id` is.
    index: usize,
}

// SAFETY: The framework accesses `chan` under its own locks.
unsafe impl<P: Provider> Send for Channel<P> {}

// SAFETY: As above. All other fields are `Sync`.
unsafe impl<P: Provider> Sync for Channel<P> {}

impl<P: Provider> Channel<P> {
    /// Allocates channel `index` of `device`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    ///
    /// # Safety
    ///
    /// Before the channel is dropped, no client holds it, and none will.
    pub(super) unsafe fn new(
        device: Arc<DmaDevice<P>>,
        data: P::Channel,
        index: usize,
    ) -> Result<Pin<KBox<Self>>> {
        let is_held = LockedBy::new(&device.gate, false);

        KBox::pin_init(
            pin_init!(Self {
                chan: Opaque::zeroed(),
                // SAFETY: It must be freed after the last call of `prepare` and before it is
                // dropped: only clients that hold the channel prepare, and `close` frees it.
                queue <- unsafe { VirtualChannel::new() },
                configs <- new_spinlock_irq!(Configs::default()),
                data,
                device,
                is_held,
                index,
            }? Error),
            GFP_KERNEL,
        )
    }

    /// Returns the pointer for the framework.
    pub(super) fn as_raw(&self) -> *mut c::dma_chan {
        self.chan.get()
    }

    /// Returns the channel of a pointer from the framework.
    ///
    /// # Safety
    ///
    /// `chan` is that of a `Channel<P>`, which is not dropped during `'a`.
    pub(super) unsafe fn from_raw<'a>(chan: *mut c::dma_chan) -> &'a Self {
        // SAFETY: `chan` must be the field of a valid channel: the caller guarantees it.
        unsafe { &*kernel::container_of!(Opaque::cast_from(chan), Self, chan) }
    }

    /// Prepares `job` of `len` bytes. Returns null if that fails.
    ///
    /// Callable from any context.
    pub(super) fn prepare(
        &self,
        job: impl PinInit<P::Job, Error>,
        len: Len,
        flags: c_ulong,
    ) -> *mut c::dma_async_tx_descriptor {
        // CAST: The flags have 10 bits.
        let flags = flags as c::dma_ctrl_flags;
        let prepared = if flags & UNSUPPORTED != 0 {
            Err(EOPNOTSUPP)
        } else {
            // SAFETY: `chan` must be that of the channel that has the queue: it is this one.
            unsafe { self.queue.prepare(self.raw(), job, len, flags) }
        };

        prepared.unwrap_or_else(|error| self.reject("descriptor", error))
    }

    fn raw(&self) -> NonNull<c::dma_chan> {
        NonNull::from(&self.chan).cast()
    }

    /// Logs that `what` was rejected. Returns null.
    pub(super) fn reject<T>(&self, what: &str, error: Error) -> *mut T {
        dev_dbg!(
            self.device.dev,
            "channel {}: {what} rejected: {error:?}\n",
            self.index
        );
        core::ptr::null_mut()
    }

    fn open(&self) -> Result {
        let gate = &mut *self.device.gate.lock();

        if gate.is_closed {
            return Err(ESHUTDOWN);
        }
        self.device.provider.open(&self.data)?;
        self.queue.reset();
        *self.configs.lock() = Configs::default();
        gate.held += 1;
        *self.is_held.access_mut(gate) = true;
        Ok(())
    }

    fn close(&self) {
        self.queue.free(|| self.stop(), || self.warn_of_stop());
        self.device.provider.close(&self.data);

        let gate = &mut *self.device.gate.lock();

        gate.held -= 1;
        *self.is_held.access_mut(gate) = false;
    }

    /// Aborts all jobs, before the device is unregistered. Callable from any context.
    pub(super) fn shut_down(&self) {
        self.queue.close(|| self.stop());
    }

    fn stop(&self) {
        self.device.provider.terminate(&self.data);
    }

    fn warn_of_stop(&self) {
        dev_warn!(
            self.device.dev,
            "channel {}: waiting for the hardware to stop\n",
            self.index
        );
    }

    /// Logs the client, if one holds the channel.
    pub(super) fn warn_of_client(&self) {
        let gate = &*self.device.gate.lock();

        if *self.is_held.access(gate) {
            // SAFETY: A client must hold the channel, and must not release it meanwhile: it would
            // take the lock of the gate first.
            let name = unsafe { self.client_name() };

            dev_warn!(
                self.device.dev,
                "channel {}: waiting for the client{}{}\n",
                self.index,
                if name.is_some() { " " } else { "" },
                name.unwrap_or_default()
            );
        }
    }
}

impl<P: Provider> Channel<P> {
    /// Returns the name of the client and of its channel, as debugfs shows it.
    ///
    /// # Safety
    ///
    /// A client holds the channel, and does not release it during the borrow.
    unsafe fn client_name(&self) -> Option<&CStr> {
        #[cfg(CONFIG_DEBUG_FS)]
        {
            // SAFETY: The framework may set the field meanwhile: it is read once. It does not clear
            // it before the client has released the channel: the caller guarantees that.
            let name = unsafe { (&raw const (*self.as_raw()).dbg_client_name).read_volatile() };

            // SAFETY: It must be a string if it is not null: it is.
            NonNull::new(name).map(|name| unsafe { CStr::from_char_ptr(name.as_ptr()) })
        }
        #[cfg(not(CONFIG_DEBUG_FS))]
        None
    }
}

/// Allocates the resources of a channel for its first client.
///
/// # Safety
///
/// `chan` is that of a `Channel<P>` that is registered.
pub(super) unsafe extern "C" fn alloc_chan_resources<P: Provider>(chan: *mut c::dma_chan) -> c_int {
    // SAFETY: The channel must be valid: the caller guarantees it.
    let channel = unsafe { Channel::<P>::from_raw(chan) };

    from_result(|| match channel.open() {
        // The framework takes this error for a removed module, and the device off its list, from
        // which it removes the device a second time later.
        Err(ENODEV) => Err(ENXIO),
        opened => opened.map(|()| 0),
    })
}

/// Frees the resources of a channel whose last client has released it.
///
/// # Safety
///
/// `chan` is that of a `Channel<P>` whose resources were allocated.
pub(super) unsafe extern "C" fn free_chan_resources<P: Provider>(chan: *mut c::dma_chan) {
    // SAFETY: The channel must be valid: the caller guarantees it.
    unsafe { Channel::<P>::from_raw(chan) }.close();
}

/// Issues the submitted descriptors of a channel.
///
/// # Safety
///
/// As for [`free_chan_resources`].
pub(super) unsafe extern "C" fn issue_pending<P: Provider>(chan: *mut c::dma_chan) {
    // SAFETY: The channel must be valid: the caller guarantees it.
    let channel = unsafe { Channel::<P>::from_raw(chan) };

    channel
        .queue
        .issue(|job| channel.device.provider.start(&channel.data, job));
}

/// Terminates all descriptors of a channel.
///
/// # Safety
///
/// As for [`free_chan_resources`].
pub(super) unsafe extern "C" fn terminate_all<P: Provider>(chan: *mut c::dma_chan) -> c_int {
    // SAFETY: The channel must be valid: the caller guarantees it.
    let channel = unsafe { Channel::<P>::from_raw(chan) };

    channel.queue.terminate(|| channel.stop());
    0
}

/// Waits until terminated jobs of a channel have stopped, and no callback runs.
///
/// # Safety
///
/// As for [`free_chan_resources`]. The caller may sleep, and is not a callback of the channel.
pub(super) unsafe extern "C" fn synchronize<P: Provider>(chan: *mut c::dma_chan) {
    // SAFETY: The channel must be valid: the caller guarantees it.
    let channel = unsafe { Channel::<P>::from_raw(chan) };

    channel.queue.synchronize(|| channel.warn_of_stop());
}

/// Returns the status of a cookie, and fills in `state` unless it is null.
///
/// # Safety
///
/// As for [`free_chan_resources`]. `state` is null or valid for writes.
pub(super) unsafe fn tx_status<P: Provider>(
    chan: *mut c::dma_chan,
    cookie: c::dma_cookie_t,
    state: *mut c::dma_tx_state,
    transferred: Option<impl FnOnce(&P, &P::Channel, &P::Job) -> usize>,
) -> c::dma_status {
    // SAFETY: The channel must be valid: the caller guarantees it.
    let channel = unsafe { Channel::<P>::from_raw(chan) };
    let transferred = transferred.filter(|_| !state.is_null());
    let of_job = transferred.map(|transferred| {
        |job: &P::Job| transferred(&channel.device.provider, &channel.data, job)
    });
    let status = channel.queue.status(cookie, of_job);

    if let Some(state) = NonNull::new(state) {
        let values = c::dma_tx_state {
            last: status.last,
            used: status.used,
            residue: status.residue.try_into().unwrap_or(u32::MAX),
            in_flight_bytes: 0,
        };

        // SAFETY: It must be valid for writes: the caller guarantees it.
        unsafe { state.write(values) };
    }
    status.status
}
