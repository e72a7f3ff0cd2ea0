// SPDX-License-Identifier: GPL-2.0

//! Requests in an arena, and the checks of each start and of each completion.

use std::{
    collections::VecDeque,
    rc::Rc, //
};

use super::{
    channel::State,
    hardware::{
        Channels,
        Course,
        Kind,
        Memory,
        PortBusy,
        Program,
        MFIFO_LINES, //
    },
    scheduler::{
        self,
        Platform,
        Power,
        QueueState,
        RequestList,
        RequestState,
        CHECK_PERIOD_MS,
        MAX_CHANNELS, //
    }, //
};

/// Scheduler of the model.
pub(super) type Scheduler = scheduler::Scheduler<Arena>;

/// Number of checks after which a channel that does not stop is retired.
pub(super) const RETIRE_CHECKS: u32 = 21;

/// Number of checks after which the watchdog handles a pending event.
pub(super) const EVENT_CHECKS: u32 = 3;

/// Reason for which a request ends without success.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reason {
    Terminated,
    ShuttingDown,
    Stuck,
    NoChannels,
    NoEvent,
    Timeout(u32),
    Fault,
    PortBusy,
    NoMemory,
    NoPower,
}

impl scheduler::Reason for Reason {
    const TERMINATED: Self = Self::Terminated;
    const SHUTTING_DOWN: Self = Self::ShuttingDown;
    const STUCK: Self = Self::Stuck;
    const NO_CHANNELS: Self = Self::NoChannels;
    const NO_EVENT: Self = Self::NoEvent;
    const NO_POWER: Self = Self::NoPower;

    fn timeout(ms: u32) -> Self {
        Self::Timeout(ms)
    }

    fn is_fault(&self) -> bool {
        *self == Self::Fault
    }
}

impl From<PortBusy> for Reason {
    fn from(_: PortBusy) -> Self {
        Self::PortBusy
    }
}

/// Reference to a request: its index in the arena.
pub(super) struct Request(pub(super) usize);

/// Kinds of the programs of a request that are still to be written.
pub(super) struct Rest(pub(super) VecDeque<Kind>);

/// List of requests.
#[derive(Default)]
pub(super) struct List(VecDeque<Request>);

impl RequestList<Request> for List {
    fn new() -> Self {
        Self::default()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn push_back(&mut self, request: Request) {
        self.0.push_back(request);
    }

    fn push_front(&mut self, request: Request) {
        self.0.push_front(request);
    }

    fn pop_front(&mut self) -> Option<Request> {
        self.0.pop_front()
    }
}

/// Request, with what a test knows of it.
pub(super) struct Entry {
    pub(super) state: RequestState<Arena>,
    /// Kinds of all its programs.
    pub(super) kinds: Vec<Kind>,
    queue: Option<usize>,
    pub(super) timeout_ms: Option<u32>,
    /// Memory of the programs that were written.
    pub(super) memories: Vec<Rc<Memory>>,
    /// Channel on which a program of it was started last.
    channel: Option<usize>,
    /// Number of programs that were started.
    pub(super) starts: usize,
    /// Order of its turn: a request with a smaller number starts first.
    turn: Option<u64>,
    /// True from an event whose next program is not written.
    pub(super) needs_program: bool,
    pub(super) is_terminated: bool,
    pub(super) is_completed: bool,
    /// Number of points that the scheduler knows to have been passed, ends of programs included.
    pub(super) progress: u64,
}

impl Entry {
    /// Returns the number of points that its programs have passed, their ends included.
    pub(super) fn passed(&self) -> u64 {
        let of_one = |it: &Rc<Memory>| it.passed.get() + u64::from(it.is_signalled.get());

        self.memories.iter().map(of_one).sum()
    }

    pub(super) fn is_waiting(&self) -> bool {
        !self.is_completed && self.state.result().is_none()
    }
}

/// Requests and queues in memory, with a log of completions.
pub(super) struct Arena {
    pub(super) entries: Vec<Entry>,
    queues: Vec<QueueState<Arena>>,
    /// Requests of each queue that were accepted and are not completed, in order.
    members: Vec<VecDeque<usize>>,
    /// Requests in the order of their completions.
    pub(super) completed: Vec<usize>,
    /// Lines of the MFIFO that the next programs need.
    pub(super) lines: u16,
    next_turn: u64,
    /// Number of checks since the start of the program, or since it was stopped.
    pub(super) checks: [u32; MAX_CHANNELS],
    /// Number of checks that found the event pending.
    pub(super) event_checks: [u32; MAX_CHANNELS],
    pub(super) is_shut_down: bool,
    pub(super) power: Power,
    /// True once the driver has lost patience, and retires what has not stopped.
    pub(super) is_closing: bool,
    /// Channels that were retired because they did not stop.
    pub(super) retired: Vec<(usize, Option<Reason>)>,
    /// Number of events whose interrupts were lost.
    pub(super) lost: usize,
}

impl Arena {
    pub(super) fn new(queues: usize) -> Self {
        Self {
            entries: Vec::new(),
            queues: (0..queues).map(|_| QueueState::new()).collect(),
            members: vec![VecDeque::new(); queues],
            completed: Vec::new(),
            lines: MFIFO_LINES / MAX_CHANNELS as u16,
            next_turn: 0,
            checks: [0; MAX_CHANNELS],
            event_checks: [0; MAX_CHANNELS],
            is_shut_down: false,
            power: Power::On,
            is_closing: false,
            retired: Vec::new(),
            lost: 0,
        }
    }

