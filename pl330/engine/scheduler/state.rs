// SPDX-License-Identifier: GPL-2.0

//! State of requests and queues.

use super::{
    Platform,
    ProgramOf,
    RequestList, //
};

/// State of a request, which the lock of the scheduler protects.
pub(crate) struct RequestState<P: Platform> {
    /// Next program, until a channel runs it.
    pub(crate) program: Option<ProgramOf<P>>,
    /// Part for which programs are still to be written. A worker takes it to write one.
    pub(crate) rest: Option<P::Rest>,
    /// True while a worker writes a program.
    pub(crate) is_being_written: bool,
    /// Queue in which it is.
    pub(super) queue: Option<P::Queue>,
    /// Reason for which the next program could not be written.
    pub(super) write_error: Option<P::Reason>,
    /// Result, once it has ended.
    pub(super) result: Option<Result<(), P::Reason>>,
    /// Longest time that one of its programs may take, in milliseconds; `None` if there is no
    /// limit.
    pub(super) timeout_ms: Option<u32>,
}

impl<P: Platform> RequestState<P> {
    /// Creates the state of a request with its first program, and the rest if that is not all.
    pub(crate) fn new(
        program: ProgramOf<P>,
        rest: Option<P::Rest>,
        timeout_ms: Option<u32>,
    ) -> Self {
        Self {
            program: Some(program),
            rest,
            is_being_written: false,
            queue: None,
            write_error: None,
            result: None,
            timeout_ms,
        }
    }

    /// Fails the request when the program that runs has ended, because the next one is missing.
    pub(crate) fn fail_writing(&mut self, reason: P::Reason) {
        self.write_error = Some(reason);
    }

    /// Sets the time limit.
    pub(crate) fn set_timeout(&mut self, timeout_ms: Option<u32>) {
        self.timeout_ms = timeout_ms;
    }

    /// Returns the result, once the request has ended.
    pub(crate) fn result(&self) -> Option<Result<(), P::Reason>> {
        self.result
    }

    /// Returns true if another program follows.
    pub(super) fn has_more(&self) -> bool {
        self.program.is_some() || self.rest.is_some() || self.is_being_written
    }

    /// Returns true if a worker should write the next program.
    pub(crate) fn is_unwritten(&self) -> bool {
        self.program.is_none() && self.rest.is_some()
    }
}

/// State of a queue, which the lock of the scheduler protects.
pub(crate) struct QueueState<P: Platform> {
    /// True if a request of the queue was given to the scheduler and has not ended.
    pub(super) is_busy: bool,
    /// Requests that wait for it.
    pub(super) waiting: P::List,
}

impl<P: Platform> QueueState<P> {
    /// Creates the state of an empty queue.
    pub(crate) fn new() -> Self {
        Self {
            is_busy: false,
            waiting: P::List::new(),
        }
    }
}

/// Actions for the caller of the scheduler, once it has released the lock.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Actions {
    /// Start the watchdog.
    pub(crate) watch: bool,
    /// Run the worker: programs are to be written, or channels to be waited for.
    pub(crate) work: bool,
}
