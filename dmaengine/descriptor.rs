// SPDX-License-Identifier: GPL-2.0

//! Descriptors: one transfer of a client each, from prep to callback.

use core::ptr::NonNull;

use kernel::{
    list::{
        impl_list_arc_safe,
        impl_list_item,
        ListArc,
        ListLinks, //
    },
    prelude::*,
    sync::LockedBy,
    types::Opaque, //
};

use super::{
    ffi::c,
    vchan::{
        Lists,
        VirtualChannel, //
    },
    TxError,
    TxResult, //
};

/// State of a descriptor that the lock of its channel protects.
pub(super) struct State {
    /// Its cookie, once it is submitted.
    pub(super) cookie: Option<c::dma_cookie_t>,
    /// Its result, once the hardware has finished.
    pub(super) result: Option<TxResult>,
    /// True if the client has terminated it after it was issued.
    pub(super) is_terminated: bool,
}

/// Length of a transfer in bytes.
#[derive(Clone, Copy)]
pub(super) enum Len {
    /// That of a transfer that ends.
    Once(usize),
    /// That of the buffer of a cyclic transfer. At least 1.
    Cyclic(usize),
}

impl Len {
    /// Returns the number of bytes that are left after the first `transferred` ones.
    pub(super) fn residue(self, transferred: usize) -> usize {
        match self {
            Self::Once(len) => len.saturating_sub(transferred),
            Self::Cyclic(len) => len - transferred % len,
        }
    }
}

/// Descriptor with the provider's job.
///
/// C type: `struct virt_dma_desc`.
///
/// # Invariants
///
/// - `tx` is initialized, and its `tx_submit` is [`submit`] for this type.
/// - `channel` is valid: a channel frees its descriptors before it is freed.
#[pin_data(PinnedDrop)]
pub(super) struct Descriptor<J: Send + Sync> {
    #[pin]
    tx: Opaque<c::dma_async_tx_descriptor>,
    #[pin]
    links: ListLinks,
    channel: NonNull<VirtualChannel<J>>,
    /// Number of bytes.
    pub(super) len: Len,
    pub(super) state: LockedBy<State, Lists<J>>,
    #[pin]
    pub(super) job: J,
}

impl_list_arc_safe! {
    impl{J: Send + Sync} ListArcSafe<0> for Descriptor<J> { untracked; }
}

impl_list_item! {
    impl{J: Send + Sync} ListItem<0> for Descriptor<J> { using ListLinks { self.links }; }
}

// SAFETY: Neither pointer of the descriptor is tied to a thread. The client writes `tx` only before
// it submits, then the channel owns it.
unsafe impl<J: Send + Sync> Send for Descriptor<J> {}

// SAFETY: `tx` is read and written by the functions below only, whose callers own it. All else is
// `Sync`.
unsafe impl<J: Send + Sync> Sync for Descriptor<J> {}

impl<J: Send + Sync> Descriptor<J> {
    /// Allocates a descriptor for `job`, which may be any initializer.
    ///
    /// Does not sleep. C function: `dma_async_tx_descriptor_init()`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and those of `job`.
    ///
    /// # Safety
    ///
    /// `chan` is that of `channel`, which is freed after the descriptor.
    pub(super) unsafe fn new(
        channel: &VirtualChannel<J>,
        chan: NonNull<c::dma_chan>,
        job: impl PinInit<J, Error>,
        len: Len,
        flags: c::dma_ctrl_flags,
    ) -> Result<ListArc<Self>> {
        let lists = channel.lists();
        let state = State {
            cookie: None,
            result: None,
            is_terminated: false,
        };

        // INVARIANT: `tx` is initialized here. The caller guarantees the other one.
        ListArc::pin_init(
            pin_init!(Self {
                tx <- Opaque::ffi_init(|slot: *mut c::dma_async_tx_descriptor| {
                    // SAFETY: `slot` must be valid for writes, and `chan` a channel: `ffi_init` and
                    // the caller guarantee them. All fields may be zero.
                    unsafe {
                        slot.write_bytes(0, 1);
                        c::dma_async_tx_descriptor_init(slot, chan.as_ptr());
                        (*slot).flags = flags;
                        (*slot).tx_submit = Some(submit::<J>);
                    }
                }),
                links <- ListLinks::new(),
                channel: NonNull::from(channel),
                len,
                state: LockedBy::new(lists, state),
                job <- job,
            }? Error),
            GFP_NOWAIT,
        )
    }

