// SPDX-License-Identifier: GPL-2.0

//! From a request to a running program, and to its end.
//!
//! ```text
//!              submit            dispatch                    interrupt
//!   Request ──────────▶ ready ──────────────▶ claimed, running ────────▶ ended
//!              │          ▲                         │
//!              ▼          │ its turn                │ more programs
//!           its line ─────┴──◀──────────────────────┘
//! ```
//!
//! Nothing here sleeps or allocates, and no wait for a register is longer than 10 µs, or 120 µs for a
//! channel that has failed. So a request can be submitted in any context, and the end of one starts the next
//! in the interrupt handler itself. What takes time is to write a program; that is done without the lock, but
//! without interrupts, too. Whoever submits may come to write the programs of others, [`MAX_CHANNELS`] at
//! most, and while a fault is being dealt with, waits for the lock.

use kernel::{
    interrupt::local_interrupt_disable,
    io::poll::read_poll_timeout_atomic,
    list::{
        List,
        ListArc, //
    },
    prelude::*,
    sync::Arc,
    time::{
        msecs_to_jiffies,
        Delta, //
    }, //
};

use super::{
    controller::Controller,
    error::TransferError,
    fault::Thread,
    program::insn::{
        Channel,
        Event,
        Instruction, //
    },
    request::{
        Line,
        Outcome,
        Request,
        Task, //
    },
    slot::{
        Armed,
        Slot, //
    },
    thread::{
        self,
        DebugPort,
        ThreadState, //
    },
    watchdog, //
};

/// The most channels that a PL330 can have.
pub(super) const MAX_CHANNELS: usize = 8;

/// How often a channel is looked at, a microsecond apart, that has raised its event and not stopped
/// yet: all it has left to do is DMAEND.
const END_TRIES: usize = 10;

/// What a channel is doing, as far as we know.
pub(super) enum Phase<'bound> {
    /// Nothing, or no more than the DMAEND of its last program. So many times the watchdog has seen
    /// that it had not come to that.
    Idle(Armed, u32),
    /// Somebody writes a program for it.
    Claimed,
    /// A program.
    Running(Run<'bound>),
    /// A program that was killed, for this reason, and perhaps goes on.
    Stopping(Run<'bound>, TransferError),
    /// It does not stop, or may not be used.
    Retired,
}

/// A program on a channel.
pub(super) struct Run<'bound> {
    pub(super) armed: Armed,
    pub(super) task: KBox<Task>,
    pub(super) request: ListArc<Request<'bound>>,
    /// How many times the watchdog has looked at it in this phase.
    pub(super) looks: u32,
    /// The watchdog has seen its interrupt raised.
    pub(super) is_raised: bool,
}

/// What interrupt handlers and those who submit requests share.
pub(super) struct Shared<'bound> {
    pub(super) port: DebugPort,
    pub(super) channels: [Phase<'bound>; MAX_CHANNELS],
    /// How many programs each of them was given.
    programs: [u64; MAX_CHANNELS],
    /// Requests whose turn it is, for the next channel.
    pub(super) ready: List<Request<'bound>>,
    /// Requests that have ended, and whose callbacks are still to be called, in this order.
    pub(super) ended: List<Request<'bound>>,
    /// Somebody calls back.
    pub(super) is_calling: bool,
    /// The channel to be tried first: the one that has been idle for longest is the most likely to
    /// have stopped.
    next: usize,
    /// The driver leaves the device: nothing is started any more.
    pub(super) is_closed: bool,
    /// It has left: there is neither interrupt nor watchdog to call anybody back.
    pub(super) is_gone: bool,
    /// The watchdog is armed.
    pub(super) is_watched: bool,
    /// The abort interrupt, if it was disabled: its line would not go down.
    pub(super) masked: Option<u32>,
}

/// A channel to write a program for.
struct Claim<'bound> {
    channel: Channel,
    slot: Slot,
    task: KBox<Task>,
    request: ListArc<Request<'bound>>,
}

impl<'bound> Shared<'bound> {
    /// With a slot for each channel that may be used.
    pub(super) fn new(port: DebugPort, slots: [Option<Slot>; MAX_CHANNELS]) -> Self {
        Self {
            port,
            channels: slots.map(|slot| match slot {
                Some(slot) => Phase::Idle(slot.arm(), 0),
                None => Phase::Retired,
            }),
            programs: [0; MAX_CHANNELS],
            ready: List::new(),
            ended: List::new(),
            is_calling: false,
            next: 0,
            is_closed: false,
            is_gone: false,
            is_watched: false,
            masked: None,
        }
    }

