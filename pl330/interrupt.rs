// SPDX-License-Identifier: GPL-2.0

//! The two interrupts of a controller: one for the events of programs, one for faults.

use kernel::{
    io::Io,
    irq::{
        self,
        IrqReturn, //
    },
    prelude::*,
    sync::{
        atomic::Relaxed,
        Arc, //
    }, //
};

use super::{
    controller::Controller,
    engine::{
        channels,
        event_of,
        wait_for,
        Phase,
        Run,
        Shared, //
    },
    error::TransferError,
    fault::{
        Fault,
        Place,
        Thread, //
    },
    program::{
        disasm,
        insn::Channel, //
    },
    regs,
    stop::KILL_TRIES,
    thread::{
        self,
        ThreadState, //
    }, //
};
use crate::bindings;

/// How many instructions before a failed one the kernel log gets, at most.
const CONTEXT: usize = 8;

/// Handles the interrupt that a program raises with DMASEV.
pub(crate) struct EventHandler<'bound>(Arc<Controller<'bound>>);

impl<'bound> EventHandler<'bound> {
    /// A handler for `controller`.
    pub(crate) fn new(controller: Arc<Controller<'bound>>) -> Self {
        Self(controller)
    }
}

impl irq::Handler for EventHandler<'_> {
    fn handle(&self) -> IrqReturn {
        let controller = &*self.0;

        {
            let shared = &mut *controller.shared.lock();
            let raised = controller.regs.read(regs::INTMIS).events().get();

            if raised == 0 {
                return IrqReturn::None;
            }
            controller.regs.write_reg(regs::INTCLR::from(raised));
            for channel in channels().filter(|&channel| raised & event_of(channel).bit() != 0) {
                controller.events.add(1, Relaxed);
                controller.finished(shared, channel);
            }
        }
        controller.dispatch();
        controller.call_back();
        IrqReturn::Handled
    }
}

/// Handles the interrupt that is raised for as long as any thread has a fault.
pub(crate) struct AbortHandler<'bound> {
    controller: Arc<Controller<'bound>>,
    irq: u32,
}

impl<'bound> AbortHandler<'bound> {
    /// A handler for `controller`, whose abort interrupt is number `irq`.
    pub(crate) fn new(controller: Arc<Controller<'bound>>, irq: u32) -> Self {
        Self { controller, irq }
    }
}

impl irq::Handler for AbortHandler<'_> {
    /// Takes down what the faults were, and kills the threads: the line stays up until then.
    fn handle(&self) -> IrqReturn {
        let controller = &*self.controller;
        let regs = &controller.regs;

        {
            let shared = &mut *controller.shared.lock();
            let faulting = regs.read(regs::FSRC).channels().get();
            let mut is_down = true;

            if thread::is_faulting(regs, Thread::Manager) {
                is_down &= controller.manager_failed(shared);
            } else if faulting == 0 {
                return IrqReturn::None;
            }
            for channel in channels().filter(|&channel| faulting & channel.bit() != 0) {
                is_down &= controller.failed(shared, channel);
            }
            if !is_down {
                shared.masked = Some(self.irq);
                // SAFETY: By the device tree binding, `interrupts` are lines of the interrupt controller of
                // the SoC, a GIC, which does not sleep.
                unsafe { bindings::disable_irq_nosync(self.irq) };
                dev_err!(
                    controller.dev(),
                    "a fault does not end: the abort interrupt is disabled, and the watchdog looks \
                     for faults meanwhile\n"
                );
            }
        }
        controller.dispatch();
        controller.call_back();
        IrqReturn::Handled
    }
}

impl<'bound> Controller<'bound> {
    /// Ends what `channel`, which has a fault, was to do; false if the fault stays.
    pub(super) fn failed(&self, shared: &mut Shared<'bound>, channel: Channel) -> bool {
        let mut fault = thread::fault(&self.regs, Thread::Channel(channel));
        let is_ours = match shared.phase(channel) {
            Phase::Running(run) => {
                fault.place = place_of(run, fault);
                true
            }
            Phase::Stopping(..) => true,
            _ => false,
        };
        self.kill(shared, channel);
        self.locate(shared, channel, &mut fault);
        if is_ours {
            self.log(shared, channel, fault);
        } else {
            dev_err!(self.dev(), "{fault}, while it had nothing to do\n");
        }
        self.stop(shared, channel, TransferError::Fault(fault));
        // It may have been stopping before.
        self.settle(shared, channel);
        !thread::is_faulting(&self.regs, Thread::Channel(channel))
    }

