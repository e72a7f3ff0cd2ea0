// SPDX-License-Identifier: GPL-2.0

//! A controller: its registers, its clock, its program memory, from probe to unbind.

use kernel::{
    device::{
        Bound,
        Device, //
    },
    io::{
        poll::read_poll_timeout,
        Io, //
    },
    new_spinlock_irq,
    platform,
    prelude::*,
    static_lock_class,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        SpinLockIrq, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

use super::{
    config::Config,
    engine::{
        channels,
        event_of,
        Phase,
        Shared,
        MAX_CHANNELS, //
    },
    error::{
        ProbeError,
        TransferError, //
    },
    fault::Thread,
    regs::{
        self,
        Registers, //
    },
    slot::Slot,
    thread::{
        self,
        DebugPort,
        ThreadState, //
    }, //
};
use crate::{
    bindings::{
        as_raw,
        EnabledClk,
        MemRegion,
        Timer, //
    },
    dma::{
        BusMaster,
        DmaDevice, //
    },
};

/// The clock of registers and bus.
const CLOCK: &CStr = c"apb_pclk";

/// How long a killed or ended channel may take to finish its accesses on the bus.
///
/// Hardware takes microseconds. A host that emulates it may be busy with something else, and the
/// price for giving up is the channel.
const STOP_TIMEOUT: Delta = Delta::from_secs(2);
const STOP_INTERVAL: Delta = Delta::from_micros(50);

/// A PL330 that is bound to our driver.
///
/// Transfers use all of its channels at the same time.
#[pin_data]
pub(crate) struct Controller<'bound> {
    /// First: it looks at all the others.
    #[pin]
    pub(super) watchdog: Timer<Self>,
    pub(super) bus: BusMaster<'bound, u32>,
    pub(super) config: Config,
    /// Protects the debug registers as well.
    #[pin]
    pub(super) shared: SpinLockIrq<Shared<'bound>>,
    /// How many events of ours were raised.
    pub(super) events: Atomic<u64>,
    pub(super) regs: Registers<'bound>,
    _region: MemRegion,
    /// Below `regs`: the registers need it.
    pub(super) clock: EnabledClk,
}

impl<'bound> Controller<'bound> {
    /// Maps the registers, switches the clock on, reads the configuration and makes sure that all
    /// channels are stopped. What the controller is given must be mapped for `dma`, that of `pdev`.
    ///
    /// # Errors
    ///
    /// All of [`ProbeError`] that concern registers, clock, configuration and memory; `EINVAL` if `dma` is
    /// that of another device, or its mask has more than 32 bits.
    ///
    /// # Safety
    ///
    /// [`shut_down`](Self::shut_down) is called, and returns, before the last reference to the controller
    /// is dropped and before `'bound` ends: its watchdog, and hardware at work, do not end by themselves.
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

        // Left to itself, the kernel crate's mapping of too small a block fails, but stays.
        if resource.size() < regs::SIZE as u64 {
            return Err(ProbeError::Registers(EINVAL));
        }

        let region = MemRegion::claim(resource, c"rk3588_dma").map_err(ProbeError::Registers)?;
        let regs = pdev
            .io_request_by_index(0)
            .ok_or(ProbeError::NoRegisters)?
            .iomap_sized()
            .map_err(ProbeError::Registers)?;
        let clock = EnabledClk::get(dev, CLOCK).map_err(ProbeError::Clock)?;
        let config = Config::read(&regs)?;

        let mut port = DebugPort::new();
        let mut slots = [const { None }; MAX_CHANNELS];

        reset(&regs, &config, &mut port)?;
        for (channel, slot) in channels().zip(&mut slots) {
            if config.may_use(channel) {
                let new = Slot::new(dev).map_err(|error| ProbeError::Memory("programs", error))?;

                *slot = Some(new);
            }
        }

