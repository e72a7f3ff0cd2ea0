// SPDX-License-Identifier: GPL-2.0

//! A work item in a struct that may borrow.
//!
//! The work items of the kernel crate require `'static` data, which a driver's `Data<'bound>` is
//! not.
//!
//! C header: `include/linux/workqueue.h`.

use core::marker::PhantomData;

use kernel::{
    bindings,
    prelude::*,
    sync::LockClassKey,
    types::Opaque, //
};

/// Struct with a work item, which `K` names.
///
/// # Safety
///
/// - [`OFFSET`](Self::OFFSET) is the offset of a field of type `Work<Self, K>`.
/// - [`disable`](Work::disable) is called before a field of the struct is dropped, and before the
///   struct's borrows end, also if the struct is leaked.
/// - [`run`](Self::run) does not drop the struct.
pub(crate) unsafe trait HasWork<K>: Sync + Sized {
    /// Offset of the work item in bytes.
    const OFFSET: usize;

    /// Does the work, in a kernel thread. May sleep.
    fn run(&self);
}

/// Work item that calls [`run`](HasWork::run) once after it was queued.
///
/// The kernel never runs it twice at the same time.
///
/// C type: `struct work_struct`.
///
/// # Examples
///
/// ```
/// # struct Later;
/// # fn soon<T: HasWork<Later>>(work: &Work<T, Later>) {
/// work.queue();
/// work.flush();           // `run()` has returned
/// work.disable();         // it never runs again
/// # }
/// ```
///
/// # Invariants
///
/// The work item is the field of a `T` at [`HasWork::OFFSET`].
#[pin_data]
pub(crate) struct Work<T: HasWork<K>, K> {
    #[pin]
    inner: Opaque<bindings::work_struct>,
    owner: PhantomData<fn(&T, K)>,
}

// SAFETY: A `struct work_struct` is not tied to a thread.
unsafe impl<T: HasWork<K>, K> Send for Work<T, K> {}

// SAFETY: All operations are atomic. `run` has a `&T`, and `T` is `Sync`.
unsafe impl<T: HasWork<K>, K> Sync for Work<T, K> {}

impl<T: HasWork<K>, K> Work<T, K> {
    /// Creates an initializer for a work item that is not queued. C macro: `INIT_WORK()`.
    ///
    /// # Safety
    ///
    /// The caller must use the result for the field of a `T` at [`HasWork::OFFSET`].
    pub(crate) unsafe fn new(
        name: &'static CStr,
        class: Pin<&'static LockClassKey>,
    ) -> impl PinInit<Self> {
        // INVARIANT: The caller guarantees it.
        pin_init!(Self {
            inner <- Opaque::ffi_init(move |slot: *mut bindings::work_struct| {
                // SAFETY: `slot` must point to memory for a `struct work_struct`: `ffi_init`
                // guarantees it. The name and the class must be valid forever: both are `'static`.
                unsafe {
                    bindings::init_work_with_key(
                        slot,
                        Some(Self::call),
                        false,
                        name.as_char_ptr(),
                        class.as_ptr(),
                    )
                };
            }),
            owner: PhantomData,
        })
    }

    /// Queues the work item, unless it is queued already.
    ///
    /// Does nothing after [`disable`](Self::disable). Callable from any context. C function:
    /// `queue_work()`, with `system_dfl_wq`.
    pub(crate) fn queue(&self) {
        // SAFETY:
        // - The work item must be initialized, and must not move: `new` initialized it, and it is
        //   pinned.
        // - The workqueue must be valid: the kernel sets the pointer once, before it loads modules.
        unsafe {
            bindings::queue_work_on(
                // CAST: 64 or so.
                bindings::wq_misc_consts_WORK_CPU_UNBOUND as c_int,
                bindings::system_dfl_wq,
                self.inner.get(),
            )
        };
    }

    /// Waits until the work item is neither queued nor running.
    ///
    /// Sleeps. The caller must not hold a lock that `run` takes. C function: `flush_work()`.
    pub(crate) fn flush(&self) {
        // SAFETY: The work item must be initialized: `new` initialized it.
        unsafe { bindings::flush_work(self.inner.get()) };
    }

    /// Cancels the work item for good, and waits until `run` is not running.
    ///
    /// Sleeps. The caller must not hold a lock that `run` takes, and must not be `run`. C function:
    /// `disable_work_sync()`.
    pub(crate) fn disable(&self) {
        // SAFETY: The work item must be initialized: `new` initialized it.
        unsafe { bindings::disable_work_sync(self.inner.get()) };
    }

    /// Calls `run` of the struct that contains the work item.
    ///
    /// # Safety
    ///
    /// The caller is a workqueue, and [`new`](Self::new) initialized the work item.
    unsafe extern "C" fn call(work: *mut bindings::work_struct) {
        let work = Opaque::cast_from(work);
        // SAFETY:
        // - The pointer must be to a `T`: by the type invariant the work item is at `OFFSET` in
        //   one.
        // - The `T` and its borrows must be valid: by the contract of `HasWork` the work item is
        //   disabled first, which waits for this function.
        let owner = unsafe { &*work.byte_sub(T::OFFSET).cast::<T>() };

        owner.run();
    }
}
