// SPDX-License-Identifier: GPL-2.0

//! Test devices with the registers and the clock of a controller of the board.

use kernel::{
    bindings,
    device::Bound,
    platform,
    prelude::*, //
};

use super::{
    c,
    TestDevice, //
};

impl TestDevice {
    /// Makes a device of controller `index`, one of those that no driver is bound to. Its
    /// interrupts have no handler.
    ///
    /// Returns `None` if the machine is not an RK3588.
    ///
    /// # Errors
    ///
    /// `ENODEV` if there is no such controller, or KUnit cannot make a device.
    pub(crate) fn controller(index: u32) -> Result<Option<Self>> {
        // SAFETY: Callable from any context.
        if !unsafe { c::rk3588_dma_test_has_controllers() } {
            return Ok(None);
        }

        // SAFETY: Callable from any context.
        let test = unsafe { bindings::kunit_get_current_test() };
        // SAFETY: `test` is the test that runs.
        let pdev = unsafe { c::rk3588_dma_test_controller(test, index) };

        Self::added(test, pdev).map(Some)
    }

    /// Makes a device with the node at `path`, in a machine that has controllers.
    ///
    /// # Errors
    ///
    /// `ENODEV` if there is no such node, or KUnit cannot make a device.
    pub(crate) fn with_node(path: &CStr) -> Result<Self> {
        // SAFETY: Callable from any context.
        let test = unsafe { bindings::kunit_get_current_test() };
        // SAFETY: `test` is the test that runs, and `path` a string.
        let pdev = unsafe { c::rk3588_dma_test_node(test, path.as_char_ptr()) };

        Self::added(test, pdev)
    }

    /// Returns the platform device.
    pub(crate) fn platform(&self) -> &platform::Device<Bound> {
        self.core()
    }
}
