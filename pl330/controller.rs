// SPDX-License-Identifier: GPL-2.0

//! A controller: its registers, its clock, its program memory and what its channel is doing.

use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::Coherent,
    io::{
        poll::read_poll_timeout,
        Io, //
    },
    new_mutex,
    new_spinlock_irq,
    platform,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex,
        SpinLockIrq, //
    },
    time::{
        msecs_to_jiffies,
        Delta, //
    }, //
};

use super::{
    config::Config,
    error::{
        SetupError,
        TransferError, //
    },
    fault::{
        Fault,
        Thread, //
    },
    insn::{
        Channel,
        Event,
        Instruction, //
    },
    regs::{
        self,
        Registers, //
    },
    thread::{
        self,
        DebugPort,
        ThreadState, //
    }, //
};
use crate::{
    bindings::{
        Completion,
        EnabledClk,
        MemRegion, //
    },
    dma::DmaDevice, //
};

/// The clock of registers and bus.
const CLOCK: &CStr = c"apb_pclk";

/// The channel that we use.
pub(super) const CHANNEL: Channel = Channel::new(0).unwrap();

/// The event that our programs raise, as an interrupt.
pub(super) const EVENT: Event = Event::new(0).unwrap();

/// The room for a program in bytes.
pub(super) const PROGRAM_LEN: usize = 256;

/// How long a killed or ended channel may take to finish its accesses on the bus.
///
/// Hardware takes microseconds. A host that emulates it may be busy with something else, and the
/// price for giving up is the channel.
const STOP_TIMEOUT: Delta = Delta::from_secs(2);
const STOP_INTERVAL: Delta = Delta::from_micros(50);

/// What the channel is doing, as far as we know.
pub(super) enum Phase {
    /// No program of ours.
    Idle,
    /// A program; its interrupt has not come.
    Running,
    /// The program raised its interrupt, or came to a fault and was killed.
    Ended(Result<(), Fault>),
}

/// What interrupt handlers and those who start programs share.
pub(super) struct Shared {
    pub(super) port: DebugPort,
    pub(super) phase: Phase,
    /// The driver leaves the device: nothing is started any more.
    closed: bool,
}

/// A PL330 that is bound to our driver.
///
/// Transfers take turns on one channel; each sleeps until its interrupt.
#[pin_data]
pub(crate) struct Controller<'bound> {
    pub(super) dma: &'bound DmaDevice,
    pub(super) config: Config,
    /// Protects the debug registers as well.
    #[pin]
    pub(super) shared: SpinLockIrq<Shared>,
    /// Completed when `shared.phase` becomes [`Phase::Ended`], or on shutdown.
    #[pin]
    pub(super) ended: Completion,
    /// The program memory; whoever holds it has the channel. `None` once the channel has been lost:
    /// it may still be reading from there.
    #[pin]
    pub(super) program: Mutex<Option<Coherent<[u8]>>>,
    /// How many interrupts of ours were raised.
    pub(super) interrupts: Atomic<u64>,
    pub(super) regs: Registers<'bound>,
    _region: MemRegion,
    /// Below `regs`: the registers need it.
    clock: EnabledClk,
}

