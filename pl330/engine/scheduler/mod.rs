// SPDX-License-Identifier: GPL-2.0

//! Scheduler: gives requests to channels, in order.
//!
//! ```text
//!            submit             dispatch              event
//!   request ────────▶ ready ───────────────▶ channel ───────▶ completed
//!              │        ▲  ▲                    │
//!              ▼        │  │ written            │ another program follows
//!            queue ─────┘  unwritten ◀──────────┘
//! ```
//!
//! It is generic over the [`Hardware`] and over the lists that hold requests ([`Platform`]), and
//! has no `unsafe`. It neither sleeps nor waits: a caller that must wait for hardware calls
//! [`settle`](Scheduler::settle) again. Uses `core` alone, so that tests on the host drive it
//! through events in any order.

#![forbid(unsafe_code)]

mod check;
mod close;
mod interface;
mod power;
mod state;
mod write;

pub(super) use check::CHECK_PERIOD_MS;
pub(super) use interface::{
    Hardware,
    NotStarted,
    Platform,
    Reason,
    RequestList, //
};
pub(super) use power::Power;
pub(super) use state::{
    Actions,
    QueueState,
    RequestState, //
};

use core::mem;

use super::channel::{
    Channel,
    State, //
};

/// Largest number of channels of a PL330.
pub(super) const MAX_CHANNELS: usize = 8;

/// Largest number of requests that one call takes from a list, because the caller holds the lock.
const MAX_PER_CALL: usize = 16;

/// Program of a platform.
type ProgramOf<P> = <<P as Platform>::Hardware as Hardware>::Program;

/// Request whose program had a fault, that program, and the fault.
pub(super) type Failure<P> = (
    <P as Platform>::Request,
    Option<ProgramOf<P>>,
    <P as Platform>::Reason,
);

/// Channel of a platform.
pub(super) type ChannelOf<P> = Channel<
    <P as Platform>::Request,
    <<P as Platform>::Hardware as Hardware>::Active,
    <P as Platform>::Reason,
>;

/// Requests that were submitted, and the channels that run them.
pub(super) struct Scheduler<P: Platform> {
    /// Hardware.
    pub(super) hardware: P::Hardware,
    /// State of the platform.
    pub(super) platform: P,
    channels: [ChannelOf<P>; MAX_CHANNELS],
    /// Lines of the MFIFO that the program started last on each channel needs.
    lines: [u16; MAX_CHANNELS],
    /// True if the first ready request waits for lines of the MFIFO.
    is_short_of_lines: bool,
    /// Requests whose turn it is, for the next channel.
    ready: P::List,
    /// Requests whose next program is not written yet.
    unwritten: P::List,
    /// Request that waits for the program that the worker writes now.
    writing: Option<P::Request>,
    /// Channel to try first: the one that has been idle for longest has most likely stopped.
    next: usize,
    is_shutting_down: bool,
    power: Power,
    /// True while the watchdog is started.
    is_watched: bool,
    actions: Actions,
}

impl<P: Platform> Scheduler<P> {
    /// Creates a scheduler for the channels in the mask `usable`.
    pub(super) fn new(hardware: P::Hardware, platform: P, usable: u32) -> Self {
        Self {
            hardware,
            platform,
            channels: core::array::from_fn(|channel| Channel::new(usable & 1 << channel != 0)),
            lines: [0; MAX_CHANNELS],
            is_short_of_lines: false,
            ready: P::List::new(),
            unwritten: P::List::new(),
            writing: None,
            next: 0,
            is_shutting_down: false,
            power: Power::On,
            is_watched: false,
            actions: Actions::default(),
        }
    }

    /// Takes the actions that have come together.
    pub(super) fn take_actions(&mut self) -> Actions {
        mem::take(&mut self.actions)
    }

    /// Returns `channel`.
    pub(super) fn channel(&self, channel: usize) -> &ChannelOf<P> {
        &self.channels[channel % MAX_CHANNELS]
    }

    fn channel_mut(&mut self, channel: usize) -> &mut ChannelOf<P> {
        &mut self.channels[channel % MAX_CHANNELS]
    }

    /// Asks for the worker.
    pub(super) fn ask_for_work(&mut self) {
        self.actions.work = true;
    }

    /// Asks for a watchdog check, unless one is due already.
    pub(super) fn watch(&mut self) {
        if !mem::replace(&mut self.is_watched, true) {
            self.actions.watch = true;
        }
    }

    fn has_channels(&self) -> bool {
        self.channels.iter().any(|it| it.state() != State::Retired)
    }

    /// Submits `request`. With a queue, it runs after the requests already in it.
    pub(super) fn submit(&mut self, request: P::Request, queue: Option<&P::Queue>) {
        if let Some(reason) = self.closed() {
            return self.complete(request, Err(reason));
        }
        if let Some(queue) = queue {
            let terminations = P::queue(self, queue).terminations;

            P::state(self, &request).set_queue(queue.clone(), terminations);

            let state = P::queue(self, queue);

            if mem::replace(&mut state.is_busy, true) {
                return state.waiting.push_back(request);
            }
        }
        self.ready.push_back(request);
        self.dispatch();
    }