    pub(super) fn phase(&mut self, channel: Channel) -> &mut Phase<'bound> {
        // A `Channel` is below 8, the length of the array.
        &mut self.channels[usize::from(channel.number()) % MAX_CHANNELS]
    }

    /// How many programs `channel` was given.
    pub(super) fn programs(&mut self, channel: Channel) -> &mut u64 {
        &mut self.programs[usize::from(channel.number()) % MAX_CHANNELS]
    }

    /// Whether there is a channel left.
    pub(super) fn has_channels(&self) -> bool {
        !self
            .channels
            .iter()
            .all(|phase| matches!(phase, Phase::Retired))
    }

    /// Whether a program is being written.
    pub(super) fn has_claims(&self) -> bool {
        self.channels
            .iter()
            .any(|phase| matches!(phase, Phase::Claimed))
    }

    /// Whether there is something for the watchdog to look after.
    pub(super) fn is_busy(&self) -> bool {
        !self.ready.is_empty()
            || !self.ended.is_empty()
            || self.masked.is_some()
            || self
                .channels
                .iter()
                .any(|phase| matches!(phase, Phase::Running(_) | Phase::Stopping(..)))
    }
}

/// All channels.
pub(super) fn channels() -> impl Iterator<Item = Channel> {
    (0..MAX_CHANNELS as u8).filter_map(Channel::new)
}

/// The event that the programs of `channel` raise, as an interrupt.
pub(super) fn event_of(channel: Channel) -> Event {
    const FIRST: Event = Event::new(0).unwrap();

    // A channel's number is below 32.
    Event::new(channel.number()).unwrap_or(FIRST)
}

impl<'bound> Controller<'bound> {
    /// Has `request` done, behind those of `line` if it has one. Callable from any context. Calls nobody
    /// back: whoever submits may hold what callbacks take. Once the driver has left the device there is
    /// nobody else to call the request's own.
    pub(super) fn submit(
        &self,
        request: ListArc<Request<'bound>>,
        line: Option<&Arc<Line<'bound>>>,
    ) {
        let refused = {
            let shared = &mut *self.shared.lock();

            if shared.is_closed {
                Some((request, TransferError::ShuttingDown))
            } else if !shared.has_channels() {
                Some((request, TransferError::Retired))
            } else {
                self.queue(shared, request, line);
                None
            }
        };

        match refused {
            Some((request, error)) => self.refuse(request, error),
            None => self.dispatch(),
        }
    }

    fn queue(
        &self,
        shared: &mut Shared<'bound>,
        request: ListArc<Request<'bound>>,
        line: Option<&Arc<Line<'bound>>>,
    ) {
        if let Some(line) = line {
            request.state.access_mut(shared).line = Some(line.clone());

            let line = line.state.access_mut(shared);

            if line.is_busy {
                line.waiting.push_back(request);
                return;
            }
            line.is_busy = true;
        }
        shared.ready.push_back(request);
    }

    /// Starts what is ready, for as long as there are channels; as many programs as there can be
    /// channels. By then others have ended, and are told of, or all have failed, and the watchdog goes on.
    pub(super) fn dispatch(&self) {
        for _ in 0..MAX_CHANNELS {
            // Nobody looks after a channel that was claimed, so its program is written at one go.
            let _interrupts = local_interrupt_disable();
            let claim = self.claim(&mut self.shared.lock());

            match claim {
                Some(claim) => self.start(claim),
                None => return,
            }
        }

        let shared = &mut *self.shared.lock();

        if !shared.ready.is_empty() {
            self.watch(shared);
        }
    }

