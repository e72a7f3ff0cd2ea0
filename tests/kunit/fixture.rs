// SPDX-License-Identifier: GPL-2.0

//! What the KUnit suites have in common: a device to map memory for, and its hardware.
//!
//! Only in a module for a kernel with KUnit. The suites stand in the files they test, and run when
//! the module is loaded.

use core::ptr::NonNull;

use kernel::{
    bindings,
    device::Core,
    dma::DmaMask,
    platform,
    prelude::*, //
};

use crate::{
    bindings::{
        as_raw,
        c, //
    },
    dma::{
        Buffer,
        Direction,
        DmaDevice,
        Limits,
        Mapping,
        Memory,
        Statistics,
        ToDevice, //
    }, //
};

/// A platform device bound to a driver that does nothing, until it is dropped.
///
/// A failed assertion ends a test without dropping anything; KUnit removes the device then.
pub(crate) struct TestDevice {
    test: *mut bindings::kunit,
    pdev: NonNull<bindings::platform_device>,
}

impl TestDevice {
    /// Makes one.
    ///
    /// # Errors
    ///
    /// `ENODEV` if KUnit cannot, which it says in the log.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: Callable from any context.
        let test = unsafe { bindings::kunit_get_current_test() };
        // SAFETY: `test` is the test that runs.
        let pdev = unsafe { c::rk3588_dma_test_device(test) };

        Ok(Self {
            test,
            pdev: NonNull::new(pdev).ok_or(ENODEV)?,
        })
    }

    /// Its `DmaDevice`, with 32 address bits and no other limit.
    ///
    /// # Errors
    ///
    /// Those of [`DmaDevice::new`].
    pub(crate) fn dma(&self) -> Result<&DmaDevice> {
        self.dma_with(Limits::new(DmaMask::new::<32>()), Statistics::on())
    }

    /// Its `DmaDevice`, made to measure.
    ///
    /// # Errors
    ///
    /// Those of [`DmaDevice::new`].
    pub(crate) fn dma_with(&self, limits: Limits, statistics: Statistics) -> Result<&DmaDevice> {
        // SAFETY: Nobody else uses the device.
        unsafe { DmaDevice::make(self.core(), limits, statistics) }
    }

    /// Its `DmaDevice`, made as by a driver; but probe is over.
    ///
    /// # Errors
    ///
    /// Those of [`DmaDevice::new`].
    pub(crate) fn dma_as_a_driver(&self) -> Result<&DmaDevice> {
        let limits = Limits::new(DmaMask::new::<32>());

        DmaDevice::new(self.core(), limits, Statistics::on())
    }

    fn core(&self) -> &platform::Device<Core<'_>> {
        // SAFETY: `platform::Device` is transparent over `struct platform_device`. This one stays
        // bound until `drop`. Nobody else deals with it, which is what `Core` stands for.
        unsafe { self.pdev.cast().as_ref() }
    }
}

impl Drop for TestDevice {
    fn drop(&mut self) {
        // SAFETY: The device was added for this test and is removed once. What borrows it is gone.
        unsafe { c::rk3588_dma_test_remove(self.test, self.pdev.as_ptr()) };
    }
}

/// What a device does that was told an address.
pub(crate) struct Hardware<'a> {
    dev: &'a DmaDevice,
    address: u32,
    len: usize,
}

impl Hardware<'_> {
    /// Writes `bytes` into the mapping from `offset` on.
    pub(crate) fn write(&self, offset: usize, bytes: &[u8]) {
        let address = self.address_of(offset, bytes.len());

        // SAFETY: The range is inside a mapping in flight.
        unsafe {
            c::rk3588_dma_test_write(
                as_raw(self.dev.as_device()),
                address,
                bytes.as_ptr().cast(),
                bytes.len(),
            )
        };
    }

    /// Reads `N` bytes of the mapping from `offset` on.
    pub(crate) fn read<const N: usize>(&self, offset: usize) -> [u8; N] {
        let mut bytes = [0; N];
        let address = self.address_of(offset, N);

        // SAFETY: The range is inside a mapping in flight.
        unsafe {
            c::rk3588_dma_test_read(
                as_raw(self.dev.as_device()),
                address,
                bytes.as_mut_ptr().cast(),
                N,
            )
        };
        bytes
    }

    fn address_of(&self, offset: usize, len: usize) -> bindings::dma_addr_t {
        core::assert!(offset + len <= self.len);
        bindings::dma_addr_t::from(self.address) + offset as bindings::dma_addr_t
    }
}

/// Lends `mapping` to the hardware, lets it `act`, and takes the mapping back.
pub(crate) fn run<'dev, M: Memory, D: Direction>(
    dev: &'dev DmaDevice,
    mapping: Mapping<'dev, M, D>,
    act: impl FnOnce(&Hardware<'_>),
) -> Result<Mapping<'dev, M, D>> {
    let len = mapping.len();
    let flight = mapping.submit();
    let address = flight.address().to_bus32(0);

    if let Ok(address) = address {
        act(&Hardware { dev, address, len });
    }
    // SAFETY: The hardware of the test device is `act`, which has returned.
    let mapping = unsafe { flight.complete() };

    address.map(|_| mapping)
}

/// Runs `work`, whose first allocation fails.
///
/// Allocations that may sleep only fail where `ignore-gfp-wait` of `failslab` and `fail_page_alloc` in
/// debugfs says no.
///
/// # Errors
///
/// `EINVAL` if no allocation was made, or none can be made to fail.
pub(crate) fn without_memory<T>(work: impl FnOnce() -> T) -> Result<T> {
    // SAFETY: Callable in any thread.
    unsafe { c::rk3588_dma_test_fail_allocation() };

    let result = work();

    // SAFETY: As before.
    match unsafe { c::rk3588_dma_test_has_failed() } {
        true => Ok(result),
        false => Err(EINVAL),
    }
}

/// Whether what is mapped for `dev` goes through a bounce buffer, wherever it is in memory.
///
/// # Errors
///
/// If nothing can be mapped.
pub(crate) fn is_bounced(dev: &DmaDevice) -> Result<bool> {
    let before = dev.statistics().snapshot().bounced;

    drop(Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(4096)?)?);
    Ok(dev.statistics().snapshot().bounced != before)
}
