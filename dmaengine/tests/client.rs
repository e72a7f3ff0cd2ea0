// SPDX-License-Identifier: GPL-2.0

//! A client, which calls what the inline functions of `linux/dmaengine.h` call.

use core::{
    mem::{
        self,
        ManuallyDrop, //
    },
    ptr::{
        self,
        NonNull, //
    }, //
};

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

use super::super::ffi::{
    as_raw,
    c, //
};
use crate::dma::DmaDevice;

/// Channel that a client holds. It is released when this is dropped.
pub(super) struct Client(NonNull<c::dma_chan>);

// SAFETY: A channel may be used and released in any thread.
unsafe impl Send for Client {}

// SAFETY: A descriptor may be submitted in any thread.
unsafe impl Send for Tx {}

/// Prepared descriptor.
#[derive(Clone)]
pub(super) struct Tx(NonNull<c::dma_async_tx_descriptor>);

/// Channel to request: number `index` of a device.
struct Wanted {
    dev: *mut bindings::device,
    index: c_int,
}

/// Returns true if `chan` is the channel of the `Wanted` at `wanted`.
///
/// # Safety
///
/// The framework calls it with the parameter that was passed with it.
unsafe extern "C" fn is_wanted(chan: *mut c::dma_chan, wanted: *mut c_void) -> bool {
    // SAFETY: Both must be valid: `Client::request` passes the latter to the framework, which calls
    // this function with its channels.
    unsafe {
        let wanted = &*wanted.cast::<Wanted>();

        (*(*chan).device).dev == wanted.dev && (*chan).chan_id == wanted.index
    }
}

/// Calls of a callback.
pub(super) struct Calls {
    count: Atomic<u32>,
    /// Number of calls that have returned.
    returned: Atomic<u32>,
    result: Atomic<u32>,
    residue: Atomic<u32>,
    /// Status of `cookie` in the last call.
    status: Atomic<u32>,
    cookie: Atomic<c::dma_cookie_t>,
    /// Channel of `cookie`, and true if the callback terminates it.
    chan: Atomic<usize>,
    terminates: Atomic<bool>,
    /// Time that a call takes, in microseconds.
    delay_us: Atomic<usize>,
}

impl Calls {
    pub(super) fn new() -> Self {
        Self {
            count: Atomic::new(0),
            returned: Atomic::new(0),
            result: Atomic::new(u32::MAX),
            residue: Atomic::new(u32::MAX),
            status: Atomic::new(u32::MAX),
            cookie: Atomic::new(0),
            chan: Atomic::new(0),
            terminates: Atomic::new(false),
            delay_us: Atomic::new(0),
        }
    }

    pub(super) fn count(&self) -> u32 {
        self.count.load(Relaxed)
    }

    pub(super) fn returned(&self) -> u32 {
        self.returned.load(Relaxed)
    }

    /// Returns result and residue of the last call.
    pub(super) fn result(&self) -> (u32, u32) {
        (self.result.load(Relaxed), self.residue.load(Relaxed))
    }

    pub(super) fn status(&self) -> u32 {
        self.status.load(Relaxed)
    }

    /// Lets each call take `us` microseconds.
    pub(super) fn delay(&self, us: usize) {
        self.delay_us.store(us, Relaxed);
    }

    /// Lets the callback ask `client` for the status of `cookie`.
    pub(super) fn asks(&self, client: &Client, cookie: c::dma_cookie_t) {
        self.cookie.store(cookie, Relaxed);
        // CAST: An address.
        self.chan.store(client.chan() as usize, Relaxed);
    }

    /// Lets the callback terminate the channel of `client`.
    pub(super) fn terminates(&self, client: &Client) {
        self.asks(client, 0);
        self.terminates.store(true, Relaxed);
    }

    fn called(&self) {
        // CAST: That of a pointer.
        let chan = NonNull::new(self.chan.load(Relaxed) as *mut c::dma_chan);

        self.count.fetch_add(1, Relaxed);
        if let Some(chan) = chan {
            let client = ManuallyDrop::new(Client(chan));

            self.status
                .store(client.status(self.cookie.load(Relaxed)).0, Relaxed);
            if self.terminates.load(Relaxed) {
                client.terminate();
            }
        }
        // SAFETY: Callable from any context.
        unsafe { bindings::__udelay(self.delay_us.load(Relaxed)) };
        self.returned.fetch_add(1, Relaxed);
    }
}

/// Counts a call of a plain callback.
///
/// # Safety
///
/// `calls` is the parameter that was set with it.
unsafe extern "C" fn callback(calls: *mut c_void) {
    // SAFETY: The pointer must be that of `Tx::set_callback`, which is valid.
    unsafe { &*calls.cast::<Calls>() }.called();
}

