// SPDX-License-Identifier: GPL-2.0

//! A clock that stays enabled until its owner is dropped.
//!
//! C header: `include/linux/clk.h`.

use kernel::{
    clk::Clk,
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

/// A clock that is prepared and enabled.
///
/// The kernel crate's [`Clk`] does not disable an enabled clock when it is dropped. It calls
/// `clk_put()` only.
///
/// # Invariants
///
/// This value prepared and enabled `clk` once, and has not disabled it.
pub(crate) struct EnabledClk {
    clk: Clk,
    /// True if the clock must stay enabled after the drop.
    is_leaked: Atomic<bool>,
}

impl EnabledClk {
    /// Gets the clock `name` of `dev` (`clock-names` in the device tree), and enables it.
    ///
    /// May sleep. C functions: `clk_get()`, `clk_prepare_enable()`.
    ///
    /// # Errors
    ///
    /// - `ENOENT` if the device has no clock `name`;
    /// - `EPROBE_DEFER` if the clock's provider is not registered yet;
    /// - errors of the provider.
    pub(crate) fn get(dev: &Device<Bound>, name: &CStr) -> Result<Self> {
        let clk = Clk::get(dev, Some(name))?;

        clk.prepare_enable()?;
        // INVARIANT: `prepare_enable` succeeded.
        Ok(Self {
            clk,
            is_leaked: Atomic::new(false),
        })
    }

    /// Returns the clock's rate in hertz. C function: `clk_get_rate()`.
    pub(crate) fn rate(&self) -> c_ulong {
        self.clk.rate().as_hz()
    }

    /// Keeps the clock enabled after the drop, for hardware that did not stop.
    ///
    /// Callable from any context.
    pub(crate) fn leak(&self) {
        self.is_leaked.store(true, Relaxed);
    }
}

impl Drop for EnabledClk {
    fn drop(&mut self) {
        if !self.is_leaked.load(Relaxed) {
            self.clk.disable_unprepare();
        }
    }
}
