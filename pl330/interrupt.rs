// SPDX-License-Identifier: GPL-2.0

//! The two interrupts of a controller: one for the events of programs, one for faults.

use kernel::{
    io::{
        poll::read_poll_timeout_atomic,
        Io, //
    },
    irq::{
        self,
        IrqReturn, //
    },
    prelude::*,
    sync::{
        atomic::Relaxed,
        Arc, //
    },
    time::Delta, //
};

use super::{
    controller::{
        Controller,
        Phase,
        Shared,
        CHANNEL,
        EVENT, //
    },
    error::TransferError,
    fault::Thread,
    insn::Channel,
    regs,
    thread, //
};
use crate::bindings;

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
        let mut shared = controller.shared.lock();
        let raised = controller.regs.read(regs::INTMIS).events().get();

        if raised == 0 {
            return IrqReturn::None;
        }
        controller.regs.write_reg(regs::INTCLR::from(raised));
        if raised & EVENT.bit() != 0 {
            controller.interrupts.add(1, Relaxed);
            if let Phase::Running = shared.phase {
                shared.phase = Phase::Ended(Ok(()));
                controller.ended.complete();
            }
        }
        IrqReturn::Handled
    }
}

/// How often a killed thread is looked at, a microsecond apart, before it counts as stuck.
const KILL_TRIES: usize = 100;

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
    /// Takes down what the fault was, then kills the thread: the line stays up until then.
    fn handle(&self) -> IrqReturn {
        let controller = &*self.controller;
        let regs = &controller.regs;
        let mut shared = controller.shared.lock();
        let channels = regs.read(regs::FSRC).channels().get();
        let manager = regs.read(regs::FSRD).faulting();

        if channels == 0 && !manager {
            return IrqReturn::None;
        }
        for number in 0..controller.config.channels {
            if let Some(channel) = Channel::new(number) {
                if channels & channel.bit() != 0 {
                    self.end(&mut shared, Thread::Channel(channel));
                }
            }
        }
        if manager {
            self.end(&mut shared, Thread::Manager);
        }
        IrqReturn::Handled
    }
}

impl AbortHandler<'_> {
    /// Ends what `thread`, which has a fault, was to do.
    fn end(&self, shared: &mut Shared, thread: Thread) {
        let controller = &*self.controller;
        let fault = thread::fault(&controller.regs, thread);

        // The line stays up until the thread has stopped.
        let stopped = shared.port.kill(&controller.regs, thread).and_then(|()| {
            read_poll_timeout_atomic(
                || Ok(thread::is_faulting(&controller.regs, thread)),
                |faulting| !faulting,
                Delta::from_micros(1),
                KILL_TRIES,
            )
            .map_err(|_| TransferError::Stuck)
        });

        if stopped.is_err() {
            dev_err!(
                controller.dev(),
                "{fault}; it does not stop: the abort interrupt is disabled, and faults are \
                 noticed at the timeout from now on\n"
            );
            // SAFETY: `request_irq()` has accepted a handler without a thread for the interrupt,
            // which it refuses where a chip that sleeps is in between.
            unsafe { bindings::disable_irq_nosync(self.irq) };
        }
        match (thread, &shared.phase) {
            // A manager that has a fault did not start what it was asked to. A channel may come to
            // one after its last interrupt.
            (Thread::Manager | Thread::Channel(CHANNEL), Phase::Running | Phase::Ended(Ok(()))) => {
                shared.phase = Phase::Ended(Err(fault));
                controller.ended.complete();
            }
            _ => dev_err!(controller.dev(), "{fault}, not in a transfer of ours\n"),
        }
    }
}
