// SPDX-License-Identifier: GPL-2.0

//! State of one channel, as far as the driver knows it.
//!
//! ```text
//!              start                 event
//!   idle ───────────────▶ running ───────────▶ idle
//!    ▲                       │ stop
//!    │        stopped        ▼       retire
//!    └─────────────────── stopping ──────────▶ retired
//! ```
//!
//! A [`Channel`] takes events and returns what they mean for its request. It knows neither
//! registers nor lists. Uses `core` alone.

#![forbid(unsafe_code)]

use core::mem;

/// Channel with a request of type `R`, a program `A` that it may fetch, and a reason `E` to stop
/// it.
///
/// # Invariants
///
/// - `reason` is there only with `request`, and `request` only if the channel is not retired.
/// - While `program` is there, the hardware may fetch it.
pub(super) struct Channel<R, A, E> {
    is_retired: bool,
    /// Request whose program runs.
    request: Option<R>,
    /// Program that runs or, in an idle channel, ran last.
    program: Option<A>,
    /// Reason for which the program was stopped.
    reason: Option<E>,
    /// Consecutive watchdog checks that found the channel in this state.
    checks: u32,
    /// True if a watchdog check found the event of the program pending.
    event_pending: bool,
}

/// State of a [`Channel`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// No request. The last instruction of the last program may still run.
    Idle,
    /// A program runs.
    Running,
    /// The program was killed, and may go on for a while.
    Stopping,
    /// The channel does not stop, or the driver must not use it.
    Retired,
}

impl<R, A, E: Copy> Channel<R, A, E> {
    /// Creates an idle channel, or a retired one if the driver must not use it.
    pub(super) const fn new(is_usable: bool) -> Self {
        Self {
            is_retired: !is_usable,
            request: None,
            program: None,
            reason: None,
            checks: 0,
            event_pending: false,
        }
    }

    /// Returns the state.
    pub(super) fn state(&self) -> State {
        match (&self.request, self.reason) {
            _ if self.is_retired => State::Retired,
            (None, _) => State::Idle,
            (Some(_), None) => State::Running,
            (Some(_), Some(_)) => State::Stopping,
        }
    }

    /// Returns the request whose program runs, or was killed.
    pub(super) fn request(&self) -> Option<&R> {
        self.request.as_ref()
    }

    /// Takes the request for a moment, for a caller who needs the scheduler for its state.
    pub(super) fn take_request(&mut self) -> Option<R> {
        self.request.take()
    }

    /// Puts back the request that [`take_request`](Self::take_request) returned.
    pub(super) fn put_back_request(&mut self, request: R) {
        self.request = Some(request);
    }

    /// Returns the program that the hardware may fetch.
    pub(super) fn program(&self) -> Option<&A> {
        self.program.as_ref()
    }

    /// Takes the program, for a caller who asks the hardware whether the channel has stopped.
    pub(super) fn take_program(&mut self) -> Option<A> {
        self.program.take()
    }

    /// Puts back a program that the hardware may still fetch.
    pub(super) fn put_back(&mut self, program: A) {
        self.program = Some(program);
    }

    /// Notes that the hardware starts `program`, which belongs to `request`.
    ///
    /// The channel must be idle, and its last program taken.
    pub(super) fn start(&mut self, request: R, program: A) {
        self.request = Some(request);
        self.program = Some(program);
        self.restart_checks();
    }

    /// Handles the event at the end of the program, and returns its request.
    ///
    /// Returns `None` for a channel that is not running: the program was killed nevertheless.
    pub(super) fn event(&mut self) -> Option<R> {
        if self.state() != State::Running {
            return None;
        }
        self.restart_checks();
        self.request.take()
    }

    /// Stops a running program for `reason`. Returns false if none runs.
    pub(super) fn stop(&mut self, reason: E) -> bool {
        if self.state() != State::Running {
            return false;
        }
        self.reason = Some(reason);
        self.restart_checks();
        true
    }

    /// Returns the reason for which the program was stopped.
    pub(super) fn reason(&self) -> Option<E> {
        self.reason
    }

    /// Handles the end of a program that was stopped: returns its request, and the reason.
    ///
    /// The caller has taken the program from the hardware.
    pub(super) fn stopped(&mut self) -> Option<(R, E)> {
        let reason = self.reason.take()?;

        self.restart_checks();
        Some((self.request.take()?, reason))
    }

    /// Retires the channel: returns the request of its program, and the reason to stop it.
    pub(super) fn retire(&mut self) -> Option<(R, E)> {
        self.is_retired = true;
        self.stopped()
    }

    /// Counts a watchdog check, and returns the number of checks in this state.
    pub(super) fn check(&mut self) -> u32 {
        self.checks = self.checks.saturating_add(1);
        self.checks
    }

    /// Returns the number of watchdog checks in this state.
    pub(super) fn checks(&self) -> u32 {
        self.checks
    }

    /// Returns true if the channel is to stop, and this state is not older than two checks of the
    /// watchdog.
    pub(super) fn stops_soon(&self) -> bool {
        self.state() == State::Stopping && self.checks < 2
    }

    /// Starts to count watchdog checks again.
    pub(super) fn restart_checks(&mut self) {
        self.checks = 0;
        self.event_pending = false;
    }

    /// Notes that the event is pending; returns true if an earlier check found the same.
    pub(super) fn note_event_pending(&mut self) -> bool {
        mem::replace(&mut self.event_pending, true)
    }
}
