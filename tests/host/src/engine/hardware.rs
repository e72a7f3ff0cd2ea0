// SPDX-License-Identifier: GPL-2.0

//! Model of eight channels and their debug port.
//!
//! An instruction of the debug port takes effect in a step of its own, and so does each instruction
//! of a program: first the event, then the end. A test decides the order of these steps.

use std::{
    cell::Cell,
    mem::ManuallyDrop,
    rc::Rc, //
};

use super::scheduler::{
    Hardware,
    NotStarted,
    MAX_CHANNELS, //
};

/// Course of a program that is not killed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Course {
    /// Raises its event, then ends.
    Signals,
    /// Ends without an event.
    EndsSilently,
    /// Faults in place of its event.
    FaultsBeforeEvent,
    /// Raises its event, then has a fault in place of its end.
    FaultsAfterEvent,
    /// Neither raises an event nor ends.
    NeverEnds,
}

/// Response of a program to DMAKILL.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Response {
    /// Stops in the next step.
    Stops,
    /// Raises its event in the next step, then stops.
    SignalsAndStops,
    /// Goes on.
    Ignores,
    /// Stays in the state Killing.
    Hangs,
}

/// Behavior of a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Kind {
    pub(super) course: Course,
    pub(super) response: Response,
    /// Number of points at which it reports progress, before its course.
    pub(super) points: u64,
}

impl Kind {
    /// Creates the kind of a program that stops when it is killed.
    pub(super) const fn new(course: Course) -> Self {
        Self {
            course,
            response: Response::Stops,
            points: 0,
        }
    }

    /// Returns the kind with this number of points.
    pub(super) const fn with_points(self, points: u64) -> Self {
        Self { points, ..self }
    }
}

/// Memory of a program.
#[derive(Default)]
pub(super) struct Memory {
    /// True from the start of the program until its channel has stopped.
    pub(super) is_fetched: Cell<bool>,
    /// True once the program has raised its event.
    pub(super) is_signalled: Cell<bool>,
    /// Number of points that the program has passed.
    pub(super) passed: Cell<u64>,
    pub(super) is_freed: Cell<bool>,
    /// True if the memory was freed while the hardware could fetch it.
    pub(super) is_freed_early: Cell<bool>,
}

/// Program in memory.
pub(super) struct Program {
    /// Index of its request.
    pub(super) request: usize,
    kind: Kind,
    /// Lines of the MFIFO that it needs.
    lines: u16,
    memory: Rc<Memory>,
    /// Number of points, ends included, of the programs of its request before.
    before: u64,
}

impl Program {
    pub(super) fn new(
        request: usize,
        (kind, before): (Kind, u64),
        lines: u16,
        memory: Rc<Memory>,
    ) -> Self {
        Self {
            request,
            kind,
            lines,
            memory,
            before,
        }
    }
}

/// Returns the number of points of programs of these kinds, ends included.
pub(super) fn points_of(kinds: &[Kind]) -> u64 {
    kinds.iter().map(|kind| kind.points + 1).sum()
}

impl Drop for Program {
    fn drop(&mut self) {
        self.memory.is_freed.set(true);
        if self.memory.is_fetched.get() {
            self.memory.is_freed_early.set(true);
        }
    }
}

/// Program that a channel may fetch. Its memory leaks if it is dropped.
pub(super) struct Active {
    channel: usize,
    program: ManuallyDrop<Program>,
}

/// Number of starts for which the port may be busy until it is an error.
pub(super) const MAX_BUSY_STARTS: usize = 3;

/// The debug port was busy for too long.
#[derive(Debug)]
pub(super) struct PortBusy;

/// State of a thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ThreadState {
    Stopped,
    /// Executing, before the event.
    Executing,
    /// Executing, between the event and the end.
    Ending,
    Killing,
    FaultingCompleting,
    Faulting,
}

impl Active {
    /// Returns the lines of the MFIFO that the program needs.
    pub(super) fn lines(&self) -> u16 {
        self.program.lines
    }
}

/// Lines of the MFIFO.
pub(super) const MFIFO_LINES: u16 = 128;

/// Thread of a channel.
pub(super) struct Thread {
    pub(super) state: ThreadState,
    /// Program that was started last.
    program: Option<(usize, Kind, Rc<Memory>)>,
    /// True if the event came before the first DMAKILL; `None` without one.
    pub(super) was_signalled: Option<bool>,
}

/// Instruction in the debug port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Instruction {
    Go(usize),
    Kill(usize),
}

