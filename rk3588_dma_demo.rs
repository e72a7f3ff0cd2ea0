// SPDX-License-Identifier: GPL-2.0

//! A driver for the PL330 DMA controllers of the RK3588, on streaming DMA mappings in Rust.
//!
//! The directories, each of which uses only those before it:
//!
//! - [`dma`]: streaming mappings that own their memory;
//! - [`sg`]: the same for memory that is not contiguous;
//! - [`bindings`]: kernel interfaces that the `kernel` crate lacks;
//! - `dmaengine`: providers of the kernel's DMA engine framework;
//! - [`pl330`]: the controller;
//! - [`provider`]: its channels for the kernel's DMA engine framework;
//! - [`lessons`]: the code that drivers would have, a file for each subject;
//! - [`demo`]: the demonstration, which runs the lessons and reports their transfers;
//! - [`user`]: the debugfs files.
//!
//! The device tree overlays in `dts/` give one or all of the three controllers to this driver.

mod bindings;
mod demo;
mod dma;
#[cfg(CONFIG_DMA_ENGINE)]
mod dmaengine;
#[cfg(CONFIG_KUNIT = "y")]
#[path = "tests/kunit/fixture.rs"]
mod fixture;
mod lessons;
mod pl330;
#[cfg(CONFIG_DMA_ENGINE)]
mod provider;
mod sg;
mod user;

use kernel::{
    device::{
        Bound,
        Core, //
    },
    dma::DmaMask,
    of,
    platform,
    prelude::*,
    sync::Arc, //
};

use bindings::{
    PmAdapter,
    PowerManaged, //
};
use dma::{
    DmaDevice,
    Limits, //
};
use pl330::{
    Controller,
    Interrupts,
    ProbeError, //
};

kernel::module_driver!(<T>, PmAdapter<T>, {
    type: Rk3588Dma,
    name: "rk3588_dma",
    authors: ["The rk3588_dma developers"],
    description: "PL330 DMA controllers of the RK3588",
    license: "GPL",
});

kernel::of_device_table!(
    OF_TABLE,
    <Rk3588Dma as platform::Driver>::IdInfo,
    [(of::DeviceId::new(c"rk3588-dma,pl330"), ())]
);

/// The driver.
struct Rk3588Dma;

/// Data of a bound device, in the order in which its fields are dropped.
struct Bundle<'bound> {
    /// First fields, because they use the others.
    _debugfs: user::Debugfs<'bound>,
    #[cfg(CONFIG_DMA_ENGINE)]
    memory: provider::MemoryDevice<'bound>,
    _interrupts: Interrupts<'bound>,
    controller: Arc<Controller<'bound>>,
}

impl platform::Driver for Rk3588Dma {
    type IdInfo = ();
    type Data<'bound> = Bundle<'bound>;
    const OF_ID_TABLE: Option<of::IdTable<Self::IdInfo>> = Some(&OF_TABLE);

    fn probe<'bound>(
        pdev: &'bound platform::Device<Core<'_>>,
        _: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        let limits = Limits::new(DmaMask::new::<32>());
        // SAFETY: Only this call of the driver sets limits. In probe no other code uses the
        // device, so nothing is mapped or allocated for it meanwhile.
        let dma = unsafe { DmaDevice::new(pdev, limits) };
        let pdev: &'bound platform::Device<Bound> = pdev;

        pin_init::pin_init_scope(move || {
            let bundle = dma
                .map_err(ProbeError::Dma)
                .and_then(|dma| Bundle::new(pdev, dma));

            // A value is its own initializer.
            Ok(bundle.map_err(|failed| {
                let dev = pdev.as_ref();
                let error = Error::from(&failed);

                if error != EPROBE_DEFER {
                    dev_err!(dev, "{failed}\n");
                }
                error
            }))
        })
    }

    fn unbind<'bound>(_: &'bound platform::Device<Core<'_>>, this: Pin<&Bundle<'bound>>) {
        this.shut_down();
        #[cfg(CONFIG_DMA_ENGINE)]
        this.memory.unregister();
    }
}

impl PowerManaged for Rk3588Dma {
    fn suspend_late(data: Pin<&Bundle<'_>>) -> Result {
        data.controller.suspend()
    }

    fn resume_early(data: Pin<&Bundle<'_>>) -> Result {
        data.controller.resume_early()
    }

    fn resume(data: Pin<&Bundle<'_>>) {
        data.controller.resume();
    }

    fn shutdown(data: Pin<&Bundle<'_>>) {
        data.shut_down();
    }
}

impl<'bound> Bundle<'bound> {
    fn new(
        pdev: &'bound platform::Device<Bound>,
        dma: &'bound DmaDevice,
    ) -> Result<Self, ProbeError> {
        // SAFETY: The controller must be shut down before the last reference to it or to one of its
        // handlers is dropped, and before `'bound` ends:
        // - Without a bundle, it is shut down here. `controller` is a reference until then.
        // - With a bundle, `unbind` shuts it down. The bundle has a reference, and is dropped
        //   afterwards.
        let controller = unsafe { Controller::new(pdev, dma)? };

        Self::with(pdev, dma, controller.clone()).inspect_err(|_| controller.shut_down())
    }

    /// Requests the interrupts of `controller`, runs its self-test and creates the debugfs files.
    fn with(
        pdev: &'bound platform::Device<Bound>,
        dma: &'bound DmaDevice,
        controller: Arc<Controller<'bound>>,
    ) -> Result<Self, ProbeError> {
        let dev = pdev.as_ref();
        // SAFETY: They must be dropped before `'bound` ends: they go into the bundle, which is
        // dropped at unbind, or are dropped when this function fails.
        let interrupts = unsafe { Interrupts::new(pdev, &controller)? };

        // If it fails, the channels are stopped while the interrupts are handled.
        controller
            .self_test()
            .inspect_err(|_| controller.shut_down())?;
        dev_info!(
            dev,
            "{}, {} MHz\n",
            controller.description(),
            controller.clock_rate() / 1_000_000
        );

        // SAFETY: The directory goes into the bundle, which is dropped at unbind.
        let debugfs = unsafe { user::Debugfs::new(dma, controller.clone()) }
            .inspect_err(|_| controller.shut_down())
            .map_err(|error| ProbeError::Memory("debugfs", error))?;

        #[cfg(CONFIG_DMA_ENGINE)]
        // SAFETY: It must be closed before the controller is shut down, and unregistered before
        // `'bound` ends: it goes into the bundle. `Bundle::shut_down` closes it first, and `unbind`
        // unregisters it.
        let memory = unsafe { provider::MemoryDevice::new(dev, &controller) }
            .inspect_err(|_| controller.shut_down())
            .map_err(ProbeError::DmaEngine)?;

        Ok(Self {
            _debugfs: debugfs,
            #[cfg(CONFIG_DMA_ENGINE)]
            memory,
            _interrupts: interrupts,
            controller,
        })
    }

    /// Stops what runs, and lets nothing start any more. Sleeps.
    fn shut_down(&self) {
        #[cfg(CONFIG_DMA_ENGINE)]
        self.memory.close();
        self.controller.shut_down();
    }
}