    /// Returns the reason for which no request is accepted, if there is one.
    fn closed(&self) -> Option<P::Reason> {
        if self.is_shutting_down {
            return Some(P::Reason::SHUTTING_DOWN);
        }
        if self.power == Power::Failed {
            return Some(P::Reason::NO_POWER);
        }
        (!self.has_channels()).then_some(P::Reason::NO_CHANNELS)
    }

    /// Starts ready requests while channels are idle, at most [`MAX_CHANNELS`] per call.
    pub(super) fn dispatch(&mut self) {
        if let Some(reason) = self.closed() {
            // The end of a request has made the next one of its queue ready.
            return self.fail_waiting(reason);
        }
        if self.power != Power::On {
            return;
        }
        self.is_short_of_lines = false;
        for _ in 0..MAX_CHANNELS {
            let Some(request) = self.ready.pop_front() else {
                return;
            };

            if let Err(request) = self.start(request) {
                self.ready.push_front(request);
                // A program that ends leaves its lines to the request, and then there is a
                // dispatch.
                if !self.is_short_of_lines && self.is_idle_channel_left() {
                    // The channel has not executed the last instruction of its program yet, or the
                    // hardware is busy.
                    self.ask_for_work();
                    self.watch();
                }
                return;
            }
        }
        if !self.ready.is_empty() {
            self.ask_for_work();
        }
    }

    fn is_idle_channel_left(&self) -> bool {
        self.power == Power::On && self.channels.iter().any(|it| it.state() == State::Idle)
    }

    /// Returns true if the worker should look again soon: a channel is about to stop.
    ///
    /// The watchdog alone looks at a killed channel that has not stopped after two of its periods.
    pub(super) fn is_channel_awaited(&self) -> bool {
        self.channels.iter().any(|it| it.stops_soon())
            || !self.ready.is_empty() && !self.is_short_of_lines && self.is_idle_channel_left()
    }

    /// Returns true if the MFIFO has `lines` lines beside those of the programs that run.
    ///
    /// A channel that does not stop may hold its lines for ever. They do not keep a program from
    /// being started if no other one runs.
    fn has_lines(&self, lines: u16) -> bool {
        let is_busy = |state| matches!(state, State::Running | State::Stopping);
        let held = (self.channels.iter().zip(self.lines))
            .filter(|(channel, _)| channel.state() != State::Idle)
            .fold(0u16, |held, (_, lines)| held.saturating_add(lines));

        held.saturating_add(lines) <= self.hardware.lines()
            || !self.channels.iter().any(|it| is_busy(it.state()))
    }

    /// Starts the next program of `request`, or ends it.
    ///
    /// Returns it if that is to be tried again: no channel has stopped, the MFIFO lacks lines for
    /// its program, or the hardware is busy.
    fn start(&mut self, request: P::Request) -> Result<(), P::Request> {
        if P::is_terminated(self, &request) || P::state(self, &request).result.is_some() {
            // It was terminated while it waited.
            self.complete(request, Err(P::Reason::TERMINATED));
            return Ok(());
        }

        let state = P::state(self, &request);

        if let Some(reason) = state.write_error {
            self.complete(request, Err(reason));
            return Ok(());
        }

        let Some(program) = state.program.take() else {
            self.unwritten.push_back(request);
            self.ask_for_work();
            return Ok(());
        };
        let lines = <P::Hardware as Hardware>::lines_of(&program);
        let has_lines = self.has_lines(lines);
        let channel = if has_lines { self.claim() } else { None };
        let Some(channel) = channel else {
            self.is_short_of_lines = !has_lines;
            P::state(self, &request).program = Some(program);
            return Err(request);
        };

        match self.hardware.start(channel, program) {
            Ok(active) => {
                self.lines[channel % MAX_CHANNELS] = lines;
                P::started(self, &request, channel);
                if P::state(self, &request).is_unwritten() {
                    self.ask_for_work();
                }
                self.channel_mut(channel).start(request, active);
                self.watch();
            }
            Err((program, None)) => {
                P::state(self, &request).program = Some(program);
                return Err(request);
            }
            Err((program, Some(error))) => {
                drop(program);
                self.complete(request, Err(error.into()));
            }
        }
        Ok(())
    }

    /// Finds an idle channel that has stopped, and frees its last program.
    fn claim(&mut self) -> Option<usize> {
        for offset in 0..MAX_CHANNELS {
            let at = (self.next + offset) % MAX_CHANNELS;

            if self.channels[at].state() == State::Idle && self.reclaim(at).is_some() {
                self.next = at + 1;
                return Some(at);
            }
        }
        None
    }

    /// Takes the program of `channel` back if it has stopped. `Some(None)` if it had none.
    fn reclaim(&mut self, channel: usize) -> Option<Option<ProgramOf<P>>> {
        let Some(active) = self.channel_mut(channel).take_program() else {
            return Some(None);
        };

        match self.hardware.reclaim(active) {
            Ok(program) => Some(Some(program)),
            Err(active) => {
                self.channel_mut(channel).put_back(active);
                None
            }
        }
    }