        Arc::pin_init(
            pin_init!(Self {
                // SAFETY: It is the field that `HasTimer` tells of.
                watchdog <- unsafe { Timer::new(c"rk3588_dma", static_lock_class!()) },
                bus,
                config,
                shared <- new_spinlock_irq!(Shared::new(port, slots)),
                events: Atomic::new(0),
                regs,
                _region: region,
                clock,
            }),
            GFP_KERNEL,
        )
        .map_err(|error| ProbeError::Memory("the controller", error))
    }

    pub(super) fn dev(&self) -> &Device<Bound> {
        self.bus.dev().as_device()
    }

    /// What the hardware was built with.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The rate of its clock in hertz.
    pub(crate) fn clock_rate(&self) -> c_ulong {
        self.clock.rate()
    }

    /// How many events its programs have raised that we were told of, since it was bound.
    pub(crate) fn events(&self) -> u64 {
        self.events.load(Relaxed)
    }

    /// How many channels there are to use.
    pub(super) fn channels_in_use(&self) -> usize {
        channels()
            .filter(|&channel| self.config.may_use(channel))
            .count()
    }

    /// Stops what runs and lets nothing start any more. What runs or waits fails with
    /// [`TransferError::ShuttingDown`]; when this returns, it has, and all callbacks have returned. Sleeps,
    /// for 2 s at most, and for as long as programs are being written and callbacks run.
    pub(crate) fn shut_down(&self) {
        {
            let shared = &mut *self.shared.lock();

            shared.is_closed = true;
            for channel in channels() {
                self.stop(shared, channel, TransferError::ShuttingDown);
            }
            self.refuse_all(shared, TransferError::ShuttingDown);
        }

        // One that has stopped gives its memory back, so what is left is what has not.
        let _ = read_poll_timeout(
            || Ok(self.close_channels(Unstopped::Kept)),
            |closed| *closed,
            STOP_INTERVAL,
            STOP_TIMEOUT,
        );
        // A program is written without interrupts, by a CPU that may have been taken away from us for long.
        // It sees that we have closed, and ends.
        while self.shared.lock().has_claims() {
            fsleep(STOP_INTERVAL);
        }
        self.close_channels(Unstopped::GivenUp);
        self.finish_calls();
        self.watchdog.shut_down();
        self.regs.write_reg(regs::INTCLR::from(u32::MAX));
        self.regs.write_reg(regs::INTEN::zeroed());
    }

    /// Closes the channels that have stopped; whether there are no others.
    fn close_channels(&self, unstopped: Unstopped) -> bool {
        let mut slots = [const { None }; MAX_CHANNELS];
        let mut closed = true;

        {
            let shared = &mut *self.shared.lock();

            for (channel, slot) in channels().zip(&mut slots) {
                // What it was doing may have kept it from being killed, and an idle one may have come to a
                // fault behind its event.
                if let Phase::Stopping(..) | Phase::Idle(..) = shared.phase(channel) {
                    self.kill_once(shared, channel);
                    self.settle(shared, channel);
                }
                if let Unstopped::GivenUp = unstopped {
                    self.retire_unless_stopped(shared, channel);
                }
                *slot = self.take_slot(shared, channel);
                closed &= matches!(shared.phase(channel), Phase::Retired);
            }
            self.refuse_all(shared, TransferError::ShuttingDown);
        }
        closed
    }
}

/// What becomes of a channel that does not stop.
#[derive(Clone, Copy)]
enum Unstopped {
    /// It may yet stop.
    Kept,
    /// It is lost, and what it was given, too.
    GivenUp,
}

/// Stops the threads that somebody left running, and prepares our interrupts.
fn reset(regs: &Registers<'_>, config: &Config, port: &mut DebugPort) -> Result<(), ProbeError> {
    let mut events = 0;

    for channel in channels().filter(|&channel| config.may_use(channel)) {
        let state = thread::state(regs, channel);
        let has_stopped =
            || thread::is_port_idle(regs) && thread::state(regs, channel) == ThreadState::STOPPED;

        if state != ThreadState::STOPPED {
            port.kill(regs, Thread::Channel(channel))
                .map_err(|_| ETIMEDOUT)
                .and_then(|()| {
                    read_poll_timeout(
                        || Ok(has_stopped()),
                        |stopped| *stopped,
                        STOP_INTERVAL,
                        STOP_TIMEOUT,
                    )
                })
                // We may have been kept waiting ourselves between the last look and the clock.
                .or_else(|error| has_stopped().then_some(true).ok_or(error))
                .map_err(|_| ProbeError::Running(channel.number(), state))?;
        }
        events |= event_of(channel).bit();
    }
    if thread::is_faulting(regs, Thread::Manager) {
        port.kill(regs, Thread::Manager)
            .map_err(ProbeError::FirstProgram)?;
    }
    regs.write_reg(regs::INTCLR::from(u32::MAX));
    regs.write_reg(regs::INTEN::from(events));
    Ok(())
}