/// Counts a call of a callback with a result, and keeps the result.
///
/// # Safety
///
/// As for [`callback`]. `result` is valid.
unsafe extern "C" fn callback_result(calls: *mut c_void, result: *const c::dmaengine_result) {
    // SAFETY: As above. The result must be valid: the provider passes it.
    let (calls, result) = unsafe { (&*calls.cast::<Calls>(), &*result) };

    calls.result.store(result.result, Relaxed);
    calls.residue.store(result.residue, Relaxed);
    calls.called();
}

impl Client {
    /// Requests channel `index` of the device for `dev` with this capability.
    pub(super) fn request(
        dev: &DmaDevice,
        capability: c::dma_transaction_type,
        index: i32,
    ) -> Result<Self> {
        let mask = c::dma_cap_mask_t {
            bits: [1 << capability],
        };
        let mut wanted = Wanted {
            dev: as_raw(dev.as_device()),
            index,
        };
        // SAFETY: Mask and parameter must be valid during the call: they are.
        let chan = unsafe {
            c::__dma_request_channel(
                &mask,
                Some(is_wanted),
                (&raw mut wanted).cast(),
                ptr::null_mut(),
            )
        };

        NonNull::new(chan).map(Self).ok_or(EBUSY)
    }

    /// Requests channel 0 of a memory device.
    pub(super) fn memory(dev: &DmaDevice) -> Result<Self> {
        Self::request(dev, c::dma_transaction_type_DMA_MEMCPY, 0)
    }

    /// Requests channel 0 of a slave device.
    pub(super) fn slave(dev: &DmaDevice) -> Result<Self> {
        Self::request(dev, c::dma_transaction_type_DMA_SLAVE, 0)
    }

    /// Requests the channel that the device tree node of `dev` calls `name`.
    pub(super) fn named(dev: &DmaDevice, name: &CStr) -> Result<Self> {
        // SAFETY: The device must be valid, and the name a string: they are.
        let chan = unsafe { c::dma_request_chan(as_raw(dev.as_device()), name.as_char_ptr()) };

        kernel::error::from_err_ptr(chan)
            .and_then(|chan| NonNull::new(chan).ok_or(ENOENT))
            .map(Self)
    }

    /// Returns the number of the channel.
    pub(super) fn index(&self) -> c_int {
        // SAFETY: The channel must be valid: it is held.
        unsafe { (*self.chan()).chan_id }
    }

    pub(super) fn chan(&self) -> *mut c::dma_chan {
        self.0.as_ptr()
    }

    /// Returns the functions of the device.
    fn device(&self) -> &c::dma_device {
        // SAFETY: The channel must be valid, and so its device: it is held.
        unsafe { &*(*self.chan()).device }
    }

    pub(super) fn memcpy(&self, dst: u64, src: u64, len: usize, flags: c_ulong) -> Result<Tx> {
        let prep = self.device().device_prep_dma_memcpy.ok_or(ENOSYS)?;

        // SAFETY: The channel must be held: it is. The caller has mapped the memory.
        Tx::new(unsafe { prep(self.chan(), dst, src, len, flags) })
    }

    pub(super) fn memset(&self, dst: u64, value: i32, len: usize) -> Result<Tx> {
        let prep = self.device().device_prep_dma_memset.ok_or(ENOSYS)?;

        // SAFETY: As above.
        Tx::new(unsafe { prep(self.chan(), dst, value, len, 0) })
    }

    pub(super) fn config(&self, mut config: c::dma_slave_config) -> Result {
        let function = self.device().device_config.ok_or(ENOSYS)?;

        // SAFETY: The channel must be held: it is.
        to_result(unsafe { function(self.chan(), &mut config) })
    }

    /// Prepares a list of ranges, of whose entries only address and length are set.
    pub(super) fn slave_sg(
        &self,
        ranges: &[(u64, u32)],
        direction: c::dma_transfer_direction,
    ) -> Result<Tx> {
        let prep = self.device().device_prep_slave_sg.ok_or(ENOSYS)?;
        let mut list = KVec::<bindings::scatterlist>::new();

        for _ in ranges {
            // SAFETY: All fields may be zero.
            list.push(unsafe { mem::zeroed() }, GFP_KERNEL)?;
        }
        if !list.is_empty() {
            // SAFETY: The list must have these entries: it has.
            unsafe { bindings::sg_init_table(list.as_mut_ptr(), list.len() as u32) };
        }
        for (entry, &(address, len)) in list.iter_mut().zip(ranges) {
            entry.dma_address = address;
            entry.dma_length = len;
        }

        // SAFETY: The channel must be held, and the list valid during the call: they are.
        let tx = unsafe {
            prep(
                self.chan(),
                list.as_mut_ptr(),
                ranges.len() as u32,
                direction,
                0,
                ptr::null_mut(),
            )
        };

        Tx::new(tx)
    }

