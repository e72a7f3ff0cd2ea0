// SPDX-License-Identifier: GPL-2.0

//! Model of the driver around the scheduler: interrupt handlers, worker, watchdog, removal.
//!
//! Each method holds the lock of the scheduler once. The worker and the watchdog run if the
//! scheduler asked for them.

mod end;
mod power;

use std::rc::Rc;

use super::{
    channel::State,
    hardware::{
        points_of,
        Channels,
        Kind,
        Memory,
        Program,
        ThreadState,
        MFIFO_LINES, //
    },
    platform::{
        is_overdue,
        Arena,
        Reason,
        Request,
        Rest,
        Scheduler,
        EVENT_CHECKS,
        RETIRE_CHECKS, //
    },
    scheduler::{
        Power,
        MAX_CHANNELS, //
    }, //
};

/// State of a channel before a check. `checks` includes that check.
struct Before {
    state: State,
    request: Option<usize>,
    checks: u32,
}

/// Driver of eight channels.
pub(super) struct Driver {
    pub(super) scheduler: Scheduler,
    /// Program that the worker writes.
    writing: Option<(usize, Rest)>,
    /// Requests with a fault that a worker reports.
    failed: Vec<(Request, Option<Program>, Reason)>,
    /// True if the worker is to run.
    pub(super) is_work_due: bool,
    /// True if the timer of the watchdog runs.
    pub(super) is_watched: bool,
    /// Memory of all programs that were written.
    memories: Vec<Rc<Memory>>,
}

impl Driver {
    pub(super) fn new(usable: u32, queues: usize) -> Self {
        Self {
            scheduler: Scheduler::new(Channels::new(), Arena::new(queues), usable),
            writing: None,
            failed: Vec::new(),
            is_work_due: false,
            is_watched: false,
            memories: Vec::new(),
        }
    }

    pub(super) fn hardware(&mut self) -> &mut Channels {
        &mut self.scheduler.hardware
    }

    pub(super) fn state(&self, channel: usize) -> State {
        self.scheduler.channel(channel).state()
    }

    /// Returns the result of request `index` once it is completed.
    pub(super) fn result(&self, index: usize) -> Option<Result<(), Reason>> {
        let entry = &self.scheduler.platform.entries[index];

        entry.is_completed.then(|| entry.state.result().unwrap())
    }

    /// Takes the actions that the scheduler asks for, and checks it.
    fn unlock(&mut self) {
        let actions = self.scheduler.take_actions();

        self.is_work_due |= actions.work;
        if actions.watch {
            assert!(!self.is_watched, "the watchdog is started twice");
            self.is_watched = true;
        }

        for memory in &self.memories {
            assert!(!memory.is_freed_early.get(), "program freed while it runs");
        }

        let mut held = Vec::new();

        for channel in 0..MAX_CHANNELS {
            if matches!(self.state(channel), State::Running | State::Stopping) {
                let program = self.scheduler.channel(channel).program();

                held.push(program.unwrap().lines());
                assert!(self.is_watched, "no watchdog for {channel}");
            }
        }
        assert!(
            held.len() < 2 || held.iter().sum::<u16>() <= MFIFO_LINES,
            "more lines than the MFIFO has: {held:?}"
        );
    }

    /// Submits a request, and returns its index.
    pub(super) fn submit(
        &mut self,
        kinds: &[Kind],
        queue: Option<usize>,
        timeout_ms: Option<u32>,
    ) -> usize {
        let is_usable = (0..MAX_CHANNELS).any(|it| self.state(it) != State::Retired);
        let arena = &mut self.scheduler.platform;
        let request = arena.add(kinds, queue, timeout_ms);
        let index = request.0;
        let is_accepted = is_usable && !arena.is_shut_down && arena.power != Power::Failed;

        self.memories.push(arena.entries[index].memories[0].clone());
        if is_accepted {
            arena.accept(index);
        }
        self.scheduler.submit(request, queue.as_ref());
        assert!(is_accepted || self.result(index).is_some());
        self.unlock();
        index
    }

    /// Handles the event interrupt.
    pub(super) fn events(&mut self) {
        self.hardware().is_event_raised = false;
        if !self.hardware().is_clocked {
            return;
        }
        for channel in 0..MAX_CHANNELS {
            if self.hardware().events & 1 << channel != 0 {
                self.event(channel);
            }
        }
        self.scheduler.dispatch();
        if std::mem::take(&mut self.hardware().is_progress_pending) {
            let reached = self.reached();

            self.scheduler.progress();
            for (index, points) in reached {
                let known = self.scheduler.platform.entries[index].progress;

                assert!(known >= points, "progress of {index}: {known} of {points}");
            }
        }
        self.unlock();
    }

