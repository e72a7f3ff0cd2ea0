// SPDX-License-Identifier: GPL-2.0

//! A clock that runs for as long as its owner lives.
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
/// The kernel crate's [`Clk`] only gives back its reference when dropped; a clock enabled through it
/// stays enabled.
///
/// # Invariants
///
/// The clock was prepared and enabled once through this value and not disabled since.
pub(crate) struct EnabledClk {
    clk: Clk,
    is_leaked: Atomic<bool>,
}

impl EnabledClk {
    /// Gets the clock `name` of `dev` (`clock-names` in the device tree) and switches it on.
    ///
    /// C functions: `clk_get()`, `clk_prepare_enable()`.
    ///
    /// # Errors
    ///
    /// `ENOENT` where the device has no such clock, `EPROBE_DEFER` where its provider is not there
    /// yet, and what the provider says.
    pub(crate) fn get(dev: &Device<Bound>, name: &CStr) -> Result<Self> {
        let clk = Clk::get(dev, Some(name))?;

        clk.prepare_enable()?;
        // INVARIANT: `prepare_enable` has succeeded just now.
        Ok(Self {
            clk,
            is_leaked: Atomic::new(false),
        })
    }

    /// The clock's rate in hertz. C function: `clk_get_rate()`.
    pub(crate) fn rate(&self) -> c_ulong {
        self.clk.rate().as_hz()
    }

    /// Has the clock stay on when this is dropped: something that needs it goes on. Callable from any
    /// context.
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
