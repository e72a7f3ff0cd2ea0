// SPDX-License-Identifier: GPL-2.0

//! A timer in a struct that may borrow.
//!
//! The kernel crate has only `hrtimer`. Its safe interface either requires `'static` data, which a
//! driver's `Data<'bound>` is not, or stops the timer at the end of a closure.
//!
//! C header: `include/linux/timer.h`.

use core::{
    marker::PhantomData,
    ptr, //
};

use kernel::{
    bindings,
    prelude::*,
    sync::LockClassKey,
    time::Jiffies,
    types::Opaque, //
};

/// Struct with a timer.
///
/// # Safety
///
/// - [`OFFSET`](Self::OFFSET) is the offset of a field of type `Timer<Self>`, which is the first
///   field to be dropped.
/// - The type has no `Drop` and no `PinnedDrop`. Otherwise its `drop` must first
///   [shut down](Timer::shut_down) the timer, and until then use no reference to another field,
///   because the timer may expire.
/// - The timer is shut down before the struct's borrows end, also if the struct is leaked.
/// - [`expired`](Self::expired) does not drop the struct.
pub(crate) unsafe trait HasTimer: Sync + Sized {
    /// Offset of the timer in bytes.
    const OFFSET: usize;

    /// Handles the expiry of the timer. Runs in softirq context, so it must not sleep.
    fn expired(&self);
}

/// Timer that calls [`expired`](HasTimer::expired) once, a delay after it was armed.
///
/// C type: `struct timer_list`.
///
/// # Examples
///
/// ```
/// # use kernel::time::msecs_to_jiffies;
/// # fn watch<T: HasTimer>(watchdog: &Timer<T>) {
/// watchdog.arm(msecs_to_jiffies(100));    // `expired()` may arm it again, for a period
/// watchdog.shut_down();                   // it never expires again
/// # }
/// ```
///
/// # Invariants
///
/// The timer is the field of a `T` at [`HasTimer::OFFSET`].
#[pin_data(PinnedDrop)]
pub(crate) struct Timer<T: HasTimer> {
    #[pin]
    inner: Opaque<bindings::timer_list>,
    owner: PhantomData<fn(&T)>,
}

// SAFETY: A `struct timer_list` is not tied to a thread.
unsafe impl<T: HasTimer> Send for Timer<T> {}

// SAFETY: All operations take the lock of the timer base. `expired` has a `&T`, and `T` is `Sync`.
unsafe impl<T: HasTimer> Sync for Timer<T> {}

impl<T: HasTimer> Timer<T> {
    /// Creates an initializer for a timer that is not armed. C function: `timer_setup()`.
    ///
    /// # Safety
    ///
    /// The caller must use the result for the field of a `T` at [`HasTimer::OFFSET`].
    pub(crate) unsafe fn new(
        name: &'static CStr,
        class: Pin<&'static LockClassKey>,
    ) -> impl PinInit<Self> {
        // INVARIANT: The caller guarantees it.
        pin_init!(Self {
            inner <- Opaque::ffi_init(move |slot: *mut bindings::timer_list| {
                // SAFETY: `slot` must point to memory for a `struct timer_list`: `ffi_init`
                // guarantees it. The name and the class must be valid forever: both are `'static`.
                unsafe {
                    bindings::timer_init_key(
                        slot,
                        Some(Self::call),
                        0,
                        name.as_char_ptr(),
                        class.as_ptr(),
                    )
                };
            }),
            owner: PhantomData,
        })
    }

    /// Sets the timer to expire after `delay`, in place of an earlier expiry.
    ///
    /// Does nothing after [`shut_down`](Self::shut_down). Callable from any context. C function:
    /// `mod_timer()`.
    pub(crate) fn arm(&self, delay: Jiffies) {
        // SAFETY: `jiffies` must be read by a single load, because other CPUs change it: a volatile
        // read is one.
        let now = unsafe { ptr::read_volatile(&raw const bindings::jiffies) };

        // SAFETY: The timer must be initialized, and must not move: `new` initialized it, and it is
        // pinned.
        unsafe { bindings::mod_timer(self.inner.get(), now.wrapping_add(delay)) };
    }

    /// Stops the timer for good, and waits until `expired` is not running.
    ///
    /// Spins; with `PREEMPT_RT` it sleeps. The caller must not hold a lock that `expired` takes.
    /// It must not be an interrupt handler or `expired`. C function: `timer_shutdown_sync()`.
    pub(crate) fn shut_down(&self) {
        // SAFETY: The timer must be initialized, and must not move: `new` initialized it, and it is
        // pinned.
        unsafe { bindings::timer_shutdown_sync(self.inner.get()) };
    }

    /// Calls `expired` of the struct that contains the timer.
    ///
    /// # Safety
    ///
    /// The caller is the timer wheel, and [`new`](Self::new) initialized the timer.
    unsafe extern "C" fn call(timer: *mut bindings::timer_list) {
        let timer = Opaque::cast_from(timer);
        // SAFETY:
        // - The pointer must be to a `T`: by the type invariant the timer is at `OFFSET` in one.
        // - The `T` and its borrows must be valid: by the contract of `HasTimer` the timer is shut
        //   down first, at the latest when it is dropped, before the other fields. The shutdown
        //   waits for this function.
        let owner = unsafe { &*timer.byte_sub(T::OFFSET).cast::<T>() };

        owner.expired();
    }
}

#[pinned_drop]
impl<T: HasTimer> PinnedDrop for Timer<T> {
    fn drop(self: Pin<&mut Self>) {
        self.shut_down();
    }
}
