// SPDX-License-Identifier: GPL-2.0

//! What is done about programs that go on for too long: because they never end, or because nobody was
//! told.
//!
//! A timer that runs while the controller is busy looks at what was there when it looked before. So a
//! transfer that takes less than its period costs no register access, as long as none waits for a
//! channel.

use core::mem::offset_of;

use kernel::{
    io::Io,
    prelude::*, //
};

use super::{
    controller::Controller,
    engine::{
        channels,
        event_of,
        Phase,
        Shared, //
    },
    error::TransferError,
    fault::Thread,
    program::insn::Channel,
    regs,
    thread::{
        self,
        ThreadState, //
    }, //
};
use crate::bindings::{
    self,
    HasTimer, //
};

/// How often it looks, in milliseconds.
pub(super) const PERIOD_MS: u32 = 100;

/// How often it looks at a channel that does not stop, before it gives the channel up.
///
/// Hardware takes microseconds. A host that emulates it may be busy with something else.
const STOP_LOOKS: u32 = 20;

// SAFETY:
// - The timer is the first field of a `Controller`, which has no `Drop`.
// - By the contract of `Controller::new` it is shut down before the last reference is dropped, and before
//   `'bound` ends. A callback may drop a reference, but for that reason not the last one.
unsafe impl HasTimer for Controller<'_> {
    const OFFSET: usize = offset_of!(Self, watchdog);

    fn expired(&self) {
        {
            let shared = &mut *self.shared.lock();

            shared.is_watched = false;
            self.look(shared);
            if shared.is_busy() {
                self.watch(shared);
            }
        }
        self.dispatch();
        self.call_back();
    }
}

impl<'bound> Controller<'bound> {
    fn look(&self, shared: &mut Shared<'bound>) {
        let mut is_needed = !shared.ready.is_empty() || shared.masked.is_some();

        for phase in &mut shared.channels {
            if let Phase::Running(run) | Phase::Stopping(run, _) = phase {
                run.looks = run.looks.saturating_add(1);
                is_needed |= run.looks > 1;
            }
        }
        if !is_needed {
            return;
        }

        if thread::is_faulting(&self.regs, Thread::Manager) {
            self.manager_failed(shared);
        }

        let faulting = self.regs.read(regs::FSRC).channels().get();
        let is_waited_for = !shared.ready.is_empty();

        for channel in channels() {
            match shared.phase(channel) {
                Phase::Running(run) if run.looks > 1 => {
                    if faulting & channel.bit() != 0 {
                        self.failed(shared, channel);
                    } else {
                        self.look_at(shared, channel);
                    }
                }
                Phase::Stopping(run, _) => {
                    let is_given_up = run.looks > STOP_LOOKS;

                    // What it was doing may have kept it from being killed.
                    self.kill_once(shared, channel);
                    self.settle(shared, channel);
                    if is_given_up {
                        self.retire_unless_stopped(shared, channel);
                    }
                }
                Phase::Idle(_, looks) if is_waited_for => {
                    *looks = match thread::state(&self.regs, channel) {
                        ThreadState::STOPPED => 0,
                        _ => *looks + 1,
                    };

                    let looks = *looks;

                    // It may have come to a fault behind its event.
                    if looks != 0 {
                        self.kill_once(shared, channel);
                    }
                    if looks > STOP_LOOKS {
                        self.retire_unless_stopped(shared, channel);
                    }
                }
                _ => (),
            }
        }
        if shared.masked.is_some() {
            self.unmask(shared);
        }
    }

    /// Looks at a program that has been running for at least a period, without a fault.
    fn look_at(&self, shared: &mut Shared<'bound>, channel: Channel) {
        let event = event_of(channel).bit();
        // In this order: one that stops after it was looked at has raised its event before.
        let has_stopped = thread::state(&self.regs, channel) == ThreadState::STOPPED;
        let is_raised = self.regs.read(regs::INTMIS).events().get() & event != 0;

        let timeout_ms = match shared.phase(channel) {
            Phase::Running(run) if is_raised && !run.is_raised => {
                // The handler may be on its way.
                run.is_raised = true;
                return;
            }
            Phase::Running(run) => run.request.timeout_ms,
            _ => return,
        };

        if is_raised {
            self.regs.write_reg(regs::INTCLR::from(event));
            dev_warn!(
                self.dev(),
                "channel {}: the interrupt did not arrive, but the transfer is complete\n",
                channel.number()
            );
            self.finished(shared, channel);
        } else if has_stopped {
            self.stop(shared, channel, TransferError::NoEvent);
        } else if self.is_overdue(shared, channel, timeout_ms) {
            self.stop(shared, channel, TransferError::Timeout(timeout_ms));
        }
    }

    fn is_overdue(&self, shared: &mut Shared<'bound>, channel: Channel, timeout_ms: u32) -> bool {
        match shared.phase(channel) {
            Phase::Running(run) => (run.looks - 1).saturating_mul(PERIOD_MS) >= timeout_ms,
            _ => false,
        }
    }

    /// Listens to the abort interrupt again, once its line is down.
    fn unmask(&self, shared: &mut Shared<'bound>) {
        let is_up = self.regs.read(regs::FSRC).channels().get() != 0
            || thread::is_faulting(&self.regs, Thread::Manager);

        if is_up {
            return;
        }
        if let Some(irq) = shared.masked.take() {
            // SAFETY: It was disabled by the abort handler, which has told us once; see there.
            unsafe { bindings::enable_irq(irq) };
        }
    }
}
