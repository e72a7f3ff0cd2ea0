// SPDX-License-Identifier: GPL-2.0

//! Programs that do not come to their end by themselves: killed, settled once their channel has stopped,
//! and given up if it does not.

use kernel::{
    io::Io,
    prelude::*,
    sync::Arc,
    time::{
        delay::udelay,
        Delta, //
    }, //
};

use super::{
    controller::Controller,
    engine::{
        channels,
        event_of,
        Phase,
        Run,
        Shared, //
    },
    error::TransferError,
    fault::Thread,
    program::insn::Channel,
    regs,
    request::{
        Outcome,
        Request, //
    },
    slot::Slot,
    thread::{
        self,
        ThreadState, //
    }, //
};

/// How often a channel is looked at, a microsecond apart, that was killed.
pub(super) const KILL_TRIES: usize = 100;

impl<'bound> Controller<'bound> {
    /// Stops the program of `channel`, for the reason `error`, and waits a little until it has. After
    /// that the watchdog waits.
    pub(super) fn stop(&self, shared: &mut Shared<'bound>, channel: Channel, error: TransferError) {
        let phase = shared.phase(channel);

        match core::mem::replace(phase, Phase::Claimed) {
            Phase::Running(run) => {
                *phase = Phase::Stopping(Run { looks: 0, ..run }, error);
            }
            other => {
                *phase = other;
                return;
            }
        }
        if !self.has_stopped(channel) {
            self.kill(shared, channel);
        }
        self.settle(shared, channel);
    }

    /// Kills `channel` unless it has stopped, and does not wait: for those who come again.
    pub(super) fn kill_once(&self, shared: &mut Shared<'bound>, channel: Channel) {
        if !self.has_stopped(channel) {
            // A port that is busy now will be tried again.
            let _ = shared.port.kill(&self.regs, Thread::Channel(channel));
        }
    }

    /// Kills `channel`, and waits a little until it has stopped.
    pub(super) fn kill(&self, shared: &mut Shared<'bound>, channel: Channel) {
        let mut is_killed = false;

        // Tried again where the port is busy with something else.
        for _ in 0..KILL_TRIES {
            if !is_killed && thread::is_port_idle(&self.regs) {
                is_killed = shared
                    .port
                    .kill(&self.regs, Thread::Channel(channel))
                    .is_ok();
            }
            if self.has_stopped(channel) {
                return;
            }
            udelay(Delta::from_micros(1));
        }
    }

    /// Whether `channel` is stopped, and the debug registers have no order left to start it: when they
    /// are idle, the state of a channel that was started is not "stopped" any more, unless its program
    /// has ended.
    pub(super) fn has_stopped(&self, channel: Channel) -> bool {
        thread::is_port_idle(&self.regs)
            && thread::state(&self.regs, channel) == ThreadState::STOPPED
    }

    /// Ends what was killed on `channel`, if it has stopped.
    pub(super) fn settle(&self, shared: &mut Shared<'bound>, channel: Channel) {
        if !self.has_stopped(channel) {
            return;
        }

        let phase = shared.phase(channel);

        match core::mem::replace(phase, Phase::Claimed) {
            Phase::Stopping(run, error) => {
                let Run { armed, request, .. } = run;

                // It may have raised its event after all, which must not end the next program.
                self.regs
                    .write_reg(regs::INTCLR::from(event_of(channel).bit()));
                *shared.phase(channel) = Phase::Idle(armed, 0);
                self.end(shared, request, Err(error));
            }
            other => *phase = other,
        }
    }

    /// Takes the program memory of `channel` away for good, if it is idle and has stopped.
    pub(super) fn take_slot(&self, shared: &mut Shared<'bound>, channel: Channel) -> Option<Slot> {
        let has_stopped = thread::state(&self.regs, channel) == ThreadState::STOPPED;
        let phase = shared.phase(channel);

        match core::mem::replace(phase, Phase::Retired) {
            // SAFETY: As in `claim_channel`.
            Phase::Idle(armed, _) if has_stopped => Some(unsafe { armed.disarm() }),
            other => {
                *phase = other;
                None
            }
        }
    }

    /// Gives up a channel that does not stop: with the program that it fetches from, and with a clock
    /// that must not be taken from under its accesses on the bus.
    pub(super) fn retire_unless_stopped(&self, shared: &mut Shared<'bound>, channel: Channel) {
        let has_stopped = match shared.phase(channel) {
            Phase::Idle(..) => thread::state(&self.regs, channel) == ThreadState::STOPPED,
            Phase::Stopping(..) => self.has_stopped(channel),
            _ => true,
        };

        if has_stopped {
            return;
        }
        self.clock.leak();
        dev_err!(
            self.dev(),
            "channel {} does not stop ({}, debug port {}): it is lost, and the clock stays on\n",
            channel.number(),
            thread::state(&self.regs, channel),
            match thread::is_port_idle(&self.regs) {
                true => "idle",
                false => "busy",
            }
        );
        // Dropping what is armed leaks it.
        if let Phase::Stopping(run, error) =
            core::mem::replace(shared.phase(channel), Phase::Retired)
        {
            dev_err!(self.dev(), "what it was to do had failed before: {error}\n");
            self.end(shared, run.request, Err(TransferError::Stuck));
        }
        if !shared.has_channels() {
            self.refuse_all(shared, TransferError::Retired);
        }
    }

    /// Ends `request` as soon as can be, because nobody waits for it any more. Returns what it came
    /// to: [`TransferError::Stuck`] if its program cannot be stopped at once.
    pub(super) fn cancel(&self, request: &Arc<Request<'bound>>) -> Outcome {
        let outcome = {
            let shared = &mut *self.shared.lock();

            if let Some(outcome) = request.state.access_mut(shared).outcome {
                return outcome;
            }

            let running = channels().find(|&channel| match shared.phase(channel) {
                Phase::Running(run) | Phase::Stopping(run, _) => {
                    core::ptr::eq(&*run.request, &**request)
                }
                _ => false,
            });
            let otherwise = match running {
                Some(channel) => {
                    self.stop(shared, channel, TransferError::Cancelled);
                    // It may have been stopping before.
                    self.settle(shared, channel);
                    // Should it go on, then without us.
                    TransferError::Stuck
                }
                // Whoever has it, or comes to it, looks for an outcome before the start.
                None => TransferError::Cancelled,
            };

            *request
                .state
                .access_mut(shared)
                .outcome
                .get_or_insert(Err(otherwise))
        };
        self.dispatch();
        outcome
    }
}
