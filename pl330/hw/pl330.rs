// SPDX-License-Identifier: GPL-2.0

//! Operations on the registers of a controller.

use kernel::{
    io::{
        register::Array,
        Io, //
    },
    prelude::*,
    time::{
        Delta,
        Instant,
        Monotonic, //
    }, //
};

use super::{
    super::{
        backoff::Backoff,
        program::insn::{
            Channel,
            Event,
            Instruction, //
        }, //
    },
    port::{
        DebugPort,
        ThreadState, //
    },
    regs,
    Config,
    Fault,
    HardwareError,
    PortBusy,
    Registers,
    Thread, //
};

/// Largest number of channels of a PL330.
pub(crate) const MAX_CHANNELS: usize = 8;

/// Longest time that a killed channel takes to stop.
const STOP_TIMEOUT: Delta = Delta::from_secs(2);

/// Number of reads of a program counter that the thread is computing, which takes some bus clocks.
const COUNTER_TRIES: usize = 4;

/// Returns an iterator over all channels that a PL330 can have.
pub(crate) fn channels() -> impl Iterator<Item = Channel> {
    (0..MAX_CHANNELS as u8).filter_map(Channel::new)
}

/// Returns the event that the programs of `channel` raise, as an interrupt.
pub(crate) fn event_of(channel: Channel) -> Event {
    const FIRST: Event = Event::new(0).unwrap();

    // A channel's number is below 32.
    Event::new(channel.number()).unwrap_or(FIRST)
}

/// Registers and configuration of a controller.
pub(crate) struct Pl330<'bound> {
    regs: Registers<'bound>,
    config: Config,
    port: DebugPort,
    /// Channels, by bits, whose DMAGO may not have been executed yet.
    starting: u32,
}

impl<'bound> Pl330<'bound> {
    /// Reads the configuration, stops all threads and enables the events of the programs.
    ///
    /// Sleeps, for at most 2 s for each running thread.
    ///
    /// # Errors
    ///
    /// Any [`HardwareError`].
    pub(crate) fn new(regs: Registers<'bound>) -> Result<Self, HardwareError> {
        let config = Config::read(&regs)?;
        let mut this = Self {
            regs,
            config,
            port: DebugPort::new(),
            starting: 0,
        };

        this.reset()?;
        Ok(this)
    }

    /// Stops the threads that were running before the probe, and enables the events.
    fn reset(&mut self) -> Result<(), HardwareError> {
        let config = self.config;

        // The manager first: its program may start channels.
        self.stop_manager()?;
        for channel in channels().filter(|&channel| config.may_use(channel)) {
            self.stop(channel)?;
        }
        self.set_up();
        // After INTEN: INTCLR ignores the bits of events.
        self.clear_events();
        Ok(())
    }

    /// Writes the registers that programs depend on.
    fn set_up(&self) {
        let events = self.enabled_events();

        // Revisions without WD ignore it.
        self.regs.write_reg(regs::WD::zeroed());
        self.regs.write_reg(regs::INTEN::from(events));
    }

    /// Returns the events that are interrupts, by bits.
    fn enabled_events(&self) -> u32 {
        let progress = self.config.progress_event().map_or(0, Event::bit);

        channels()
            .filter(|&channel| self.config.may_use(channel))
            .fold(progress, |events, channel| events | event_of(channel).bit())
    }

    /// Writes INTEN again if it was lost, as in a power-down. Returns true if it was.
    ///
    /// Events that were raised meanwhile stay pending.
    pub(crate) fn restore(&mut self) -> bool {
        let is_lost = self.regs.read(regs::INTEN).events().get() != self.enabled_events();

        if is_lost {
            self.set_up();
        }
        is_lost
    }

    /// Stops `channel`, which may have been running before the probe.
    fn stop(&mut self, channel: Channel) -> Result<(), HardwareError> {
        let state = self.state(channel);

        if state == ThreadState::STOPPED {
            return Ok(());
        }
        // A DMAGO for the channel may be pending since before the probe.
        self.starting |= channel.bit();
        self.poll(|this| {
            let _ = this.kill(channel);

            this.is_stopped(channel)
        })
        .map_err(|_| HardwareError::Running(Thread::Channel(channel), state))
    }

