// SPDX-License-Identifier: GPL-2.0

//! A tasklet in a struct that may borrow.
//!
//! The kernel crate has none. It costs less than a work item in a softirq: completion callbacks of
//! dmaengine drivers run in tasklets, too.
//!
//! C header: `include/linux/interrupt.h`.

use core::marker::PhantomData;

use kernel::{
    bindings,
    prelude::*,
    types::Opaque, //
};

use super::c;

/// Struct with a tasklet.
///
/// # Safety
///
/// - [`OFFSET`](Self::OFFSET) is the offset of a field of type `Tasklet<Self>`.
/// - [`kill`](Tasklet::kill) is called before a field of the struct is dropped, and before the
///   struct's borrows end, also if the struct is leaked. From then on the tasklet is not scheduled.
/// - [`run`](Self::run) does not drop the struct.
pub(crate) unsafe trait HasTasklet: Sync + Sized {
    /// Offset of the tasklet in bytes.
    const OFFSET: usize;

    /// Does the work, in softirq context, so it must not sleep.
    fn run(&self);
}

/// Tasklet, which calls [`run`](HasTasklet::run) once after it was scheduled.
///
/// The kernel never runs it twice at the same time.
///
/// C type: `struct tasklet_struct`.
///
/// # Examples
///
/// ```
/// # fn soon<T: HasTasklet>(tasklet: &Tasklet<T>) {
/// tasklet.schedule();     // `run()` is called, after this interrupt handler for example
/// tasklet.kill();         // it has returned
/// # }
/// ```
///
/// # Invariants
///
/// The tasklet is the field of a `T` at [`HasTasklet::OFFSET`].
#[pin_data]
pub(crate) struct Tasklet<T: HasTasklet> {
    #[pin]
    inner: Opaque<bindings::tasklet_struct>,
    owner: PhantomData<fn(&T)>,
}

// SAFETY: A `struct tasklet_struct` is not tied to a thread.
unsafe impl<T: HasTasklet> Send for Tasklet<T> {}

// SAFETY: All operations are atomic. `run` has a `&T`, and `T` is `Sync`.
unsafe impl<T: HasTasklet> Sync for Tasklet<T> {}

impl<T: HasTasklet> Tasklet<T> {
    /// Creates an initializer for a tasklet that is not scheduled. C function: `tasklet_setup()`.
    ///
    /// # Safety
    ///
    /// The caller must use the result for the field of a `T` at [`HasTasklet::OFFSET`].
    pub(crate) unsafe fn new() -> impl PinInit<Self> {
        // INVARIANT: The caller guarantees it.
        pin_init!(Self {
            inner <- Opaque::ffi_init(|slot: *mut bindings::tasklet_struct| {
                // SAFETY: `slot` must point to memory for a `struct tasklet_struct`: `ffi_init`
                // guarantees it.
                unsafe { bindings::tasklet_setup(slot, Some(Self::call)) };
            }),
            owner: PhantomData,
        })
    }

    /// Schedules the tasklet on this CPU, unless it is scheduled already.
    ///
    /// Callable from any context. C function: `tasklet_schedule()`.
    pub(crate) fn schedule(&self) {
        // SAFETY: The tasklet must be initialized, and must not move: `new` initialized it, and it
        // is pinned.
        unsafe { c::rk3588_dma_tasklet_schedule(self.inner.get()) };
    }

    /// Waits until the tasklet is neither scheduled nor running.
    ///
    /// Sleeps. The caller must not hold a lock that `run` takes. C function: `tasklet_kill()`.
    pub(crate) fn kill(&self) {
        // SAFETY: The tasklet must be initialized: `new` initialized it.
        unsafe { bindings::tasklet_kill(self.inner.get()) };
    }

    /// Calls `run` of the struct that contains the tasklet.
    ///
    /// # Safety
    ///
    /// The caller is the softirq of tasklets, and [`new`](Self::new) initialized the tasklet.
    unsafe extern "C" fn call(tasklet: *mut bindings::tasklet_struct) {
        let tasklet = Opaque::cast_from(tasklet);
        // SAFETY:
        // - The pointer must be to a `T`: by the type invariant the tasklet is at `OFFSET` in one.
        // - The `T` and its borrows must be valid: by the contract of `HasTasklet` the tasklet is
        //   killed first, which waits for this function, and is not scheduled afterwards.
        let owner = unsafe { &*tasklet.byte_sub(T::OFFSET).cast::<T>() };

        owner.run();
    }
}