impl<'bound> Controller<'bound> {
    /// Maps the registers, switches the clock on, reads the configuration and makes sure that the
    /// channel is stopped. `dma` is that of `pdev`; what the controller is given must be mapped for it.
    ///
    /// # Errors
    ///
    /// All of [`SetupError`] that concern registers, clock, configuration and memory.
    pub(crate) fn new(
        pdev: &'bound platform::Device<Bound>,
        dma: &'bound DmaDevice,
    ) -> Result<Arc<Self>, SetupError> {
        let dev = dma.as_device();
        let resource = pdev.resource_by_index(0).ok_or(SetupError::NoRegisters)?;

        // Left to itself, the kernel crate's mapping of too small a block fails, but stays.
        if resource.size() < regs::SIZE as u64 {
            return Err(SetupError::Registers(EINVAL));
        }

        let region = MemRegion::claim(resource, c"rk3588_dma").map_err(SetupError::Registers)?;
        let regs = pdev
            .io_request_by_index(0)
            .ok_or(SetupError::NoRegisters)?
            .iomap_sized()
            .map_err(SetupError::Registers)?;
        let clock = EnabledClk::get(dev, CLOCK).map_err(SetupError::Clock)?;
        let config = Config::read(&regs)?;

        if config.non_secure && config.non_secure_events & EVENT.bit() == 0 {
            return Err(SetupError::SecureEvent(EVENT.number()));
        }

        let program = Coherent::zeroed_slice(dev, PROGRAM_LEN, GFP_KERNEL)
            .map_err(|error| SetupError::Memory("programs", error))?;
        let controller = Arc::pin_init(
            pin_init!(Self {
                dma,
                config,
                shared <- new_spinlock_irq!(Shared {
                    port: DebugPort::new(),
                    phase: Phase::Idle,
                    closed: false,
                }),
                ended <- Completion::new(),
                program <- new_mutex!(Some(program)),
                interrupts: Atomic::new(0),
                regs,
                _region: region,
                clock,
            }),
            GFP_KERNEL,
        )
        .map_err(|error| SetupError::Memory("the controller", error))?;

        controller.reset()?;
        Ok(controller)
    }

    pub(super) fn dev(&self) -> &Device<Bound> {
        self.dma.as_device()
    }

    /// What the hardware was built with.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The rate of its clock in hertz.
    pub(crate) fn clock_rate(&self) -> c_ulong {
        self.clock.rate()
    }

    /// How often the event interrupt was raised since the controller was bound.
    pub(crate) fn interrupts(&self) -> u64 {
        self.interrupts.load(Relaxed)
    }

    /// Stops what runs and lets nothing start any more. What runs fails with
    /// [`TransferError::ShuttingDown`]; when this returns, it has.
    pub(crate) fn shut_down(&self) {
        {
            let mut shared = self.shared.lock();

            shared.closed = true;
            if let Phase::Running = shared.phase {
                // Who waits for the program kills it again, and sees if that cannot be.
                let _ = shared.port.kill(&self.regs, Thread::Channel(CHANNEL));
            }
        }
        self.ended.complete();

        let _turn = self.program.lock();

        self.regs.write_reg(regs::INTCLR::from(EVENT.bit()));
        self.regs.write_reg(regs::INTEN::zeroed());
    }

    /// Stops the channel if somebody left it running, and prepares our interrupt.
    fn reset(&self) -> Result<(), SetupError> {
        let state = thread::state(&self.regs, CHANNEL);

        if state != ThreadState::STOPPED {
            let killed = self
                .shared
                .lock()
                .port
                .kill(&self.regs, Thread::Channel(CHANNEL));

            killed
                .and_then(|()| self.wait_until_stopped())
                .map_err(|_| SetupError::Running(state))?;
        }
        if thread::is_faulting(&self.regs, Thread::Manager) {
            self.shared
                .lock()
                .port
                .kill(&self.regs, Thread::Manager)
                .map_err(SetupError::FirstProgram)?;
        }
        self.regs.write_reg(regs::INTCLR::from(u32::MAX));
        self.regs.write_reg(regs::INTEN::from(EVENT.bit()));
        Ok(())
    }

    /// Runs the program `code` on the channel until it has raised [`EVENT`], and waits until the
    /// channel has stopped. Sleeps.
    ///
    /// # Errors
    ///
    /// [`Stuck`](TransferError::Stuck) if the channel may still be running. After every other error,
    /// and on success, the channel is stopped and does not use what the program named.
    ///
    /// # Safety
    ///
    /// - `program` is what the caller has locked in `self.program`, so this program is the only one.
    /// - The program reads and writes only what is lent to the hardware for the time of this call,
    ///   and for good if it returns [`Stuck`](TransferError::Stuck).
    pub(super) unsafe fn run(
        &self,
        program: &mut Option<Coherent<[u8]>>,
        code: &[u8; PROGRAM_LEN],
        timeout_ms: u32,
    ) -> Result<(), TransferError> {
        let memory = program.as_ref().ok_or(TransferError::Retired)?;
        let address =
            u32::try_from(memory.dma_address()).map_err(|_| TransferError::Unreachable)?;

        memory.copy_from_slice(code);
        self.ended.forget();
        // SAFETY: The program is at `address`, in memory that nobody writes or frees while we have
        // it. What it does is as the caller promises.
        unsafe { self.start(address)? };
        self.ended.wait_timeout(msecs_to_jiffies(timeout_ms));

        let outcome = self.finish(timeout_ms).and_then(|outcome| {
            self.wait_until_stopped()?;
            Ok(outcome)
        });

        let Ok(outcome) = outcome else {
            self.lose_channel(program);
            return Err(TransferError::Stuck);
        };

        outcome
    }