    pub(super) fn cyclic(&self, len: usize, period_len: usize, flags: c_ulong) -> Result<Tx> {
        let prep = self.device().device_prep_dma_cyclic.ok_or(ENOSYS)?;
        let direction = c::dma_transfer_direction_DMA_MEM_TO_DEV;

        // SAFETY: The channel must be held: it is. The provider of the tests accesses no memory.
        Tx::new(unsafe { prep(self.chan(), 0x1000, len, period_len, direction, flags) })
    }

    /// C function: `dma_async_issue_pending()`.
    pub(super) fn issue_pending(&self) {
        if let Some(function) = self.device().device_issue_pending {
            // SAFETY: The channel must be held: it is.
            unsafe { function(self.chan()) };
        }
    }

    /// Returns status and residue of a cookie. C function: `dmaengine_tx_status()`.
    pub(super) fn status(&self, cookie: c::dma_cookie_t) -> (c::dma_status, u32) {
        let (status, state) = self.tx_state(cookie);

        (status, state.residue)
    }

    /// Returns status, last and used cookie. C function: `dma_async_is_tx_complete()`.
    pub(super) fn cookies(
        &self,
        cookie: c::dma_cookie_t,
    ) -> (c::dma_status, c::dma_cookie_t, c::dma_cookie_t) {
        let (status, state) = self.tx_state(cookie);

        (status, state.last, state.used)
    }

    fn tx_state(&self, cookie: c::dma_cookie_t) -> (c::dma_status, c::dma_tx_state) {
        let mut state = c::dma_tx_state {
            last: 0,
            used: 0,
            residue: u32::MAX,
            in_flight_bytes: u32::MAX,
        };
        let status = self.device().device_tx_status.map_or(u32::MAX, |function| {
            // SAFETY: The channel must be held, and the state valid: they are.
            unsafe { function(self.chan(), cookie, &mut state) }
        });

        (status, state)
    }

    pub(super) fn is_complete(&self, cookie: c::dma_cookie_t) -> bool {
        self.status(cookie).0 == c::dma_status_DMA_COMPLETE
    }

    /// C function: `dmaengine_terminate_async()`.
    pub(super) fn terminate(&self) {
        if let Some(function) = self.device().device_terminate_all {
            // SAFETY: The channel must be held: it is.
            unsafe { function(self.chan()) };
        }
    }

    /// C function: `dmaengine_synchronize()`.
    pub(super) fn synchronize(&self) {
        if let Some(function) = self.device().device_synchronize {
            // SAFETY: The channel must be held: it is. The tests call it in threads.
            unsafe { function(self.chan()) };
        }
    }

    /// C function: `dmaengine_pause()`.
    pub(super) fn pause(&self) -> Result {
        let function = self.device().device_pause.ok_or(ENOSYS)?;

        // SAFETY: The channel must be held: it is.
        to_result(unsafe { function(self.chan()) })
    }

    /// C function: `dmaengine_resume()`.
    pub(super) fn resume(&self) -> Result {
        let function = self.device().device_resume.ok_or(ENOSYS)?;

        // SAFETY: The channel must be held: it is.
        to_result(unsafe { function(self.chan()) })
    }

    /// C function: `dma_get_slave_caps()`.
    pub(super) fn caps(&self) -> Result<c::dma_slave_caps> {
        // SAFETY: All fields may be zero.
        let mut caps = unsafe { mem::zeroed() };

        // SAFETY: The channel must be held, and the argument valid: they are.
        to_result(unsafe { c::dma_get_slave_caps(self.chan(), &mut caps) })?;
        Ok(caps)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // SAFETY: The channel must be held: it is, and is released once.
        unsafe { c::dma_release_channel(self.chan()) };
    }
}

impl Tx {
    fn new(tx: *mut c::dma_async_tx_descriptor) -> Result<Self> {
        NonNull::new(tx).map(Self).ok_or(EINVAL)
    }

    /// Sets a callback, which counts in `calls`.
    pub(super) fn set_callback(&self, calls: &Calls) {
        // SAFETY: The descriptor must be prepared: it is. The tests end it before `calls`.
        unsafe {
            (*self.0.as_ptr()).callback = Some(callback);
            (*self.0.as_ptr()).callback_param = ptr::from_ref(calls).cast_mut().cast();
        }
    }

    /// Sets a callback that gets the result, in addition to the other one.
    pub(super) fn set_callback_result(&self, calls: &Calls) {
        self.set_callback(calls);
        // SAFETY: As above.
        unsafe { (*self.0.as_ptr()).callback_result = Some(callback_result) };
    }

    pub(super) fn submit(&self) -> c::dma_cookie_t {
        // SAFETY: The descriptor must be prepared: it is. The field is set.
        unsafe {
            (*self.0.as_ptr())
                .tx_submit
                .map_or(0, |submit| submit(self.0.as_ptr()))
        }
    }
}