/// Eight channels.
pub(super) struct Channels {
    pub(super) threads: [Thread; MAX_CHANNELS],
    port: Option<Instruction>,
    /// True if a driver that waits for the debug port waits in vain.
    pub(super) is_port_slow: bool,
    /// True while registers may be accessed.
    pub(super) is_clocked: bool,
    /// True if a program goes on to its end after each register that the driver reads.
    pub(super) is_fast: bool,
    /// Mask of pending events.
    pub(super) events: u32,
    /// True if the event by which all programs report progress is pending.
    pub(super) is_progress_pending: bool,
    /// True if the event interrupt is to be delivered.
    pub(super) is_event_raised: bool,
    /// True if the abort interrupt is to be delivered.
    pub(super) is_abort_raised: bool,
    /// Number of starts that the port was too busy for, one after the other.
    busy_starts: usize,
    /// Requests whose programs did not start.
    pub(super) not_started: Vec<usize>,
}

impl Channels {
    pub(super) fn new() -> Self {
        Self {
            threads: [(); MAX_CHANNELS].map(|()| Thread {
                state: ThreadState::Stopped,
                program: None,
                was_signalled: None,
            }),
            port: None,
            is_port_slow: false,
            is_clocked: true,
            is_fast: false,
            events: 0,
            is_progress_pending: false,
            is_event_raised: false,
            is_abort_raised: false,
            busy_starts: 0,
            not_started: Vec::new(),
        }
    }

    /// Executes the instruction in the debug port. Returns false if there is none.
    pub(super) fn step_port(&mut self) -> bool {
        match self.port.take() {
            Some(Instruction::Go(channel)) => {
                let thread = &mut self.threads[channel];

                assert_eq!(thread.state, ThreadState::Stopped);
                thread.state = ThreadState::Executing;
            }
            Some(Instruction::Kill(channel)) => {
                let thread = &mut self.threads[channel];
                let ignores = thread.response() == Some(Response::Ignores);

                match thread.state {
                    ThreadState::Stopped | ThreadState::FaultingCompleting => (),
                    _ if ignores => (),
                    _ => thread.state = ThreadState::Killing,
                }
            }
            None => return false,
        }
        true
    }

    /// Executes an instruction of `channel`. Returns false if its state stays.
    pub(super) fn step(&mut self, channel: usize) -> bool {
        let thread = &mut self.threads[channel];
        let Some((_, kind, memory)) = &thread.program else {
            return false;
        };
        let is_signalled = memory.is_signalled.get();

        if thread.state == ThreadState::Executing && memory.passed.get() < kind.points {
            memory.passed.set(memory.passed.get() + 1);
            self.is_progress_pending = true;
            self.is_event_raised = true;
            return true;
        }
        match (thread.state, kind.course, kind.response) {
            (ThreadState::Executing, Course::Signals | Course::FaultsAfterEvent, _) => {
                thread.state = ThreadState::Ending;
                self.raise(channel);
            }
            (ThreadState::Executing, Course::FaultsBeforeEvent, _)
            | (ThreadState::Ending, Course::FaultsAfterEvent, _) => {
                thread.state = ThreadState::FaultingCompleting;
                self.is_abort_raised = true;
            }
            (ThreadState::FaultingCompleting, ..) => thread.state = ThreadState::Faulting,
            (ThreadState::Killing, _, Response::SignalsAndStops) if !is_signalled => {
                self.raise(channel)
            }
            (ThreadState::Executing, Course::EndsSilently, _)
            | (ThreadState::Ending, ..)
            | (ThreadState::Killing, _, Response::Stops | Response::SignalsAndStops) => {
                memory.is_fetched.set(false);
                thread.state = ThreadState::Stopped;
            }
            (ThreadState::Stopped | ThreadState::Faulting, ..)
            | (ThreadState::Executing, Course::NeverEnds, _)
            | (ThreadState::Killing, ..) => return false,
        }
        true
    }

    /// Returns true if [`step`](Self::step) changes the state of `channel`.
    pub(super) fn can_step(&self, channel: usize) -> bool {
        let thread = &self.threads[channel];
        let Some((_, kind, memory)) = &thread.program else {
            return false;
        };

        match thread.state {
            ThreadState::Executing => {
                kind.course != Course::NeverEnds || memory.passed.get() < kind.points
            }
            ThreadState::Killing => kind.response != Response::Hangs,
            ThreadState::Ending | ThreadState::FaultingCompleting => true,
            ThreadState::Stopped | ThreadState::Faulting => false,
        }
    }

    /// Lets `channel` go on, after the driver has read a register.
    fn after_read(&mut self, channel: usize) {
        while self.is_fast && self.step(channel) {}
    }

    fn raise(&mut self, channel: usize) {
        self.events |= 1 << channel;
        self.is_event_raised = true;
        if let Some((_, _, memory)) = &self.threads[channel].program {
            memory.is_signalled.set(true);
        }
    }