    /// Adds a request with its first program.
    pub(super) fn add(
        &mut self,
        kinds: &[Kind],
        queue: Option<usize>,
        timeout_ms: Option<u32>,
    ) -> Request {
        let index = self.entries.len();
        let memory = Rc::<Memory>::default();
        let program = Program::new(index, (kinds[0], 0), self.lines, memory.clone());
        let rest = (kinds.len() > 1).then(|| Rest(kinds[1..].iter().copied().collect()));

        self.entries.push(Entry {
            state: RequestState::new(program, rest, timeout_ms),
            kinds: kinds.to_vec(),
            queue,
            timeout_ms,
            memories: vec![memory],
            channel: None,
            starts: 0,
            turn: None,
            needs_program: false,
            is_terminated: false,
            is_completed: false,
            progress: 0,
        });
        Request(index)
    }

    /// Returns the requests in `queue`.
    pub(super) fn members(&self, queue: usize) -> Vec<usize> {
        self.members[queue].iter().copied().collect()
    }

    /// Notes that the scheduler accepts a request.
    pub(super) fn accept(&mut self, index: usize) {
        match self.entries[index].queue {
            Some(queue) => {
                self.members[queue].push_back(index);
                if self.members[queue].len() == 1 {
                    self.set_turn(index);
                }
            }
            None => self.set_turn(index),
        }
    }

    /// Notes that `index` is ready, after all that are ready now.
    pub(super) fn set_turn(&mut self, index: usize) {
        self.entries[index].turn = Some(self.next_turn);
        self.next_turn += 1;
    }

    /// Handles an event: another program may follow.
    pub(super) fn note_event(&mut self, index: usize) {
        let entry = &mut self.entries[index];

        if entry.starts < entry.kinds.len() {
            entry.needs_program = entry.state.program.is_none();
            if !entry.needs_program {
                self.set_turn(index);
            }
        }
    }

    /// Fails unless `result` is the right one for request `index`.
    fn check_result(scheduler: &Scheduler, index: usize, result: Result<(), Reason>) {
        let arena = &scheduler.platform;
        let hardware = &scheduler.hardware;
        let entry = &arena.entries[index];
        let state = |channel: usize| scheduler.channel(channel).state();
        let thread = || &hardware.threads[entry.channel.unwrap()];
        let course = || entry.kinds[entry.starts - 1].course;

        match result {
            Ok(()) => {
                assert_eq!(entry.memories.len(), entry.kinds.len());
                assert!(entry.memories.iter().all(|it| it.is_signalled.get()));
            }
            Err(Reason::Terminated) => assert!(entry.is_terminated),
            Err(Reason::ShuttingDown) => assert!(arena.is_shut_down),
            Err(Reason::Stuck) => {
                let channel = entry.channel.unwrap();

                assert_eq!(state(channel), State::Retired);
                assert_eq!(thread().request(), Some(index));
            }
            Err(Reason::NoChannels) => {
                assert!((0..MAX_CHANNELS).all(|it| state(it) == State::Retired))
            }
            Err(Reason::NoEvent) => {
                assert!(!thread().is_signalled());
                assert_eq!(course(), Course::EndsSilently);
            }
            Err(Reason::Timeout(ms)) => {
                assert_eq!(entry.timeout_ms, Some(ms));
                assert_ne!(thread().was_signalled, Some(true));
            }
            Err(Reason::Fault) => {
                assert!(matches!(
                    course(),
                    Course::FaultsBeforeEvent | Course::FaultsAfterEvent
                ));
            }
            Err(Reason::PortBusy) => assert!(hardware.not_started.contains(&index)),
            Err(Reason::NoMemory) => assert!(entry.memories.len() < entry.kinds.len()),
            Err(Reason::NoPower) => assert_eq!(arena.power, Power::Failed),
        }
    }
}

impl Platform for Arena {
    type Hardware = Channels;
    type Request = Request;
    type Key = usize;
    type List = List;
    type Queue = usize;
    type Reason = Reason;
    type Rest = Rest;