    /// Takes the next request and a channel for it.
    fn claim(&self, shared: &mut Shared<'bound>) -> Option<Claim<'bound>> {
        loop {
            let request = shared.ready.pop_front()?;
            let state = request.state.access_mut(shared);

            let (None, Some(task)) = (state.outcome, state.task.take()) else {
                // It was given up while it waited.
                self.end(shared, request, Err(TransferError::Cancelled));
                continue;
            };
            let Some((channel, slot)) = self.claim_channel(shared) else {
                request.state.access_mut(shared).task = Some(task);
                shared.ready.push_front(request);
                self.watch(shared);
                return None;
            };

            return Some(Claim {
                channel,
                slot,
                task,
                request,
            });
        }
    }

    /// Takes a channel that has stopped.
    fn claim_channel(&self, shared: &mut Shared<'bound>) -> Option<(Channel, Slot)> {
        let mut tries = END_TRIES;
        let next = shared.next;
        let channel = (0..MAX_CHANNELS)
            // CAST: Less than that.
            .filter_map(|at| Channel::new(((next + at) % MAX_CHANNELS) as u8))
            .filter(|&channel| matches!(shared.phase(channel), Phase::Idle(..)))
            .find(|&channel| {
                // The others do not get any more time: there is a bound for all of them.
                let tries = core::mem::replace(&mut tries, 1);

                wait_for(tries, || {
                    thread::state(&self.regs, channel) == ThreadState::STOPPED
                })
            })?;
        let phase = shared.phase(channel);

        match core::mem::replace(phase, Phase::Claimed) {
            Phase::Idle(armed, _) => {
                shared.next = usize::from(channel.number()) + 1;
                // SAFETY: The channel has stopped. The order to start its last program was carried
                // out, or that program would not have ended; for one that was killed, `settle` has
                // looked.
                Some((channel, unsafe { armed.disarm() }))
            }
            other => {
                *phase = other;
                None
            }
        }
    }

    /// Writes the next program of what was claimed, and has the manager start it.
    fn start(&self, claim: Claim<'bound>) {
        let Claim {
            channel,
            mut slot,
            mut task,
            request,
        } = claim;

        task.begun = task.work.clone();

        let written = slot.write(|asm| task.work.write(asm, self.config.bus(), event_of(channel)));
        let armed = slot.arm();

        {
            let shared = &mut *self.shared.lock();
            let refusal = if shared.is_closed {
                Some(TransferError::ShuttingDown)
            } else if request.has_ended(shared) {
                Some(TransferError::Cancelled)
            } else if let Err(error) = written {
                Some(error.into())
            } else {
                let go = Instruction::Go {
                    channel,
                    non_secure: self.config.non_secure,
                    address: armed.address(),
                };

                // SAFETY: The program is complete, and is not written before it has ended. By the
                // invariants of `Request` it uses what is lent until then.
                unsafe { shared.port.execute(&self.regs, Thread::Manager, go) }.err()
            };

            if let Some(error) = refusal {
                *shared.phase(channel) = Phase::Idle(armed, 0);
                self.end(shared, request, Err(error));
            } else {
                request
                    .state
                    .access_mut(shared)
                    .count_program(armed.code().len());
                *shared.programs(channel) += 1;
                *shared.phase(channel) = Phase::Running(Run {
                    armed,
                    task,
                    request,
                    looks: 0,
                    is_raised: false,
                });
                self.watch(shared);
            }
        }
    }

    /// The program of `channel` has raised its event: all it read has been read, and all it wrote has
    /// been written. Its interrupt was lowered.
    pub(super) fn finished(&self, shared: &mut Shared<'bound>, channel: Channel) {
        let phase = shared.phase(channel);
        let Run {
            armed,
            task,
            request,
            ..
        } = match core::mem::replace(phase, Phase::Claimed) {
            Phase::Running(run) => run,
            // It was killed in spite of that, or it is not ours.
            other => {
                *phase = other;
                return;
            }
        };

        *phase = Phase::Idle(armed, 0);
        if task.work.is_written() {
            let ran = request.state.access_mut(shared).ran();

            self.end(shared, request, Ok(ran));
        } else {
            // Behind others, so that nobody waits for all of a long one.
            request.state.access_mut(shared).task = Some(task);
            shared.ready.push_back(request);
        }
    }

    /// Ends all that is ready, and what waits behind it.
    pub(super) fn refuse_all(&self, shared: &mut Shared<'bound>, error: TransferError) {
        while let Some(request) = shared.ready.pop_front() {
            self.end(shared, request, Err(error));
        }
    }

    /// Takes down what `request` came to, tells those who wait for it, and lets the next one of its line
    /// have its turn. With a callback it is left to [`call_back`](Self::call_back), and in the end to
    /// the watchdog.
    ///
    /// By the invariants of [`Request`], no program of it runs, nor will, unless it is `Stuck`.
    pub(super) fn end(
        &self,
        shared: &mut Shared<'bound>,
        request: ListArc<Request<'bound>>,
        outcome: Outcome,
    ) {
        let state = request.state.access_mut(shared);
        let line = state.line.take();
        let has_callback = state.finish.is_some();

        // One that was given up has its outcome.
        state.outcome.get_or_insert(outcome);
        if let Some(line) = line {
            let line = line.state.access_mut(shared);

            match line.waiting.pop_front() {
                Some(next) => shared.ready.push_back(next),
                None => line.is_busy = false,
            }
        }
        if has_callback {
            shared.ended.push_back(request);
            self.watch(shared);
        } else {
            request.ended.complete_all();
        }
    }

    /// What `request`, which has ended, came to.
    pub(super) fn outcome(&self, request: &Request<'bound>) -> Outcome {
        request
            .state
            .access_mut(&mut self.shared.lock())
            .outcome
            .unwrap_or(Err(TransferError::Stuck))
    }

    /// Has the watchdog look after what was started.
    pub(super) fn watch(&self, shared: &mut Shared<'bound>) {
        if !shared.is_watched && !shared.is_gone {
            shared.is_watched = true;
            self.watchdog.arm(msecs_to_jiffies(watchdog::PERIOD_MS));
        }
    }
}

/// Waits until `condition` holds, looking `tries` times, a microsecond apart; whether it does.
pub(super) fn wait_for(tries: usize, condition: impl Fn() -> bool) -> bool {
    if tries == 1 {
        return condition();
    }
    read_poll_timeout_atomic(
        || Ok(condition()),
        |holds| *holds,
        Delta::from_micros(1),
        tries,
    )
    .is_ok()
}
