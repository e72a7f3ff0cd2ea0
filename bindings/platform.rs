// SPDX-License-Identifier: GPL-2.0

//! Platform drivers with callbacks for power management and shutdown.
//!
//! Those of the kernel crate have `probe` and `remove` only.
//!
//! C headers: `include/linux/platform_device.h`, `include/linux/pm.h`.

use core::mem::offset_of;

use kernel::{
    bindings,
    device::{
        CoreInternal,
        Device, //
    },
    driver,
    error::from_result,
    platform,
    prelude::*,
    types::Opaque, //
};

use super::c;

/// Platform driver with callbacks for the sleep and the end of the system.
///
/// Each is called for a device that is bound, with its data, and not at the same time as `unbind`.
/// All may sleep. By default they do nothing.
pub(crate) trait PowerManaged: platform::Driver {
    /// Prepares the device for a sleep of the system, in which it may lose its registers.
    ///
    /// Called once the drivers that use the device have suspended theirs. C field: `suspend_late`
    /// of `struct dev_pm_ops`.
    ///
    /// # Errors
    ///
    /// Any: the system does not go to sleep.
    fn suspend_late(_: Pin<&Self::Data<'_>>) -> Result {
        Ok(())
    }

    /// Undoes [`suspend_late`](Self::suspend_late). Runtime PM does not work yet.
    ///
    /// # Errors
    ///
    /// Any: the kernel logs it.
    fn resume_early(_: Pin<&Self::Data<'_>>) -> Result {
        Ok(())
    }

    /// Starts the device again, before the drivers that use it do so with theirs.
    ///
    /// Also called without [`suspend_late`](Self::suspend_late) before, if another driver has
    /// failed.
    fn resume(_: Pin<&Self::Data<'_>>) {}

    /// Stops the device: the system is turned off, reset, or replaced by another kernel.
    fn shutdown(_: Pin<&Self::Data<'_>>) {}
}

/// Registers a platform driver with its callbacks for power management.
///
/// Those for runtime PM turn the PM clocks of a device on and off: see
/// [`RuntimePm`](super::RuntimePm).
pub(crate) struct PmAdapter<T: PowerManaged>(platform::Adapter<T>);

// SAFETY: All three are those of `platform::Adapter`, which has the same requirements.
unsafe impl<T: PowerManaged> driver::DriverLayout for PmAdapter<T> {
    type DriverType = bindings::platform_driver;
    type DriverData<'bound> = T::Data<'bound>;
    const DEVICE_DRIVER_OFFSET: usize = offset_of!(bindings::platform_driver, driver);
}

// SAFETY: `unregister` and `register` call those of `platform::Adapter`. `register` sets two other
// fields before.
unsafe impl<T: PowerManaged> driver::RegistrationOps for PmAdapter<T> {
    unsafe fn register(
        driver: &Opaque<bindings::platform_driver>,
        name: &'static CStr,
        module: &'static ThisModule,
    ) -> Result {
        // SAFETY: The driver must not be in use: it is not registered yet.
        unsafe {
            (*driver.get()).driver.pm = Self::OPS;
            (*driver.get()).shutdown = Some(Self::shutdown);
        }
        // SAFETY: The caller guarantees the requirements, which are the same.
        unsafe { <platform::Adapter<T> as driver::RegistrationOps>::register(driver, name, module) }
    }

    unsafe fn unregister(driver: &Opaque<bindings::platform_driver>) {
        // SAFETY: As above.
        unsafe { <platform::Adapter<T> as driver::RegistrationOps>::unregister(driver) };
    }
}

impl<T: PowerManaged> PmAdapter<T> {
    /// Callbacks, as of `LATE_SYSTEM_SLEEP_PM_OPS()` and `RUNTIME_PM_OPS()`.
    const OPS: &'static bindings::dev_pm_ops = &bindings::dev_pm_ops {
        suspend_late: Some(Self::suspend_late),
        resume_early: Some(Self::resume_early),
        freeze_late: Some(Self::suspend_late),
        thaw_early: Some(Self::resume_early),
        poweroff_late: Some(Self::suspend_late),
        restore_early: Some(Self::resume_early),
        resume: Some(Self::resume),
        thaw: Some(Self::resume),
        restore: Some(Self::resume),
        runtime_suspend: Some(c::pm_clk_suspend),
        runtime_resume: Some(c::pm_clk_resume),
        ..pin_init::zeroed()
    };

    /// Calls `f` with the data of `dev`, if it has any.
    ///
    /// # Safety
    ///
    /// `dev` is a device of this driver, and its `remove` is not called meanwhile.
    unsafe fn with_data<R>(
        dev: *mut bindings::device,
        f: impl FnOnce(Pin<&T::Data<'_>>) -> R,
    ) -> Option<R> {
        // SAFETY: The device must be valid: the caller guarantees it.
        if unsafe { bindings::dev_get_drvdata(dev) }.is_null() {
            return None;
        }

        // SAFETY: As above.
        let dev = unsafe { Device::<CoreInternal<'_>>::from_raw(dev) };

        // SAFETY: The data must have been set, with this type: `probe` of the adapter has set it,
        // and it is there until after `remove`.
        Some(f(unsafe { dev.drvdata_borrow::<T::Data<'_>>() }))
    }

    /// # Safety
    ///
    /// The caller is the PM core, with a device of this driver.
    unsafe extern "C" fn suspend_late(dev: *mut bindings::device) -> c_int {
        // SAFETY: The caller guarantees the first. During a system sleep user space is frozen and
        // probes are blocked, so nothing unbinds a device.
        let result = unsafe { Self::with_data(dev, T::suspend_late) };

        from_result(|| result.unwrap_or(Ok(())).map(|()| 0))
    }

    /// # Safety
    ///
    /// The caller is the PM core, with a device of this driver.
    unsafe extern "C" fn resume_early(dev: *mut bindings::device) -> c_int {
        // SAFETY: As in `suspend_late`.
        let result = unsafe { Self::with_data(dev, T::resume_early) };

        from_result(|| result.unwrap_or(Ok(())).map(|()| 0))
    }

    /// # Safety
    ///
    /// The caller is the PM core, with a device of this driver.
    unsafe extern "C" fn resume(dev: *mut bindings::device) -> c_int {
        // SAFETY: As in `suspend_late`.
        unsafe { Self::with_data(dev, T::resume) };
        0
    }

    /// # Safety
    ///
    /// The caller is the platform bus, with a device of this driver, and holds its lock.
    unsafe extern "C" fn shutdown(pdev: *mut bindings::platform_device) {
        // SAFETY: The caller guarantees the first. `remove` is called under the same lock.
        unsafe { Self::with_data(&raw mut (*pdev).dev, T::shutdown) };
    }
}