    fn state<'a>(scheduler: &'a mut Scheduler, request: &'a Request) -> &'a mut RequestState<Self> {
        &mut scheduler.platform.entries[request.0].state
    }

    fn state_by_key<'a>(
        scheduler: &'a mut Scheduler,
        key: &'a usize,
    ) -> &'a mut RequestState<Self> {
        &mut scheduler.platform.entries[*key].state
    }

    fn has_key(request: &Request, key: &usize) -> bool {
        request.0 == *key
    }

    fn queue<'a>(scheduler: &'a mut Scheduler, queue: &'a usize) -> &'a mut QueueState<Self> {
        &mut scheduler.platform.queues[*queue]
    }

    fn is_in(scheduler: &Scheduler, request: &Request, queue: &usize) -> bool {
        scheduler.platform.entries[request.0].state.queue == Some(*queue)
    }

    fn is_terminated(scheduler: &Scheduler, request: &Request) -> bool {
        let arena = &scheduler.platform;
        let state = &arena.entries[request.0].state;

        state
            .queue
            .is_some_and(|it| state.is_terminated(&arena.queues[it]))
    }

    fn started(scheduler: &mut Scheduler, request: &Request, channel: usize) {
        let index = request.0;
        let arena = &mut scheduler.platform;

        assert!(!arena.is_shut_down, "started after shut_down");
        assert_eq!(arena.power, Power::On);
        assert!(arena.entries[index].is_waiting());

        // First come, first served.
        let turn = arena.entries[index].turn.take().expect("not its turn");
        let is_first = |it: &Entry| it.turn.is_none_or(|it| it > turn) || !it.is_waiting();

        assert!(arena.entries.iter().all(is_first), "{index} overtakes");
        if let Some(queue) = arena.entries[index].queue {
            assert_eq!(arena.members[queue].front(), Some(&index));
        }

        let entry = &mut arena.entries[index];

        entry.starts += 1;
        entry.channel = Some(channel);
        arena.checks[channel] = 0;
        assert_eq!(scheduler.hardware.threads[channel].request(), Some(index));
    }

    fn progressed(scheduler: &mut Scheduler, request: &Request, done: u64) {
        let entry = &mut scheduler.platform.entries[request.0];

        assert!(done <= entry.passed(), "not reached: {done}");
        entry.progress = entry.progress.max(done);
    }

    fn completed(scheduler: &mut Scheduler, request: Request) {
        let index = request.0;
        let result = scheduler.platform.entries[index].state.result().unwrap();

        Self::check_result(scheduler, index, result);

        let hardware = &scheduler.hardware;
        let may_run = (0..MAX_CHANNELS).any(|channel| {
            let thread = &hardware.threads[channel];

            hardware.may_run(channel) && thread.request() == Some(index) && !thread.is_signalled()
        });
        let arena = &mut scheduler.platform;
        let entry = &mut arena.entries[index];

        assert!(!may_run || result == Err(Reason::Stuck), "{index} runs");
        assert!(!entry.is_completed, "{index} is completed twice");
        assert!(entry.state.program.is_none() && entry.state.rest.is_none());
        entry.is_completed = true;
        entry.turn = None;
        arena.completed.push(index);

        let Some(queue) = entry.queue else {
            return;
        };
        let Some(place) = arena.members[queue].iter().position(|it| *it == index) else {
            // A request that was not accepted is not in its queue.
            return;
        };

        // Those behind the first one end early only by the termination of the queue.
        assert!(place == 0 || arena.entries[index].is_terminated);
        arena.members[queue].remove(place);
        if let (0, Some(&next)) = (place, arena.members[queue].front()) {
            arena.set_turn(next);
        }
    }

    fn interrupt_lost(scheduler: &mut Scheduler, channel: usize) {
        let arena = &mut scheduler.platform;

        assert!(arena.event_checks[channel] > 1, "no time for the handler");
        arena.lost += 1;

        let index = scheduler.channel(channel).request().unwrap().0;

        scheduler.platform.note_event(index);
    }

    fn retired(scheduler: &mut Scheduler, channel: usize, reason: Option<Reason>) {
        let arena = &mut scheduler.platform;

        assert!(arena.is_closing || arena.checks[channel] >= RETIRE_CHECKS);
        arena.retired.push((channel, reason));
        assert_eq!(scheduler.channel(channel).state(), State::Retired);
    }
}

/// Returns true if a program with a limit of `limit_ms` is overdue after `checks` checks.
pub(super) fn is_overdue(checks: u32, limit_ms: u32) -> bool {
    // Less than a period may have passed before the first check.
    checks > 1 && (checks - 1) * CHECK_PERIOD_MS >= limit_ms
}
