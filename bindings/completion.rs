// SPDX-License-Identifier: GPL-2.0

//! A completion that can be waited for with a timeout and used again.
//!
//! C header: `include/linux/completion.h`.

use kernel::{
    bindings,
    prelude::*,
    time::Jiffies,
    types::Opaque, //
};

/// A `struct completion`: one thread waits until another, or an interrupt handler, says so.
///
/// The kernel crate's `Completion` can only be waited for without end and only be completed for
/// good.
///
/// # Examples
///
/// ```ignore
/// done.forget();                              // nothing from an earlier round is left
/// start_the_hardware();                       // its interrupt handler calls done.complete()
/// if !done.wait_timeout(msecs_to_jiffies(100)) {
///     return Err(ETIMEDOUT);
/// }
/// ```
#[pin_data]
pub(crate) struct Completion {
    #[pin]
    inner: Opaque<bindings::completion>,
}

// SAFETY: A `struct completion` is not tied to a thread.
unsafe impl Send for Completion {}

// SAFETY: All operations take the lock inside the `struct completion`.
unsafe impl Sync for Completion {}

impl Completion {
    /// Creates an initializer; nothing has completed yet. C function: `init_completion()`.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            inner <- Opaque::ffi_init(|slot: *mut bindings::completion| {
                // SAFETY: `slot` points to memory for a `struct completion`.
                unsafe { bindings::init_completion(slot) };
            }),
        })
    }

    /// Lets one waiter go, now or when it comes; callable from any context. C function:
    /// `complete()`.
    pub(crate) fn complete(&self) {
        // SAFETY: `inner` was initialized by `new` and does not move.
        unsafe { bindings::complete(self.inner.get()) };
    }

    /// Waits, uninterruptibly, for at most `timeout`; false if it ran out. C function:
    /// `wait_for_completion_timeout()`.
    pub(crate) fn wait_timeout(&self, timeout: Jiffies) -> bool {
        // SAFETY: `inner` was initialized by `new` and does not move.
        unsafe { bindings::wait_for_completion_timeout(self.inner.get(), timeout) != 0 }
    }

    /// Takes back every [`complete`](Self::complete) that nobody has waited for. C function:
    /// `try_wait_for_completion()`.
    ///
    /// `reinit_completion()` would do it with an unlocked store, which could meet a concurrent
    /// `complete`.
    pub(crate) fn forget(&self) {
        // SAFETY: `inner` was initialized by `new` and does not move.
        while unsafe { bindings::try_wait_for_completion(self.inner.get()) } {}
    }
}