    /// Handles the event at the end of the program of `channel`, which the caller has cleared.
    ///
    /// All bytes that the program read have been read, and all that it wrote have been written.
    pub(super) fn event(&mut self, channel: usize) {
        let Some(request) = self.channel_mut(channel).event() else {
            return;
        };
        let state = P::state(self, &request);

        if let Some(reason) = state.write_error {
            return self.complete(request, Err(reason));
        }
        if !state.has_more() {
            return self.complete(request, Ok(()));
        }

        let program = self.channel(channel).program();

        if let Some(done) = program.and_then(|it| self.hardware.done_after(it)) {
            P::progressed(self, &request, done);
        }

        let state = P::state(self, &request);

        if state.program.is_some() {
            // After others, so that a long request does not keep them waiting.
            self.ready.push_back(request);
        } else if state.is_being_written {
            self.writing = Some(request);
        } else {
            self.unwritten.push_back(request);
            self.ask_for_work();
        }
    }

    /// Handles the event by which programs report progress, which the caller has cleared.
    pub(super) fn progress(&mut self) {
        for channel in 0..MAX_CHANNELS {
            let state = self.channels[channel].state();
            let program = self.channels[channel].program();
            let Some(program) = program.filter(|_| state == State::Running) else {
                continue;
            };
            let Some(done) = self.hardware.done_by(program) else {
                continue;
            };

            // The channel gives the request away for a moment, because its state needs the
            // scheduler.
            if let Some(request) = self.channels[channel].take_request() {
                P::progressed(self, &request, done);
                self.channels[channel].put_back_request(request);
            }
        }
    }

    /// Stops the program of `channel` for `reason`, and ends its request if the channel stops at
    /// once.
    pub(super) fn stop(&mut self, channel: usize, reason: P::Reason) {
        if self.channel_mut(channel).stop(reason) {
            self.hardware.kill(channel);
            self.settle_channel(channel);
            self.watch();
        }
    }

    /// Ends the requests whose programs were killed and have stopped.
    pub(super) fn settle(&mut self) {
        for channel in 0..MAX_CHANNELS {
            if self.channels[channel].state() == State::Stopping {
                // A fault that was not complete, or a busy port, may have kept it from being
                // killed.
                self.hardware.kill(channel);
                self.settle_channel(channel);
            }
        }
    }

    fn settle_channel(&mut self, channel: usize) {
        let Some(reason) = self.channel(channel).reason() else {
            return;
        };

        if reason.is_fault() {
            // The worker reports it, with the program.
        } else if self.take_stopped(channel).is_some() {
            return;
        }
        if self.channels[channel].stops_soon() {
            self.ask_for_work();
        }
    }

    /// Takes the program of `channel`, which was killed, once it has stopped, and ends its request.
    fn take_stopped(&mut self, channel: usize) -> Option<()> {
        drop(self.reclaim(channel)?);
        // The program may have raised its event after all, which must not end the next one.
        self.hardware.clear_event(channel);

        let (request, reason) = self.channel_mut(channel).stopped()?;

        self.complete(request, Err(reason));
        Some(())
    }

    /// Takes a request whose program had a fault, with its program, once the channel has stopped.
    ///
    /// The caller reports the fault and then [completes](Self::complete) the request.
    pub(super) fn take_failed(&mut self) -> Option<Failure<P>> {
        for channel in 0..MAX_CHANNELS {
            let is_fault = |reason: P::Reason| reason.is_fault();

            if !self.channels[channel].reason().is_some_and(is_fault) {
                continue;
            }
            if let Some(program) = self.reclaim(channel) {
                self.hardware.clear_event(channel);

                let (request, reason) = self.channels[channel].stopped()?;

                return Some((request, program, reason));
            }
        }
        None
    }

    /// Ends `request` with `result`, and gives the next request of its queue its turn.
    pub(super) fn complete(&mut self, request: P::Request, result: Result<(), P::Reason>) {
        let state = P::state(self, &request);

        // One that was terminated has its result.
        state.result.get_or_insert(result);
        drop((state.program.take(), state.rest.take()));
        if let Some(queue) = state.queue.take() {
            let state = P::queue(self, &queue);

            match state.waiting.pop_front() {
                Some(next) => self.ready.push_back(next),
                None => state.is_busy = false,
            }
        }
        P::completed(self, request);
    }

    /// Terminates the request with `key`, unless it has ended.
    ///
    /// A program that runs is killed. The request has its result when this returns, unless the
    /// channel needs longer to stop.
    pub(super) fn terminate(&mut self, key: &P::Key) {
        let has_key = |request: &P::Request| P::has_key(request, key);
        let running = self
            .channels
            .iter()
            .position(|it| it.request().is_some_and(has_key));

        match running {
            Some(channel) => self.stop(channel, P::Reason::TERMINATED),
            // It waits, and is completed when its turn comes.
            None => {
                P::state_by_key(self, key)
                    .result
                    .get_or_insert(Err(P::Reason::TERMINATED));
            }
        }
        if !self.unwritten.is_empty() {
            self.ask_for_work();
        }
        self.dispatch();
    }
}
