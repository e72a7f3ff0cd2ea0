// SPDX-License-Identifier: GPL-2.0

//! State of requests and queues.

use super::{
    Platform,
    ProgramOf,
    RequestList, //
};

/// Program that was written, and the rest if that is not all; or the reason why there is none.
pub(crate) type WriteResult<P> =
    Result<(ProgramOf<P>, Option<<P as Platform>::Rest>), <P as Platform>::Reason>;

/// State of a request, which the lock of the scheduler protects.
pub(crate) struct RequestState<P: Platform> {
    /// Next program, until a channel runs it.
    pub(crate) program: Option<ProgramOf<P>>,
    /// Part for which programs are still to be written. The worker takes it to write one.
    pub(crate) rest: Option<P::Rest>,
    /// True while the worker writes a program.
    pub(super) is_being_written: bool,
    /// Queue in which it is.
    pub(crate) queue: Option<P::Queue>,
    /// Number of terminations of that queue before it was submitted.
    terminations: u32,
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
            terminations: 0,
            write_error: None,
            result: None,
            timeout_ms,
        }
    }

    /// Returns true if `queue`, in which it is, was terminated since it was submitted.
    pub(crate) fn is_terminated(&self, queue: &QueueState<P>) -> bool {
        self.terminations != queue.terminations
    }

    /// Sets the queue in which it is, and the number of its terminations.
    pub(super) fn set_queue(&mut self, queue: P::Queue, terminations: u32) {
        self.queue = Some(queue);
        self.terminations = terminations;
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

    /// Returns true if the worker should write the next program.
    pub(super) fn is_unwritten(&self) -> bool {
        self.program.is_none() && self.rest.is_some()
    }

    /// Takes the rest if the worker should write the next program.
    pub(super) fn take_rest(&mut self) -> Option<P::Rest> {
        if self.program.is_some() {
            return None;
        }

        let rest = self.rest.take()?;

        self.is_being_written = true;
        Some(rest)
    }

    /// Sets the program that was written, and the rest. If there is none, the request fails when
    /// the program that runs has ended.
    pub(super) fn set_written(&mut self, written: WriteResult<P>) {
        self.is_being_written = false;
        if self.result.is_some() {
            return;
        }
        match written {
            Ok((program, rest)) => {
                self.program = Some(program);
                self.rest = rest;
            }
            Err(reason) => self.write_error = Some(reason),
        }
    }
}

/// State of a queue, which the lock of the scheduler protects.
pub(crate) struct QueueState<P: Platform> {
    /// True if a request of the queue was given to the scheduler and has not ended.
    pub(super) is_busy: bool,
    /// Requests that wait for it.
    pub(super) waiting: P::List,
    /// Number of its terminations, which may wrap.
    pub(super) terminations: u32,
}

impl<P: Platform> QueueState<P> {
    /// Creates the state of an empty queue.
    pub(crate) fn new() -> Self {
        Self {
            is_busy: false,
            waiting: P::List::new(),
            terminations: 0,
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