    /// Returns the requests whose programs run, each with the number of points that it has passed.
    fn reached(&self) -> Vec<(usize, u64)> {
        let reached = (0..MAX_CHANNELS).filter_map(|channel| {
            let thread = &self.scheduler.hardware.threads[channel];
            let is_running =
                self.state(channel) == State::Running && thread.state == ThreadState::Executing;
            let index = self.scheduler.channel(channel).request()?.0;
            let entry = &self.scheduler.platform.entries[index];
            // Before the first point, the program counter tells nothing.
            let reports = entry.memories[entry.starts - 1].passed.get() != 0;

            (is_running && reports).then(|| (index, entry.passed()))
        });

        reached.collect()
    }

    fn event(&mut self, channel: usize) {
        self.hardware().events &= !(1 << channel);
        self.scheduler.platform.event_checks[channel] = 0;
        if self.state(channel) == State::Running {
            let index = self.scheduler.channel(channel).request().unwrap().0;

            self.scheduler.platform.note_event(index);
        }
        self.scheduler.event(channel);
    }

    /// Handles the abort interrupt.
    pub(super) fn faults(&mut self) {
        self.hardware().is_abort_raised = false;
        if !self.hardware().is_clocked {
            return;
        }
        self.stop_faulting();
        self.is_work_due = true;
        self.unlock();
    }

    fn stop_faulting(&mut self) {
        let faulting = self.hardware().faulting();

        for channel in 0..MAX_CHANNELS {
            if faulting & 1 << channel != 0 {
                self.stop(channel, Reason::Fault);
            }
        }
    }

    fn stop(&mut self, channel: usize, reason: Reason) {
        if self.state(channel) == State::Running {
            self.scheduler.platform.checks[channel] = 0;
        }
        self.scheduler.stop(channel, reason);
    }

    /// Worker: ends requests that were stopped.
    pub(super) fn settle(&mut self) {
        self.scheduler.settle();
        self.unlock();
    }

    /// Worker: takes a request with a fault. Returns false if there is none.
    pub(super) fn take_failed(&mut self) -> bool {
        let failed = self.scheduler.take_failed();
        let is_taken = failed.is_some();

        self.failed.extend(failed);
        self.unlock();
        is_taken
    }

    /// Worker: completes the request that it took first. Returns false if there is none.
    pub(super) fn complete(&mut self) -> bool {
        if self.failed.is_empty() {
            return false;
        }

        let (request, program, reason) = self.failed.remove(0);

        assert_eq!(program.as_ref().map(|it| it.request), Some(request.0));
        drop(program);
        self.scheduler.complete(request, Err(reason));
        self.scheduler.dispatch();
        self.unlock();
        true
    }

    /// Worker: takes the rest of a request, unless it writes. Returns false if there is none.
    pub(super) fn take_unwritten(&mut self) -> bool {
        if self.is_writing() {
            return false;
        }

        let found = self.scheduler.take_unwritten(|request| request.0);
        let is_found = found.is_some();

        self.writing = found;
        self.unlock();
        is_found
    }

    pub(super) fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    /// Worker: writes a program for the rest that it took. Returns false if there is none.
    pub(super) fn write(&mut self) -> bool {
        let Some((index, mut rest)) = self.writing.take() else {
            return false;
        };
        let memory = Rc::<Memory>::default();
        let lines = self.scheduler.platform.lines;
        let kind = rest.0.pop_front().unwrap();
        let arena = &mut self.scheduler.platform;
        let entry = &mut arena.entries[index];
        let at = entry.kinds.len() - rest.0.len() - 1;
        let before = points_of(&entry.kinds[..at]);
        let program = Program::new(index, (kind, before), lines, memory.clone());

        self.memories.push(memory.clone());
        if entry.is_waiting() {
            entry.memories.push(memory);
            if std::mem::take(&mut entry.needs_program) {
                arena.set_turn(index);
            }
        }

        let rest = (!rest.0.is_empty()).then_some(rest);

        self.scheduler.written(&index, Ok((program, rest)));
        self.unlock();
        true
    }

    /// Worker: finds no memory for the program of the rest that it took.
    pub(super) fn fail_writing(&mut self) {
        let (index, _) = self.writing.take().unwrap();

        self.scheduler.written(&index, Err(Reason::NoMemory));
        self.unlock();
    }

    /// Worker: starts ready requests.
    pub(super) fn dispatch(&mut self) {
        self.scheduler.dispatch();
        self.unlock();
    }

