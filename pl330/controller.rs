// SPDX-License-Identifier: GPL-2.0

//! A controller, from probe to unbind.

use core::ops::Deref;

use kernel::{
    device::Bound,
    fmt,
    platform,
    prelude::*,
    sync::Arc,
    time::Delta, //
};

use super::{
    engine::{
        AbortHandler,
        Engine,
        EventHandler,
        SelfTestError, //
    },
    hw::{
        HardwareError,
        Pl330,
        SIZE, //
    },
    transfer::Transfers, //
};
use crate::{
    bindings::{
        MemRegion,
        RuntimePm, //
    },
    dma::{
        as_raw,
        BusMaster,
        DmaDevice, //
    }, //
};

/// Name of the clock of registers and bus.
const CLOCK: &CStr = c"apb_pclk";

/// Time after which the clock of an idle controller is turned off, if user space sets no other.
const AUTOSUSPEND_DELAY: Delta = Delta::from_millis(100);

/// PL330 that is bound to our driver.
///
/// Its [`Transfers`] use all channels at the same time.
pub(crate) struct Controller<'bound>(Transfers<'bound>);

impl<'bound> Controller<'bound> {
    /// Maps the registers, enables the clock, reads the configuration and stops all channels.
    ///
    /// `dma` is that of `pdev`. Sleeps.
    ///
    /// # Errors
    ///
    /// All of [`ProbeError`] that concern registers, clock, hardware and memory; `EINVAL` if `dma`
    /// is that of another device, or its mask has more than 32 bits.
    ///
    /// # Safety
    ///
    /// [`shut_down`](Self::shut_down) is called, and returns, before the last reference to the
    /// controller or one of its handlers is dropped, and before `'bound` ends: its timers, and
    /// hardware that runs, do not end by themselves.
    pub(crate) unsafe fn new(
        pdev: &'bound platform::Device<Bound>,
        dma: &'bound DmaDevice,
    ) -> Result<Arc<Self>, ProbeError> {
        let dev = dma.as_device();

        if as_raw(dev) != as_raw(pdev.as_ref()) {
            return Err(ProbeError::Dma(EINVAL));
        }

        let bus = BusMaster::new(dma).map_err(ProbeError::Dma)?;
        let resource = pdev.resource_by_index(0).ok_or(ProbeError::NoRegisters)?;

        // The kernel crate leaks its mapping of a block that is too small.
        if resource.size() < SIZE as u64 {
            return Err(ProbeError::Registers(EINVAL));
        }

        let region = MemRegion::claim(resource, c"rk3588_dma").map_err(ProbeError::Registers)?;
        let registers = pdev
            .io_request_by_index(0)
            .ok_or(ProbeError::NoRegisters)?
            .iomap_sized()
            .map_err(ProbeError::Registers)?;
        let clock = RuntimePm::new(dev, CLOCK, AUTOSUSPEND_DELAY).map_err(ProbeError::Clock)?;
        let hardware = Pl330::new(registers).map_err(ProbeError::Hardware)?;
        // SAFETY: The engine must be shut down before the last reference to it is dropped and
        // before `'bound` ends: if there is a controller, the caller guarantees it; otherwise see
        // below.
        let engine = unsafe { Engine::new(dev, hardware, region, clock) }
            .map_err(|error| ProbeError::Memory("the engine", error))?;
        let transfers = Transfers::new(engine.clone(), bus);

        Arc::new(Self(transfers), GFP_KERNEL).map_err(|error| {
            engine.shut_down();
            ProbeError::Memory("the controller", error.into())
        })
    }