    /// Stops the manager, which may have had a fault, or may have been running, before the probe.
    fn stop_manager(&mut self) -> Result<(), HardwareError> {
        let state = self.manager_state();

        if state == ThreadState::STOPPED {
            return Ok(());
        }
        self.poll(|this| {
            // DMAKILL requires a complete fault.
            if !matches!(
                this.manager_state(),
                ThreadState::STOPPED | ThreadState::KILLING | ThreadState::FAULT_COMPLETING
            ) {
                let _ = this.kill_manager();
            }
            this.manager_state() == ThreadState::STOPPED
        })
        .map_err(|_| HardwareError::Running(Thread::Manager, state))
    }

    /// Calls `is_done` until it returns true, for 2 s at most. Sleeps.
    fn poll(&mut self, mut is_done: impl FnMut(&mut Self) -> bool) -> Result {
        let start = Instant::<Monotonic>::now();
        let mut backoff = Backoff::default();

        loop {
            // Before the check: the task may be preempted after it.
            let is_late = start.elapsed() >= STOP_TIMEOUT;

            if is_done(self) {
                return Ok(());
            }
            if is_late {
                return Err(ETIMEDOUT);
            }
            backoff.sleep();
        }
    }

    fn manager_state(&self) -> ThreadState {
        self.regs.read(regs::DSR).state().into()
    }

    /// Returns the configuration.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Starts the program at `address` on `channel`, which is stopped.
    ///
    /// Waits at most 4 µs. When this returns, the channel may not have started yet.
    ///
    /// # Errors
    ///
    /// [`PortBusy`]. The program is not started then.
    ///
    /// # Safety
    ///
    /// The program at `address` is complete, and does not change until the channel has stopped. It
    /// accesses only memory that stays valid until it has ended.
    pub(crate) unsafe fn start(&mut self, channel: Channel, address: u32) -> Result<(), PortBusy> {
        let go = Instruction::Go {
            channel,
            non_secure: self.config.non_secure,
            address,
        };

        // SAFETY: Requires a complete program and valid memory: the caller guarantees both.
        unsafe { self.port.execute(&self.regs, Thread::Manager, go)? };
        // The port was idle before, so it has executed every earlier DMAGO.
        self.starting = channel.bit();
        Ok(())
    }

    /// Kills `channel`, unless it is stopping or stopped, or its fault is not complete.
    ///
    /// Waits at most 8 µs, not until the channel has stopped: the caller repeats the call.
    ///
    /// # Errors
    ///
    /// [`PortBusy`]. The channel is not killed then.
    pub(crate) fn kill(&mut self, channel: Channel) -> Result<(), PortBusy> {
        // The port may still execute the DMAGO of this channel.
        self.port.wait(&self.regs)?;
        match self.state(channel) {
            ThreadState::STOPPED
            | ThreadState::KILLING
            | ThreadState::COMPLETING
            // DMAKILL requires a complete fault.
            | ThreadState::FAULT_COMPLETING => Ok(()),
            _ => self.kill_thread(Thread::Channel(channel)),
        }
    }

    /// Kills the manager, which has a fault.
    ///
    /// # Errors
    ///
    /// [`PortBusy`].
    pub(crate) fn kill_manager(&mut self) -> Result<(), PortBusy> {
        self.kill_thread(Thread::Manager)
    }

    fn kill_thread(&mut self, thread: Thread) -> Result<(), PortBusy> {
        self.port.kill(&self.regs, thread)?;
        // As in `start`.
        self.starting = 0;
        Ok(())
    }

    /// Returns the state of `channel`.
    pub(crate) fn state(&self, channel: Channel) -> ThreadState {
        match regs::CSR::try_at(channel.number().into()) {
            Some(csr) => self.regs.read(csr).state().into(),
            // A `Channel` is below 8, the array's length. Memory of a running channel is not freed.
            None => ThreadState::EXECUTING,
        }
    }