    /// Returns the pointer for the client.
    pub(super) fn as_raw(&self) -> *mut c::dma_async_tx_descriptor {
        self.tx.get()
    }

    /// Returns the channel of the descriptor.
    pub(super) fn channel(&self) -> &VirtualChannel<J> {
        // SAFETY: The channel must be valid: the type invariant states it.
        unsafe { self.channel.as_ref() }
    }

    /// Shows its cookie to the client.
    ///
    /// # Safety
    ///
    /// The caller submits the descriptor.
    pub(super) unsafe fn set_cookie(&self, cookie: c::dma_cookie_t) {
        // SAFETY: No other code must access the field: the client does not during `tx_submit()`.
        unsafe { (*self.tx.get()).cookie = cookie };
    }

    /// Returns the callback that the client has set.
    ///
    /// # Safety
    ///
    /// The descriptor was submitted.
    pub(super) unsafe fn callback(&self) -> Callback {
        // SAFETY: The fields must not be written meanwhile: the client does not write them once it
        // has submitted the descriptor, and no other code does.
        unsafe {
            let tx = self.tx.get();

            Callback {
                plain: (*tx).callback,
                with_result: (*tx).callback_result,
                param: (*tx).callback_param,
            }
        }
    }

    /// Drops the reference to mappings that the client has attached. C function:
    /// `dma_descriptor_unmap()`.
    ///
    /// # Safety
    ///
    /// The caller owns the descriptor.
    pub(super) unsafe fn unmap(&self) {
        // SAFETY: No other code must access the field: the caller owns the descriptor. The
        // reference must be put once: the field is cleared.
        unsafe {
            let tx = self.tx.get();

            if !(*tx).unmap.is_null() {
                c::dmaengine_unmap_put((*tx).unmap);
                (*tx).unmap = core::ptr::null_mut();
            }
        }
    }
}

#[pinned_drop]
impl<J: Send + Sync> PinnedDrop for Descriptor<J> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: The caller must own the descriptor: it is dropped.
        unsafe { self.unmap() };
    }
}

/// Submits a descriptor and returns its cookie, or `-EINVAL` if it was submitted before.
///
/// # Safety
///
/// The caller is a client, and `tx` is that of a `Descriptor<J>` that was prepared and that its
/// channel has not freed.
unsafe extern "C" fn submit<J: Send + Sync>(
    tx: *mut c::dma_async_tx_descriptor,
) -> c::dma_cookie_t {
    // SAFETY: `tx` must be the field of a valid descriptor: the caller guarantees it.
    let descriptor = unsafe { &*kernel::container_of!(Opaque::cast_from(tx), Descriptor<J>, tx) };

    descriptor.channel().submit(descriptor)
}

/// Callback of a client, with its parameter.
///
/// C type: `struct dmaengine_desc_callback`.
#[derive(Clone, Copy)]
pub(super) struct Callback {
    plain: c::dma_async_tx_callback,
    with_result: c::dma_async_tx_callback_result,
    param: *mut c_void,
}

// SAFETY: The framework calls callbacks in any thread.
unsafe impl Send for Callback {}

impl Callback {
    /// Returns true if the client has set a callback.
    pub(super) fn is_set(self) -> bool {
        self.plain.is_some() || self.with_result.is_some()
    }

    /// Calls the callback, if there is one. C function: `dmaengine_desc_callback_invoke()`.
    ///
    /// # Safety
    ///
    /// The caller is the tasklet of the channel, and holds no lock. `synchronize` has not returned
    /// since the client terminated the descriptor.
    pub(super) unsafe fn call(self, result: TxResult, residue: usize) {
        if let Some(callback) = self.with_result {
            let result = c::dmaengine_result {
                result: result.map_or_else(TxError::as_raw, |()| {
                    c::dmaengine_tx_result_DMA_TRANS_NOERROR
                }),
                residue: residue.try_into().unwrap_or(u32::MAX),
            };

            // SAFETY: The function must be called in a tasklet, with the parameter that the client
            // has set, before the client frees it: the caller guarantees it.
            unsafe { callback(self.param, &result) };
        } else if let Some(callback) = self.plain {
            // SAFETY: As above.
            unsafe { callback(self.param) };
        }
    }
}
