// SPDX-License-Identifier: GPL-2.0

//! A timer in a struct that may borrow.
//!
//! The kernel crate's timers ask for `'static` data, which a driver's `Data<'bound>` is not.
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

/// A struct with a timer.
///
/// # Safety
///
/// - [`OFFSET`](Self::OFFSET) is the offset of a field of type `Timer<Self>`, the first to be dropped.
/// - The type has no `Drop` and no `PinnedDrop`, or its `drop` [shuts down](Timer::shut_down) the
///   timer before all else, and until then makes no reference to a field but the timer: the timer
///   may expire until the field is dropped.
/// - The timer is shut down before what the struct borrows ends, also if the struct is leaked.
/// - [`expired`](Self::expired) does not drop the struct.
pub(crate) unsafe trait HasTimer: Sync + Sized {
    /// Where the timer is.
    const OFFSET: usize;

    /// What is done when the timer expires: in a soft interrupt, so nothing that sleeps.
    fn expired(&self);
}

/// A `struct timer_list`: calls [`expired`](HasTimer::expired) once, some time after it was armed.
///
/// # Examples
///
/// ```
/// # use kernel::time::msecs_to_jiffies;
/// # fn watch<T: HasTimer>(watchdog: &Timer<T>) {
/// watchdog.arm(msecs_to_jiffies(100));    // again from `expired()`, for a period
/// watchdog.shut_down();                   // does not expire any more
/// # }
/// ```
///
/// # Invariants
///
/// It is the field of a `T` that [`HasTimer`] tells of.
#[pin_data(PinnedDrop)]
pub(crate) struct Timer<T: HasTimer> {
    #[pin]
    inner: Opaque<bindings::timer_list>,
    owner: PhantomData<fn(&T)>,
}

// SAFETY: A `struct timer_list` is not tied to a thread.
unsafe impl<T: HasTimer> Send for Timer<T> {}

// SAFETY: All operations take the lock of the timer's base. `expired` gets a `&T`, and `T` is `Sync`.
unsafe impl<T: HasTimer> Sync for Timer<T> {}

impl<T: HasTimer> Timer<T> {
    /// Creates an initializer for a timer that is not armed. C function: `timer_setup()`.
    ///
    /// # Safety
    ///
    /// It is used for the field of a `T` that [`HasTimer`] tells of.
    pub(crate) unsafe fn new(
        name: &'static CStr,
        class: Pin<&'static LockClassKey>,
    ) -> impl PinInit<Self> {
        // INVARIANT: By the caller's promise.
        pin_init!(Self {
            inner <- Opaque::ffi_init(move |slot: *mut bindings::timer_list| {
                // SAFETY: `slot` points to memory for a `struct timer_list`; name and class are there
                // for good.
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

    /// Has the timer expire after `delay`, whatever was said before; callable from any context. Does
    /// nothing once it was shut down. C function: `mod_timer()`.
    pub(crate) fn arm(&self, delay: Jiffies) {
        // SAFETY: `jiffies` may be read at any time, by one load.
        let now = unsafe { ptr::read_volatile(&raw const bindings::jiffies) };

        // SAFETY: `inner` was initialized by `new` and does not move.
        unsafe { bindings::mod_timer(self.inner.get(), now.wrapping_add(delay)) };
    }

    /// Has the timer never expire again; when this returns, `expired` is not running. Sleeps, or
    /// spins, until then, so the caller must not hold what `expired` takes. C function:
    /// `timer_shutdown_sync()`.
    pub(crate) fn shut_down(&self) {
        // SAFETY: `inner` was initialized by `new` and does not move.
        unsafe { bindings::timer_shutdown_sync(self.inner.get()) };
    }

    /// # Safety
    ///
    /// To be called by the timer wheel, for a timer made by [`new`](Self::new).
    unsafe extern "C" fn call(timer: *mut bindings::timer_list) {
        let timer = Opaque::cast_from(timer);
        // SAFETY: By the type invariants it is that far into a `T`. By the contract of `HasTimer` the `T`
        // and what it borrows are there: the timer is shut down before, at the latest when it is dropped,
        // which is before anything else of the `T` is, and waits for us.
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
