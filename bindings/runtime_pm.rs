// SPDX-License-Identifier: GPL-2.0

//! Runtime power management of a device that needs one clock.
//!
//! C headers: `include/linux/pm_runtime.h`, `include/linux/pm_clock.h`.

use core::mem;

use kernel::{
    bindings,
    clk::Clk,
    device::{
        Bound,
        Device, //
    },
    error::to_result,
    prelude::*,
    time::Delta, //
};

use super::c;
use crate::dma::as_raw;

/// Runtime power management of a device that needs one clock.
///
/// The device is either in use, and its clock is on, or the kernel turns the clock off after a
/// delay. [`PmAdapter`](super::PmAdapter) has the callbacks for it, which do not sleep. So a driver
/// may use the device in an atomic context.
///
/// # Examples
///
/// ```
/// # fn access(pm: &mut RuntimePm<'_>) -> Result {
/// pm.turn_on()?;
/// // Registers may be accessed.
/// pm.turn_off();
/// # Ok(())
/// # }
/// ```
///
/// # Invariants
///
/// - Runtime PM of `dev` is enabled, and its PM clocks are those that this value added.
/// - This value counts as one user of the device if, and only if, `is_on`.
pub(crate) struct RuntimePm<'bound> {
    dev: &'bound Device<Bound>,
    name: &'static CStr,
    is_on: bool,
    is_leaked: bool,
}

impl<'bound> RuntimePm<'bound> {
    /// Gets the clock `name` of `dev` (`clock-names` in the device tree) and enables runtime PM.
    ///
    /// Also returns the rate of the clock in hertz. The device is in use. Without users, its clock
    /// is turned off after `delay`, in milliseconds as a program sees it in `autosuspend_delay_ms`
    /// of sysfs. May sleep. C functions: `pm_clk_add()`, `pm_runtime_irq_safe()`,
    /// `pm_runtime_enable()`.
    ///
    /// # Errors
    ///
    /// - `ENOTSUPP` if the driver was not registered by [`PmAdapter`](super::PmAdapter);
    /// - `EINVAL` if the clock cannot be turned on and off in an atomic context;
    /// - `ENOENT` if the device has no clock `name`;
    /// - `EPROBE_DEFER` if the clock's provider is not registered yet;
    /// - `ENOMEM`;
    /// - errors of the provider.
    pub(crate) fn new(
        dev: &'bound Device<Bound>,
        name: &'static CStr,
        delay: Delta,
    ) -> Result<(Self, c_ulong)> {
        let raw = as_raw(dev);

        // SAFETY: A device that is bound has a driver. Its table of callbacks does not change.
        if unsafe { (*(*raw).driver).pm }.is_null() {
            return Err(ENOTSUPP);
        }

        let clk = Clk::get(dev, Some(name))?;

        // SAFETY: The clock must be valid: it is, until `clk` is dropped.
        if unsafe { bindings::clk_is_enabled_when_prepared(clk.as_raw()) } {
            return Err(EINVAL);
        }

        // The PM core only logs that a clock cannot be enabled.
        clk.prepare_enable()?;

        // SAFETY: The device must be valid: it is bound.
        let added = to_result(unsafe { c::pm_clk_create(raw) }).and_then(|()| {
            // SAFETY: As above, and the name must be a C string: it is. The function copies it.
            to_result(unsafe { c::pm_clk_add(raw, name.as_char_ptr()) })
                // SAFETY: As above.
                .inspect_err(|_| unsafe { c::pm_clk_destroy(raw) })
        });

        if let Err(error) = added {
            clk.disable_unprepare();
            return Err(error);
        }

        // CAST: The delay is some milliseconds.
        let delay = delay.as_millis() as c_int;

        // SAFETY: The device must be valid: it is bound. `irq_safe` also requires callbacks that do
        // not sleep: those for PM clocks do not, because the clock does not.
        unsafe {
            bindings::pm_runtime_set_autosuspend_delay(raw, delay);
            bindings::__pm_runtime_use_autosuspend(raw, true);
            bindings::pm_runtime_irq_safe(raw);
            bindings::pm_runtime_enable(raw);
        }
        // INVARIANT: Runtime PM was enabled, and the clock was added. There is no user yet.
        let mut this = Self {
            dev,
            name,
            is_on: false,
            is_leaked: false,
        };
        let turned_on = this.turn_on();

        clk.disable_unprepare();
        turned_on?;
        Ok((this, clk.rate().as_hz()))
    }