    /// Runs one round of the worker: it ends one request with a fault after the other, writes one
    /// program, and looks at the channels.
    pub(super) fn work(&mut self) {
        self.is_work_due = false;
        while self.complete() || self.take_failed() {}

        let has_written = self.write() || self.take_unwritten() && self.write();

        self.scheduler.settle();
        self.scheduler.dispatch();
        self.unlock();
        self.is_work_due |= has_written || self.scheduler.is_channel_awaited();
    }

    /// Does a watchdog check, which looks for faults first: the abort interrupt may be lost.
    pub(super) fn check(&mut self) {
        assert!(self.is_watched);
        for channel in 0..MAX_CHANNELS {
            let is_pending = self.hardware().events & 1 << channel != 0;
            let arena = &mut self.scheduler.platform;

            arena.event_checks[channel] = if is_pending {
                arena.event_checks[channel] + 1
            } else {
                0
            };
        }
        self.stop_faulting();
        for checks in &mut self.scheduler.platform.checks {
            *checks += 1;
        }

        let before: [_; MAX_CHANNELS] = std::array::from_fn(|at| {
            let channel = self.scheduler.channel(at);

            Before {
                state: channel.state(),
                request: channel.request().map(|it| it.0),
                checks: self.scheduler.platform.checks[at],
            }
        });

        self.is_watched = self.scheduler.check();
        for (channel, before) in before.into_iter().enumerate() {
            self.after_check(channel, before);
        }
        self.unlock();
    }

    /// Fails if the check did too little, or too much, for `channel`.
    fn after_check(&mut self, channel: usize, before: Before) {
        let state = self.state(channel);
        let request = self.scheduler.channel(channel).request().map(|it| it.0);
        let reason = self.scheduler.channel(channel).reason();
        let arena = &mut self.scheduler.platform;
        let checks = before.checks;
        // A start or a stop restarts the count.
        let is_same =
            (state, request, arena.checks[channel]) == (before.state, before.request, checks);

        if let (State::Running, Some(index)) = (before.state, before.request) {
            let reason = if state == State::Stopping {
                reason
            } else {
                arena.entries[index].state.result().and_then(Result::err)
            };

            if let Some(Reason::Timeout(ms)) = reason {
                assert!(is_overdue(checks, ms), "{ms} ms too soon");
            }
            if state == State::Stopping {
                arena.checks[channel] = 0;
            }
            if is_same {
                let limit = arena.entries[index].timeout_ms;
                let is_pending = arena.event_checks[channel] > 0;

                assert!(arena.event_checks[channel] < EVENT_CHECKS || checks < EVENT_CHECKS);
                assert!(is_pending || !limit.is_some_and(|ms| is_overdue(checks, ms)));
            }
        }
        if state == State::Stopping && is_same {
            // The worker may not have taken a fault whose channel has stopped.
            let may_run = self.hardware().may_run(channel);

            assert!(
                checks < RETIRE_CHECKS || !may_run,
                "{channel} is not retired"
            );
        }
    }

    /// Terminates request `index`.
    pub(super) fn terminate(&mut self, index: usize) {
        let entry = &mut self.scheduler.platform.entries[index];

        entry.is_terminated |= entry.is_waiting();

        let is = |request: &Request| request.0 == index;
        let channel =
            (0..MAX_CHANNELS).find(|&it| self.scheduler.channel(it).request().is_some_and(is));

        if let Some(channel) = channel {
            if self.state(channel) == State::Running {
                self.scheduler.platform.checks[channel] = 0;
            }
        }
        self.scheduler.terminate(&index);

        let state = &self.scheduler.platform.entries[index].state;
        let is_stopping = channel.is_some_and(|it| self.state(it) == State::Stopping);

        assert!(is_stopping || state.result().is_some());
        self.unlock();
    }

    /// Terminates all requests in `queue`.
    pub(super) fn terminate_queue(&mut self, queue: usize) {
        let members = self.scheduler.platform.members(queue);

        for &index in &members {
            let is = |request: &Request| request.0 == index;
            let channel =
                (0..MAX_CHANNELS).find(|&it| self.scheduler.channel(it).request().is_some_and(is));
            let entry = &mut self.scheduler.platform.entries[index];

            entry.is_terminated |= entry.is_waiting();
            if let Some(channel) = channel.filter(|&it| self.state(it) == State::Running) {
                self.scheduler.platform.checks[channel] = 0;
            }
        }
        self.scheduler.terminate_queue(&queue);
        while self.scheduler.end_waiting(&queue) {}
        self.scheduler.stop_queue(&queue);

        // Those behind the first one have ended.
        for index in members.into_iter().skip(1) {
            assert!(self.scheduler.platform.entries[index].is_completed);
        }
        self.unlock();
    }
}