    /// Gives up the channel, which may go on: with the program that it fetches from, and with a clock
    /// that must not be taken from under its accesses on the bus.
    fn lose_channel(&self, program: &mut Option<Coherent<[u8]>>) {
        core::mem::forget(program.take());
        if let Ok(clock) = EnabledClk::get(self.dev(), CLOCK) {
            core::mem::forget(clock);
        }
        dev_err!(
            self.dev(),
            "channel {} cannot be stopped ({}, debug port {}): it is lost, and its clock stays on\n",
            CHANNEL.number(),
            thread::state(&self.regs, CHANNEL),
            match thread::is_port_idle(&self.regs) {
                true => "idle",
                false => "busy",
            }
        );
    }

    /// Has the manager start the program at `address`.
    ///
    /// # Safety
    ///
    /// As [`DebugPort::execute`].
    unsafe fn start(&self, address: u32) -> Result<(), TransferError> {
        let mut shared = self.shared.lock();

        if shared.closed {
            return Err(TransferError::ShuttingDown);
        }
        // An interrupt of an earlier program, killed after all, must not end this one.
        self.regs.write_reg(regs::INTCLR::from(EVENT.bit()));
        // SAFETY: By the caller's promise.
        unsafe {
            shared.port.execute(
                &self.regs,
                Thread::Manager,
                Instruction::Go {
                    channel: CHANNEL,
                    non_secure: self.config.non_secure,
                    address,
                },
            )?;
        }
        shared.phase = Phase::Running;
        Ok(())
    }

    /// Finds out how the program ended; where it did not, kills it.
    ///
    /// # Errors
    ///
    /// [`Stuck`](TransferError::Stuck) if it cannot be killed.
    fn finish(&self, timeout_ms: u32) -> Result<Result<(), TransferError>, TransferError> {
        const THREAD: Thread = Thread::Channel(CHANNEL);

        let mut shared = self.shared.lock();

        if let Phase::Ended(result) = core::mem::replace(&mut shared.phase, Phase::Idle) {
            return Ok(result.map_err(TransferError::Fault));
        }

        // A fault whose interrupt did not arrive.
        let faulting = [THREAD, Thread::Manager]
            .into_iter()
            .find(|&thread| thread::is_faulting(&self.regs, thread));
        let error = if shared.closed {
            TransferError::ShuttingDown
        } else if let Some(thread) = faulting {
            TransferError::Fault(thread::fault(&self.regs, thread))
        } else if self.regs.read(regs::INTMIS).events().get() & EVENT.bit() != 0 {
            TransferError::LostInterrupt
        } else {
            TransferError::Timeout(timeout_ms)
        };

        // The debug port may still be busy with our DMAGO. Then nothing can be said of the channel.
        shared
            .port
            .kill(&self.regs, THREAD)
            .map_err(|_| TransferError::Stuck)?;
        if faulting == Some(Thread::Manager) {
            shared
                .port
                .kill(&self.regs, Thread::Manager)
                .map_err(|_| TransferError::Stuck)?;
        }
        Ok(Err(error))
    }

    /// Waits until the debug port has no more instruction for the channel, and the channel none to
    /// execute.
    fn wait_until_stopped(&self) -> Result<(), TransferError> {
        let is_stopped = || {
            thread::is_port_idle(&self.regs)
                && thread::state(&self.regs, CHANNEL) == ThreadState::STOPPED
        };

        read_poll_timeout(
            || Ok(is_stopped()),
            |stopped| *stopped,
            STOP_INTERVAL,
            STOP_TIMEOUT,
        )
        .map(|_| ())
        // We may have been kept waiting ourselves between the last look and the clock.
        .or_else(|_| is_stopped().then_some(()).ok_or(TransferError::Stuck))
    }
}