    /// Ends what the manager, which has a fault, was to start; false if the fault stays.
    pub(super) fn manager_failed(&self, shared: &mut Shared<'bound>) -> bool {
        let fault = thread::fault(&self.regs, Thread::Manager);
        // While the watchdog listens in place of the interrupt, it finds what was found before.
        let is_known = shared.masked.is_some();
        let mut is_ours = false;
        // A port that is busy now will be tried again.
        let _ = shared.port.kill(&self.regs, Thread::Manager);
        let is_down = wait_for(KILL_TRIES, || {
            !thread::is_faulting(&self.regs, Thread::Manager)
        });

        if !is_known {
            dev_warn!(self.dev(), "{fault}\n");
        }
        for channel in channels() {
            // One that was started and is stopped has raised its event, or was not started after all.
            if matches!(shared.phase(channel), Phase::Running(_))
                && thread::state(&self.regs, channel) == ThreadState::STOPPED
                && self.regs.read(regs::INTMIS).events().get() & event_of(channel).bit() == 0
            {
                self.stop(shared, channel, TransferError::Fault(fault));
                is_ours = true;
            }
        }
        match (is_ours, is_known) {
            (true, true) => dev_warn!(self.dev(), "{fault}\n"),
            (false, false) => {
                dev_err!(self.dev(), "it was not about to start a transfer of ours\n");
            }
            _ => (),
        }
        is_down
    }

    /// Finds out which part of its request a channel was at that has stopped.
    fn locate(&self, shared: &mut Shared<'bound>, channel: Channel, fault: &mut Fault) {
        let (Some(place), true) = (&mut fault.place, self.has_stopped(channel)) else {
            return;
        };
        let phase = shared.phase(channel);

        *phase = match core::mem::replace(phase, Phase::Claimed) {
            Phase::Running(mut run) => {
                let bus = self.config.bus();
                // SAFETY: It has stopped just now, without an order to start it, and under the lock nobody
                // gives one.
                let mut slot = unsafe { run.armed.disarm() };

                place.part = slot.rewrite(|asm| run.task.begun.locate(asm, bus, place.line.offset));
                // What that has overwritten, for those who look at the program.
                let _ = slot.write(|asm| run.task.begun.clone().write(asm, bus, event_of(channel)));
                run.armed = slot.arm();
                Phase::Running(run)
            }
            other => other,
        };
    }

    /// Writes the fault into the kernel log, with the instructions that led to it.
    fn log(&self, shared: &mut Shared<'bound>, channel: Channel, fault: Fault) {
        dev_warn!(self.dev(), "{fault}\n");

        let (Phase::Running(run), Some(place)) = (&*shared.phase(channel), fault.place) else {
            return;
        };
        let code = run.armed.code();
        let upto = || disasm::listing(code).take_while(|line| line.offset <= place.line.offset);

        for line in upto().skip(upto().count().saturating_sub(CONTEXT)) {
            dev_warn!(self.dev(), "  {line}\n");
        }
    }
}

/// Where in its program a channel with a `fault` is: the instruction at its address, or the last one that
/// can have caused it and may have been executed before.
fn place_of(run: &Run<'_>, fault: Fault) -> Option<Place> {
    let code = run.armed.code();
    let offset = fault.address.checked_sub(run.armed.address())? as usize;
    let last = match fault.is_imprecise() {
        true => disasm::executed_upto(code, offset),
        false => offset,
    };
    let line = disasm::listing(code)
        .take_while(|line| line.offset <= last)
        .filter(|line| line.instruction.map_or(true, |it| fault.may_be_of(it)))
        .last()?;

    (line.offset == offset || fault.is_imprecise()).then_some(Place { line, part: None })
}