    /// Returns true if `channel` is stopped, and the port executes no DMAGO for it.
    pub(crate) fn is_stopped(&mut self, channel: Channel) -> bool {
        self.has_started(channel) && self.state(channel) == ThreadState::STOPPED
    }

    /// Returns true if the port has executed the last DMAGO for `channel`.
    fn has_started(&mut self, channel: Channel) -> bool {
        if self.starting & channel.bit() != 0 {
            if !self.is_port_idle() {
                return false;
            }
            // So the channel is stopped only after its program has ended.
            self.starting &= !channel.bit();
        }
        true
    }

    /// Returns true if the debug port executes no instruction.
    pub(crate) fn is_port_idle(&mut self) -> bool {
        self.port.is_idle(&self.regs)
    }

    /// Returns the events that are pending, by bits, whether they are interrupts or not.
    ///
    /// While INTEN is lost, they are not.
    pub(crate) fn raised_events(&self) -> u32 {
        self.regs.read(regs::INT_EVENT_RIS).events().get()
    }

    /// Returns the events that are pending as interrupts, by bits, and clears them.
    pub(crate) fn take_events(&mut self) -> u32 {
        let events = self.regs.read(regs::INTMIS).events().get();

        if events != 0 {
            self.regs.write_reg(regs::INTCLR::from(events));
            // A program that raises its event was started.
            self.starting &= !events;
        }
        events
    }

    /// Clears the events of all channels.
    pub(crate) fn clear_events(&mut self) {
        self.regs.write_reg(regs::INTCLR::from(u32::MAX));
    }

    /// Clears the event of `channel`.
    pub(crate) fn clear_event(&mut self, channel: Channel) {
        // INTCLR ignores it while INTEN is lost.
        self.restore();
        self.regs
            .write_reg(regs::INTCLR::from(event_of(channel).bit()));
    }

    /// Returns the program counter of `channel` in the program that was started last, if it runs.
    ///
    /// Before DMAGO, and when the channel has stopped, the register may have the address of any
    /// program before (TRM, "Operating states": the thread has no valid program counter).
    pub(crate) fn counter_of_running(&mut self, channel: Channel) -> Option<u32> {
        if !self.has_started(channel) {
            return None;
        }

        for _ in 0..COUNTER_TRIES {
            let counter = self.program_counter(channel);

            // Read after the counter: only the caller starts a program, so the channel was running
            // it when the counter was read.
            match self.state(channel) {
                ThreadState::UPDATING_PC => continue,
                state => return state.has_counter().then_some(counter),
            }
        }
        None
    }

    /// Returns the register with the program counter of `channel`.
    fn program_counter(&self, channel: Channel) -> u32 {
        let counter = regs::CPC::try_at(channel.number().into());

        counter.map_or(0, |cpc| self.regs.read(cpc).address().get())
    }

    /// Returns the channels with a fault, by bits.
    pub(crate) fn faulting_channels(&self) -> u32 {
        self.regs.read(regs::FSRC).channels().get()
    }

    /// Returns true if the manager has a fault.
    pub(crate) fn is_manager_faulting(&self) -> bool {
        self.regs.read(regs::FSRD).faulting()
    }

    /// Returns the fault of `thread`, which has one.
    pub(crate) fn fault(&self, thread: Thread) -> Fault {
        let regs = &self.regs;
        let (causes, address) = match thread {
            Thread::Manager => (
                regs.read(regs::FTRD).causes().get(),
                regs.read(regs::DPC).address().get(),
            ),
            Thread::Channel(channel) => (
                regs::FTR::try_at(channel.number().into())
                    .map_or(0, |ftr| regs.read(ftr).causes().get()),
                self.program_counter(channel),
            ),
        };

        Fault {
            thread,
            causes,
            address,
            place: None,
        }
    }

    /// Disables all interrupts.
    pub(crate) fn disable(&mut self) {
        self.regs.write_reg(regs::INTCLR::from(u32::MAX));
        self.regs.write_reg(regs::INTEN::zeroed());
    }
}