    /// Returns true if the device is in use, so that its registers may be accessed.
    pub(crate) fn is_on(&self) -> bool {
        self.is_on
    }

    /// Uses the device, unless it is in use: turns its clock on.
    ///
    /// Callable from any context in which a `spinlock_t` may be taken. Spins while the kernel turns
    /// the clock off at the same time. C function: `pm_runtime_resume_and_get()`.
    ///
    /// # Errors
    ///
    /// `EACCES` from the late phase of a system sleep to its end, if the clock is off; other errors
    /// of the PM core. A clock that cannot be enabled is none: the PM core only logs it.
    pub(crate) fn turn_on(&mut self) -> Result {
        if !self.is_on {
            // SAFETY: The device must be valid: it is bound. The call must not sleep in an atomic
            // context: the callbacks may be called there.
            to_result(unsafe { c::rk3588_dma_pm_runtime_resume_and_get(as_raw(self.dev)) })?;
            // INVARIANT: It counts as a user now.
            self.is_on = true;
        }
        Ok(())
    }

    /// Ends the use of the device: its clock is turned off after the delay.
    ///
    /// Callable from any context in which a `spinlock_t` may be taken. C function:
    /// `pm_runtime_put_autosuspend()`.
    pub(crate) fn turn_off(&mut self) {
        if self.is_on {
            // INVARIANT: It does not count as a user any more.
            self.is_on = false;
            // SAFETY: The device must be valid: it is bound. The user must be counted: by the type
            // invariant it was.
            unsafe { c::rk3588_dma_pm_runtime_put_autosuspend(as_raw(self.dev)) };
        }
    }

    /// Keeps the clock on after the drop, for hardware that did not stop, if the device is in use.
    pub(crate) fn leak(&mut self) {
        self.is_leaked = self.is_on;
    }
}

impl Drop for RuntimePm<'_> {
    fn drop(&mut self) {
        let raw = as_raw(self.dev);

        if self.is_leaked {
            // Another reference, which stays enabled.
            let leaked = Clk::get(self.dev, Some(self.name)).map(mem::ManuallyDrop::new);

            if leaked.and_then(|clk| clk.prepare_enable()).is_err() {
                dev_err!(self.dev, "clock turned off, although a channel needs it\n");
            }
        }

        // SAFETY: The device must be valid: it is bound. By the type invariants runtime PM is
        // enabled, and the clock of this value is the only one. From the first call on, no callback
        // runs.
        unsafe {
            bindings::__pm_runtime_disable(raw, true);
            bindings::__pm_runtime_use_autosuspend(raw, false);
            if self.is_on {
                c::rk3588_dma_pm_runtime_put_noidle(raw);
            }
            c::pm_clk_destroy(raw);
            bindings::__pm_runtime_set_status(raw, bindings::rpm_status_RPM_SUSPENDED as c_uint);
        }
    }
}

/// Turns the clock of `dev` off, or lets it stay off, for a system sleep.
///
/// From then on, runtime PM is disabled. May sleep. C function: `pm_runtime_force_suspend()`.
///
/// # Errors
///
/// Those of the driver's `runtime_suspend`.
pub(crate) fn force_suspend(dev: &Device<Bound>) -> Result {
    // SAFETY: The device must be valid: it is bound.
    to_result(unsafe { c::rk3588_dma_pm_runtime_force_suspend(as_raw(dev)) })
}

/// Undoes [`force_suspend`]. May sleep. C function: `pm_runtime_force_resume()`.
///
/// # Errors
///
/// Those of the driver's `runtime_resume`.
pub(crate) fn force_resume(dev: &Device<Bound>) -> Result {
    // SAFETY: The device must be valid: it is bound.
    to_result(unsafe { c::rk3588_dma_pm_runtime_force_resume(as_raw(dev)) })
}
