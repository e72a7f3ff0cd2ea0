// SPDX-License-Identifier: GPL-2.0

//! Worker: what takes too long for interrupt handlers, or must sleep.
//!
//! It waits for channels that were killed, reports faults, and writes the next programs of long
//! requests while the programs before run.

use core::{
    mem,
    mem::offset_of, //
};

use kernel::{
    list::ListArc,
    prelude::*,
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

use super::{
    fault,
    hardware::thread,
    platform::{
        KernelScheduler,
        Report, //
    },
    power,
    request::Written,
    Engine,
    TransferError, //
};
use crate::bindings::{
    self,
    HasWork, //
};

/// Number of times that the worker checks channels which are to stop, before the watchdog does.
const ROUNDS: usize = 400;

/// Interval of these checks.
const INTERVAL: Delta = Delta::from_micros(25);

/// Name of the worker among the work items of the engine.
pub(super) struct Worker;

// SAFETY:
// - `OFFSET` is that of the field `worker`.
// - By the contract of `Engine::new`, the engine is shut down before it is dropped and before
//   `'bound` ends, which disables the worker.
// - `run` does not drop the engine: a request that it drops may own a reference to it, but by the
//   same contract not the last one.
unsafe impl HasWork<Worker> for Engine<'_> {
    const OFFSET: usize = offset_of!(Self, worker);

    fn run(&self) {
        for _ in 0..ROUNDS {
            while self.report_failure() {}

            // One at a time, so that faults and channels do not wait for long requests.
            let has_written = self.write_next();

            self.log_reports();
            if !self.settle() && !has_written {
                return;
            }
            if !has_written {
                fsleep(INTERVAL);
            }
        }
        self.note_persistent_fault();
        self.log_reports();
        if self.scheduler.lock().is_any_unwritten() {
            self.worker.queue();
        }
    }
}

impl<'bound> Engine<'bound> {
    /// Ends what has stopped and starts what is ready. Returns true if the worker must do it again.
    fn settle(&self) -> bool {
        let (is_needed, actions) = {
            let scheduler = &mut *self.scheduler.lock();

            power::turn_on(scheduler);
            if scheduler.platform.masked_irq.is_some() && scheduler.platform.pm.is_on() {
                fault::stop_faulting(scheduler);
                unmask(scheduler);
            }
            scheduler.settle();
            scheduler.dispatch();

            let mut actions = self.take_actions(scheduler);
            let is_asked_for = actions
                .as_mut()
                .is_some_and(|it| mem::take(&mut it.schedule.work));
            let is_needed = is_asked_for
                || scheduler.is_channel_awaited()
                || scheduler.platform.masked_irq.is_some()
                    && !scheduler.platform.is_persistence_reported;

            (is_needed, actions)
        };

        if let Some(actions) = actions {
            self.act(actions);
        }
        is_needed
    }

    /// Reports a fault, and ends its request. Returns false if there is none.
    fn report_failure(&self) -> bool {
        let (request, program, reason, operation) = {
            let scheduler = &mut *self.scheduler.lock();
            let Some((request, program, reason)) = scheduler.take_failed() else {
                return false;
            };
            let operation = request.state.access_mut(scheduler).begun.take();

            (request, program, reason, operation)
        };
        let reason = match (reason, program) {
            (TransferError::Fault(it), Some(program)) => TransferError::Fault(fault::locate(
                self.dev,
                self.config.limits(),
                it,
                program,
                operation,
            )),
            (reason, _) => reason,
        };

        self.with(|scheduler| {
            scheduler.complete(request, Err(reason));
            scheduler.dispatch();
        });
        true
    }

    /// Writes the next program of a request. Returns false if there is none to write.
    fn write_next(&self) -> bool {
        let found = self.scheduler.lock().take_unwritten(ListArc::clone_arc);
        let Some((request, mut operation)) = found else {
            return false;
        };
        let written = self.write(&mut operation, GFP_KERNEL);

        self.with(|scheduler| {
            let written = written.map(|Written { program, begun }| {
                let state = request.state.access_mut(scheduler);

                state.next_begun = Some(begun);
                state.next_len = program.code().len();
                (program, (!operation.is_written()).then_some(operation))
            });

            scheduler.written(&request, written);
        });
        true
    }

    /// Notes that a fault does not end, once.
    fn note_persistent_fault(&self) {
        let platform = &mut self.scheduler.lock().platform;

        if platform.masked_irq.is_some() && !platform.is_persistence_reported {
            platform.is_persistence_reported = true;
            platform.report(Report::FaultPersists);
        }
    }

    /// Writes the reports of the engine to the kernel log.
    pub(super) fn log_reports(&self) {
        loop {
            let report = self.scheduler.lock().platform.take_report();

            match report {
                Some(report) => self.log(report),
                None => return,
            }
        }
    }

    fn log(&self, report: Report) {
        let dev = self.dev;

        match report {
            Report::InterruptLost(channel) => dev_warn!(
                dev,
                "channel {channel}: event interrupt not received, transfer complete\n"
            ),
            Report::Retired(channel, reason) => {
                let (state, is_idle) = {
                    let hardware = &mut self.scheduler.lock().hardware;

                    (hardware.state(thread(channel)), hardware.is_port_idle())
                };

                dev_err!(
                    dev,
                    "channel {channel} does not stop ({state}, debug port {}): \
                     channel unusable, clock stays on\n",
                    if is_idle { "idle" } else { "busy" }
                );
                if let Some(reason) = reason {
                    dev_err!(dev, "its program had failed before: {reason}\n");
                }
            }
            Report::ManagerFault(fault) => {
                dev_err!(dev, "{fault}, while it started no transfer\n");
            }
            Report::IdleFault(fault) => dev_err!(dev, "{fault}, while the channel was idle\n"),
            Report::RegistersLost => {
                dev_info!(dev, "registers lost, as after a power-down: restored\n")
            }
            Report::FaultPersists => dev_err!(
                dev,
                "fault condition persists: abort interrupt disabled, faults are polled\n"
            ),
        }
    }
}

/// Enables the abort interrupt again, once its line is down.
pub(super) fn unmask(scheduler: &mut KernelScheduler<'_>) {
    if fault::is_any_faulting(scheduler) {
        return;
    }
    scheduler.platform.is_persistence_reported = false;
    if let Some(irq) = scheduler.platform.masked_irq.take() {
        // SAFETY: The interrupt must have been disabled once: the abort handler disabled it, and it
        // is not handled until it is enabled.
        unsafe { bindings::enable_irq(irq) };
    }
}