    /// Returns a handler of the event interrupt.
    pub(crate) fn event_handler(&self) -> EventHandler<'bound> {
        EventHandler::new(self.engine().clone())
    }

    /// Returns a handler of the abort interrupt, which has number `irq`.
    pub(crate) fn abort_handler(&self, irq: u32) -> AbortHandler<'bound> {
        AbortHandler::new(self.engine().clone(), irq)
    }

    /// Runs a program on each channel that only raises its interrupt.
    ///
    /// A driver calls this once both interrupts are handled, before any transfer. Sleeps.
    ///
    /// # Errors
    ///
    /// [`ProbeError::SelfTest`].
    pub(crate) fn self_test(&self) -> Result<(), ProbeError> {
        self.engine().self_test().map_err(ProbeError::SelfTest)
    }

    /// Returns a description of the hardware.
    pub(crate) fn description(&self) -> impl fmt::Display + use<'_, 'bound> {
        self.engine().config()
    }

    /// Returns the rate of the clock in hertz.
    pub(crate) fn clock_rate(&self) -> c_ulong {
        self.engine().clock_rate()
    }

    /// Returns the number of events of programs whose interrupts were received.
    pub(crate) fn events(&self) -> u64 {
        self.engine().events()
    }

    /// Returns a listing of the channels and their last programs.
    pub(crate) fn channels(&self) -> impl fmt::Display + use<'_, 'bound> {
        self.engine().channels()
    }

    /// Waits until no program runs, and turns the clock off, for a sleep of the system.
    ///
    /// Transfers that are submitted from then on wait for [`resume`](Self::resume). Sleeps.
    ///
    /// # Errors
    ///
    /// `EBUSY` if a program has not ended after 2 s: nothing has changed then.
    pub(crate) fn suspend(&self) -> Result {
        self.engine().suspend()
    }

    /// Undoes what [`suspend`](Self::suspend) did to the clock. Sleeps.
    ///
    /// # Errors
    ///
    /// Those of the clock.
    pub(crate) fn resume_early(&self) -> Result {
        self.engine().resume_early()
    }

    /// Starts transfers again, after [`suspend`](Self::suspend).
    ///
    /// Callable from any context in which a `spinlock_t` may be taken.
    pub(crate) fn resume(&self) {
        self.engine().resume();
    }

    /// Stops what runs, and lets nothing start any more.
    ///
    /// Transfers that run or wait fail with [`ShuttingDown`]. When this returns, they have, and all
    /// callbacks have returned. Sleeps: for 2 s at most, and as long as callbacks run.
    ///
    /// [`ShuttingDown`]: super::TransferError::ShuttingDown
    pub(crate) fn shut_down(&self) {
        self.engine().shut_down();
    }
}

impl<'bound> Deref for Controller<'bound> {
    type Target = Transfers<'bound>;

    fn deref(&self) -> &Transfers<'bound> {
        &self.0
    }
}

/// Reason why the driver cannot use a controller.
pub(crate) enum ProbeError {
    /// The device cannot be set up for DMA with 32 address bits.
    Dma(Error),
    /// The device has no register block (`reg`).
    NoRegisters,
    /// The register block cannot be mapped: it is in use, or too small.
    Registers(Error),
    /// The clock `apb_pclk` is missing or cannot be enabled.
    Clock(Error),
    /// The interrupt of this name is missing, or in use.
    Interrupt(&'static str, Error),
    /// The hardware is not one that the driver can use.
    Hardware(HardwareError),
    /// No memory for this purpose.
    Memory(&'static str, Error),
    /// The DMA engine framework does not accept the device.
    DmaEngine(Error),
    /// The self-test failed.
    SelfTest(SelfTestError),
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dma(error) => f.write_fmt(fmt!("no DMA with 32 address bits ({error:?})")),
            Self::NoRegisters => f.write_str("no registers: `reg` is missing"),
            Self::Registers(error) => {
                f.write_fmt(fmt!("the registers cannot be mapped ({error:?})"))
            }
            Self::Clock(error) => f.write_fmt(fmt!("no clock `apb_pclk` ({error:?})")),
            Self::Interrupt(name, error) => f.write_fmt(fmt!("no {name} interrupt ({error:?})")),
            Self::Hardware(error) => f.write_fmt(fmt!("{error}")),
            Self::Memory(purpose, error) => {
                f.write_fmt(fmt!("no memory for {purpose} ({error:?})"))
            }
            Self::DmaEngine(error) => {
                f.write_fmt(fmt!("no registration as DMA engine ({error:?})"))
            }
            Self::SelfTest(error) => f.write_fmt(fmt!("self-test failed: {error}")),
        }
    }
}

impl From<&ProbeError> for Error {
    fn from(error: &ProbeError) -> Self {
        match error {
            ProbeError::Dma(error)
            | ProbeError::Registers(error)
            | ProbeError::Clock(error)
            | ProbeError::Interrupt(_, error)
            | ProbeError::DmaEngine(error)
            | ProbeError::Memory(_, error) => *error,
            ProbeError::SelfTest(SelfTestError::Program(error)) => (*error).into(),
            ProbeError::NoRegisters | ProbeError::Hardware(_) | ProbeError::SelfTest(_) => ENODEV,
        }
    }
}