    /// Returns the mask of channels with a fault.
    pub(super) fn faulting(&self) -> u32 {
        let is_faulting = |&channel: &usize| {
            matches!(
                self.threads[channel].state,
                ThreadState::FaultingCompleting | ThreadState::Faulting
            )
        };

        (0..MAX_CHANNELS)
            .filter(is_faulting)
            .fold(0, |mask, channel| mask | 1 << channel)
    }

    /// Returns true if `channel` executes, or is about to execute.
    pub(super) fn may_run(&self, channel: usize) -> bool {
        self.threads[channel].state != ThreadState::Stopped
            || self.port == Some(Instruction::Go(channel))
    }

    pub(super) fn is_port_busy(&self) -> bool {
        self.port.is_some()
    }
}

impl Thread {
    /// Returns the index of the request whose program was started last.
    pub(super) fn request(&self) -> Option<usize> {
        self.program.as_ref().map(|&(request, ..)| request)
    }

    /// Returns true if the program that was started last has raised its event.
    pub(super) fn is_signalled(&self) -> bool {
        self.program
            .as_ref()
            .is_some_and(|(_, _, memory)| memory.is_signalled.get())
    }

    fn response(&self) -> Option<Response> {
        self.program.as_ref().map(|(_, kind, _)| kind.response)
    }
}

impl Hardware for Channels {
    type Program = Program;
    type Active = Active;
    type Error = PortBusy;

    fn lines(&self) -> u16 {
        MFIFO_LINES
    }

    fn lines_of(program: &Program) -> u16 {
        program.lines
    }

    fn start(&mut self, channel: usize, program: Program) -> Result<Active, NotStarted<Self>> {
        assert!(self.is_clocked);
        assert!(!self.may_run(channel), "channel {channel} has not stopped");
        assert_eq!(self.events & 1 << channel, 0, "old event of {channel}");
        if self.is_port_slow && self.is_port_busy() {
            self.busy_starts += 1;
            if self.busy_starts < MAX_BUSY_STARTS {
                return Err((program, None));
            }
            self.not_started.push(program.request);
            return Err((program, Some(PortBusy)));
        }
        self.busy_starts = 0;
        self.step_port();
        self.port = Some(Instruction::Go(channel));
        program.memory.is_fetched.set(true);
        self.threads[channel] = Thread {
            state: ThreadState::Stopped,
            program: Some((program.request, program.kind, program.memory.clone())),
            was_signalled: None,
        };
        Ok(Active {
            channel,
            program: ManuallyDrop::new(program),
        })
    }

    fn reclaim(&mut self, active: Active) -> Result<Program, Active> {
        if self.is_stopped(active.channel) {
            Ok(ManuallyDrop::into_inner(active.program))
        } else {
            Err(active)
        }
    }

    fn kill(&mut self, channel: usize) {
        if self.is_stopped(channel) {
            return;
        }

        let thread = &mut self.threads[channel];
        let is_signalled = thread.is_signalled();

        thread.was_signalled.get_or_insert(is_signalled);
        if self.is_port_slow && self.is_port_busy() {
            return;
        }
        self.step_port();
        self.port = Some(Instruction::Kill(channel));
        if !self.is_port_slow {
            // The driver waits until the thread has taken it.
            self.step_port();
        }
    }

    fn is_stopped(&mut self, channel: usize) -> bool {
        assert!(self.is_clocked);

        // The instruction in the port may be DMAGO: the driver cannot read it.
        let is_stopped =
            !self.is_port_busy() && self.threads[channel].state == ThreadState::Stopped;

        self.after_read(channel);
        is_stopped
    }

    fn is_event_pending(&mut self, channel: usize) -> bool {
        assert!(self.is_clocked);

        let is_pending = self.events & 1 << channel != 0;

        self.after_read(channel);
        is_pending
    }

    fn clear_event(&mut self, channel: usize) {
        assert!(self.is_clocked);
        self.events &= !(1 << channel);
    }

    fn done_by(&mut self, program: &Active) -> Option<u64> {
        assert!(self.is_clocked);

        let Program { memory, before, .. } = &*program.program;
        let passed = memory.passed.get();

        // The program counter of a thread that has not started, or has stopped, says nothing.
        let state = self.threads[program.channel].state;
        let has_counter = !matches!(state, ThreadState::Stopped | ThreadState::Killing);
        let done = (passed != 0 && has_counter).then_some(before + passed);

        self.after_read(program.channel);
        done
    }

    fn done_after(&self, program: &Active) -> Option<u64> {
        let Program { kind, before, .. } = &*program.program;

        (kind.points != 0).then_some(before + kind.points + 1)
    }
}
