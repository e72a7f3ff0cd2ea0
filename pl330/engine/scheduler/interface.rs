// SPDX-License-Identifier: GPL-2.0

//! Traits of what a scheduler needs: hardware, lists and requests.

use super::{
    QueueState,
    RequestState,
    Scheduler, //
};

/// Program that the hardware does not start, and why. Without an error the hardware is busy: the
/// caller tries again.
pub(crate) type NotStarted<H> = (<H as Hardware>::Program, Option<<H as Hardware>::Error>);

/// Hardware that runs programs on channels.
///
/// Channels are numbers below [`MAX_CHANNELS`](super::MAX_CHANNELS).
pub(crate) trait Hardware {
    /// Program in memory that no channel fetches.
    type Program;

    /// Program that a channel may fetch.
    type Active;

    /// Reason why a program does not start.
    type Error;

    /// Returns the number of lines of the MFIFO, which all channels share.
    fn lines(&self) -> u16;

    /// Returns the largest number of these lines that `program` holds at a time.
    fn lines_of(program: &Self::Program) -> u16;

    /// Starts `program` on `channel`, which is stopped.
    ///
    /// # Errors
    ///
    /// [`NotStarted`].
    fn start(
        &mut self,
        channel: usize,
        program: Self::Program,
    ) -> Result<Self::Active, NotStarted<Self>>;

    /// Takes a program back, if its channel has stopped.
    fn reclaim(&mut self, active: Self::Active) -> Result<Self::Program, Self::Active>;

    /// Kills `channel` unless it has stopped. Does not wait.
    fn kill(&mut self, channel: usize);

    /// Returns true if `channel` has stopped by itself.
    fn is_stopped(&mut self, channel: usize) -> bool;

    /// Returns true if the event of `channel` is pending.
    fn is_event_pending(&mut self, channel: usize) -> bool;

    /// Clears the event of `channel`.
    fn clear_event(&mut self, channel: usize);

    /// Returns the number of bytes of its request that have reached memory by `program`, which
    /// runs, if it has reported any.
    fn done_by(&mut self, program: &Self::Active) -> Option<u64>;

    /// Returns the same for `program` when it has raised the event at its end.
    fn done_after(&self, program: &Self::Active) -> Option<u64>;
}

/// List of requests.
pub(crate) trait RequestList<R> {
    /// Creates an empty list.
    fn new() -> Self;

    /// Returns true if the list has no requests.
    fn is_empty(&self) -> bool;

    /// Appends a request.
    fn push_back(&mut self, request: R);

    /// Prepends a request.
    fn push_front(&mut self, request: R);

    /// Takes the first request.
    fn pop_front(&mut self) -> Option<R>;
}

/// Reason for which a request ends without success.
pub(crate) trait Reason: Copy {
    /// The caller terminated it.
    const TERMINATED: Self;

    /// The driver leaves the device.
    const SHUTTING_DOWN: Self;

    /// The channel does not stop.
    const STUCK: Self;

    /// No channel is left.
    const NO_CHANNELS: Self;

    /// The channel has stopped without an event.
    const NO_EVENT: Self;

    /// The hardware has no clock.
    const NO_POWER: Self;

    /// The program took longer than `ms` milliseconds.
    fn timeout(ms: u32) -> Self;

    /// Returns true for a fault, which is reported before its request ends.
    fn is_fault(&self) -> bool;
}

/// Types and functions that a scheduler needs of its environment.
pub(crate) trait Platform: Sized {
    /// Hardware.
    type Hardware: Hardware<Error: Into<Self::Reason>>;

    /// Request, which is in one place at a time.
    type Request;

    /// Reference to a request that is somewhere in the scheduler.
    type Key;

    /// Lists of requests.
    type List: RequestList<Self::Request>;

    /// Queue whose requests run one after the other.
    type Queue: Clone;

    /// Reason for which a request ends without success.
    type Reason: Reason;

    /// Part of an operation for which programs are still to be written.
    type Rest;

    /// Returns the state of `request`.
    fn state<'a>(
        scheduler: &'a mut Scheduler<Self>,
        request: &'a Self::Request,
    ) -> &'a mut RequestState<Self>;

    /// Returns the state of the request with `key`.
    fn state_by_key<'a>(
        scheduler: &'a mut Scheduler<Self>,
        key: &'a Self::Key,
    ) -> &'a mut RequestState<Self>;

    /// Returns true if `request` has `key`.
    fn has_key(request: &Self::Request, key: &Self::Key) -> bool;

    /// Returns the state of `queue`.
    fn queue<'a>(
        scheduler: &'a mut Scheduler<Self>,
        queue: &'a Self::Queue,
    ) -> &'a mut QueueState<Self>;

    /// Returns true if `request` is in `queue`.
    fn is_in(scheduler: &Scheduler<Self>, request: &Self::Request, queue: &Self::Queue) -> bool;

    /// Returns true if `request` is in a queue that was terminated since it was submitted.
    fn is_terminated(scheduler: &Scheduler<Self>, request: &Self::Request) -> bool;

    /// Handles the start of a program of `request`.
    fn started(scheduler: &mut Scheduler<Self>, request: &Self::Request, channel: usize);

    /// Handles that the first `done` bytes of `request` have reached memory.
    fn progressed(scheduler: &mut Scheduler<Self>, request: &Self::Request, done: u64);

    /// Handles the end of `request`, which has its result.
    fn completed(scheduler: &mut Scheduler<Self>, request: Self::Request);

    /// Handles an event whose interrupt was lost.
    fn interrupt_lost(scheduler: &mut Scheduler<Self>, channel: usize);

    /// Handles that `channel` does not stop, and has been retired. Its program failed for `reason`.
    fn retired(scheduler: &mut Scheduler<Self>, channel: usize, reason: Option<Self::Reason>);
}
