// SPDX-License-Identifier: GPL-2.0

//! A driver for the PL330 DMA controllers of the RK3588, on streaming DMA mappings in Rust.
//!
//! The rooms, each of which uses only those before it:
//!
//! - [`bindings`]: what the `kernel` crate does not have;
//! - [`dma`]: streaming mappings that own what they map;
//! - [`sg`]: the same of memory in pieces;
//! - [`pl330`]: the controller;
//! - [`lessons`]: what the demonstration runs;
//! - [`user`]: how a person asks for it.
//!
//! The device tree overlay in `dts/` gives one of the three controllers to this driver.

mod bindings;
mod dma;
#[cfg(CONFIG_KUNIT = "y")]
#[path = "tests/kunit/fixture.rs"]
mod fixture;
mod lessons;
mod pl330;
mod sg;
mod user;

#[cfg(CONFIG_PREEMPT_RT)]
compile_error!(
    "spinlocks sleep with PREEMPT_RT, which the interrupt handlers here do not reckon with"
);

use kernel::{
    device::{
        Bound,
        Core, //
    },
    dma::DmaMask,
    irq,
    of,
    platform,
    prelude::*,
    sync::Arc, //
};

use dma::{
    DmaDevice,
    Limits, //
};
use pl330::{
    AbortHandler,
    Controller,
    EventHandler,
    ProbeError, //
};

kernel::module_platform_driver! {
    type: Rk3588Dma,
    name: "rk3588_dma",
    authors: ["The rk3588_dma developers"],
    description: "PL330 DMA controllers of the RK3588",
    license: "GPL",
}

kernel::of_device_table!(
    OF_TABLE,
    <Rk3588Dma as platform::Driver>::IdInfo,
    [(of::DeviceId::new(c"rk3588-dma,pl330"), ())]
);

/// The driver.
struct Rk3588Dma;

/// What belongs to a bound device, in the order in which it is given up.
struct Bundle<'bound> {
    /// First, so that nobody asks for anything any more.
    _debugfs: user::Debugfs<'bound>,
    _event: Pin<KBox<irq::Registration<'bound, EventHandler<'bound>>>>,
    _abort: Pin<KBox<irq::Registration<'bound, AbortHandler<'bound>>>>,
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
        this.controller.shut_down();
    }
}

impl<'bound> Bundle<'bound> {
    fn new(
        pdev: &'bound platform::Device<Bound>,
        dma: &'bound DmaDevice,
    ) -> Result<Self, ProbeError> {
        // SAFETY: The controller is shut down if there is no bundle, and by `unbind` if there is, which is
        // dropped afterwards. It has a reference until then, so one that is dropped before, by a handler or a
        // callback, is not the last; and when the controller is shut down all callbacks have returned.
        let controller = unsafe { Controller::new(pdev, dma)? };

        Self::with(pdev, dma, controller.clone()).inspect_err(|_| controller.shut_down())
    }

    /// Everything but the controller: its interrupts, a first program, the files.
    fn with(
        pdev: &'bound platform::Device<Bound>,
        dma: &'bound DmaDevice,
        controller: Arc<Controller<'bound>>,
    ) -> Result<Self, ProbeError> {
        let dev = pdev.as_ref();
        let event = pdev
            .optional_irq_by_index(0)
            .and_then(|request| {
                let handler = controller.event_handler();

                // SAFETY: The registration goes into the bundle, which is dropped at unbind, or is
                // dropped on the way out of here.
                let registration = unsafe {
                    irq::Registration::new(
                        request,
                        irq::Flags::TRIGGER_NONE,
                        c"rk3588_dma",
                        Ok::<_, Error>(handler),
                    )
                };

                KBox::pin_init(registration, GFP_KERNEL)
            })
            .map_err(|error| ProbeError::Interrupt("event", error))?;
        let abort = pdev
            .optional_irq_by_index(1)
            .and_then(|request| {
                let handler = controller.abort_handler(request.irq());

                // SAFETY: The registration goes into the bundle, which is dropped at unbind, or is
                // dropped on the way out of here.
                let registration = unsafe {
                    irq::Registration::new(
                        request,
                        irq::Flags::TRIGGER_NONE,
                        c"rk3588_dma abort",
                        Ok::<_, Error>(handler),
                    )
                };

                KBox::pin_init(registration, GFP_KERNEL)
            })
            .map_err(|error| ProbeError::Interrupt("abort", error))?;

        // Should it fail, it is stopped while there are interrupts.
        controller
            .self_test()
            .inspect_err(|_| controller.shut_down())?;
        dev_info!(
            dev,
            "{}, {} MHz\n",
            controller.description(),
            controller.clock_rate() / 1_000_000
        );

        // SAFETY: The folder goes into the bundle, which is dropped at unbind.
        let debugfs = unsafe { user::Debugfs::new(dma, controller.clone()) }
            .inspect_err(|_| controller.shut_down())
            .map_err(|error| ProbeError::Memory("debugfs", error))?;

        Ok(Self {
            _debugfs: debugfs,
            _event: event,
            _abort: abort,
            controller,
        })
    }
}
