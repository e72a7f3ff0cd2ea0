// SPDX-License-Identifier: GPL-2.0

//! Requests: operations whose programs the engine runs.

use kernel::{
    alloc::Flags,
    list::{
        impl_list_arc_safe,
        impl_list_item,
        ListArc,
        ListLinks, //
    },
    new_condvar,
    prelude::*,
    sync::{
        Arc,
        CondVar,
        LockedBy, //
    },
    time::{
        Delta,
        Instant,
        Monotonic, //
    }, //
};

use super::{
    buffer::ProgramBuffer,
    callback::{
        Callback,
        Context,
        OwnedCallback, //
    },
    operation::Operation,
    platform::{
        Kernel,
        KernelScheduler, //
    },
    scheduler::{
        QueueState,
        RequestState, //
    },
    Engine,
    TransferError, //
};

/// Figures of a request that was completed.
#[derive(Clone, Copy)]
pub(crate) struct RequestStats {
    /// Number of programs.
    pub(crate) programs: u32,
    /// Total length of the programs in bytes.
    pub(crate) program_len: usize,
    /// Time from the start of the first program to the event of the last.
    pub(crate) duration: Delta,
}

/// Result of a request.
pub(crate) type RequestResult = Result<RequestStats, TransferError>;

/// State of a request that the lock of the scheduler protects.
pub(super) struct State<'bound> {
    /// State that the scheduler knows.
    pub(super) schedule: RequestState<Kernel<'bound>>,
    /// Operation as it was before the program that runs, or ran last, was written.
    pub(super) begun: Option<Operation>,
    /// The same for the program that a worker has written since.
    pub(super) next_begun: Option<Operation>,
    /// Length in bytes of the program that is started next.
    pub(super) next_len: usize,
    /// Function to call at the end.
    pub(super) callback: Option<OwnedCallback<'bound>>,
    started: Option<Instant<Monotonic>>,
    /// Number of the first bytes that have reached memory, as far as was reported.
    done: u64,
    stats: RequestStats,
}

impl State<'_> {
    /// Counts the program that is started now.
    pub(super) fn count_program(&mut self) {
        self.started.get_or_insert_with(Instant::now);
        self.stats.programs += 1;
        self.stats.program_len += self.next_len;
        if let Some(begun) = self.next_begun.take() {
            self.begun = Some(begun);
        }
    }

    /// Notes the end of the request.
    pub(super) fn stop_clock(&mut self) {
        if let Some(started) = self.started {
            self.stats.duration = started.elapsed();
        }
    }

    /// Notes that the first `done` bytes have reached memory.
    pub(super) fn note_progress(&mut self, done: u64) {
        self.done = self.done.max(done);
    }

    /// Returns the number of the first bytes that have reached memory: all once it has succeeded.
    pub(super) fn done(&self) -> usize {
        match self.schedule.result() {
            Some(Ok(())) => usize::MAX,
            // CAST: `usize` has 64 bits where this is built.
            _ => self.done as usize,
        }
    }

    /// Returns the result, once the request has ended.
    pub(super) fn result(&self) -> Option<RequestResult> {
        let result = self.schedule.result()?;

        Some(result.map(|()| self.stats))
    }
}

/// Operation that the engine was asked for.
///
/// # Invariants
///
/// - Its programs read and write only memory that stays mapped for the device until it has ended.
/// - Once it has a result, none of its programs runs or will run, unless the result is
///   [`TransferError::Stuck`].
#[pin_data]
pub(crate) struct Request<'bound> {
    #[pin]
    links: ListLinks,
    pub(super) state: LockedBy<State<'bound>, KernelScheduler<'bound>>,
    /// Notified when the request has reported progress, or has ended without a callback.
    #[pin]
    pub(super) changed: CondVar,
}

impl_list_arc_safe! {
    impl{'bound} ListArcSafe<0> for Request<'bound> { untracked; }
}

impl_list_item! {
    impl{'bound} ListItem<0> for Request<'bound> { using ListLinks { self.links }; }
}

/// Program that was written, and what it is for.
pub(super) struct Written<'bound> {
    pub(super) program: ProgramBuffer<'bound>,
    /// Operation as it was before.
    pub(super) begun: Operation,
}

impl<'bound> Request<'bound> {
    /// Writes the first program of `operation`, and allocates a request for it.
    ///
    /// Callable from any context that `flags` permit, and in which a `spinlock_t` may be taken.
    ///
    /// # Errors
    ///
    /// [`TransferError::NoMemory`]; [`TransferError::TooLong`].
    ///
    /// # Safety
    ///
    /// The memory that the programs of `operation` access stays mapped for the device until the
    /// request has ended, and for good if it ends with [`TransferError::Stuck`]; or the request is
    /// never submitted.
    pub(crate) unsafe fn new(
        engine: &Engine<'bound>,
        mut operation: Operation,
        timeout_ms: Option<u32>,
        flags: Flags,
    ) -> Result<ListArc<Self>, TransferError> {
        let Written { program, begun } = engine.write(&mut operation, flags)?;
        let rest = if operation.is_written() {
            None
        } else {
            Some(KBox::new(operation, flags).map_err(|_| TransferError::NoMemory)?)
        };
        let state = State {
            next_len: program.code().len(),
            schedule: RequestState::new(program, rest, timeout_ms),
            begun: Some(begun),
            next_begun: None,
            callback: None,
            started: None,
            done: 0,
            stats: RequestStats {
                programs: 0,
                program_len: 0,
                duration: Delta::ZERO,
            },
        };

        // INVARIANT: The caller guarantees the first; it has no result yet.
        ListArc::pin_init(
            pin_init!(Self {
                links <- ListLinks::new(),
                state: LockedBy::new(&engine.scheduler, state),
                changed <- new_condvar!(),
            }? Error),
            flags,
        )
        .map_err(|_| TransferError::NoMemory)
    }

    /// Sets the function to call at its end.
    ///
    /// # Safety
    ///
    /// The mapping that `callback` returns to its owner is the one that the programs access.
    pub(crate) unsafe fn set_callback(
        &self,
        engine: &Engine<'bound>,
        callback: KBox<dyn Callback + 'bound>,
        context: Context,
    ) {
        let scheduler = &mut *engine.scheduler.lock();

        self.state.access_mut(scheduler).callback = Some(OwnedCallback::new(callback, context));
    }

    /// Sets the longest time that each of its programs may take; `None` for no limit.
    pub(crate) fn set_timeout(&self, engine: &Engine<'bound>, timeout_ms: Option<u32>) {
        let scheduler = &mut *engine.scheduler.lock();

        self.state
            .access_mut(scheduler)
            .schedule
            .set_timeout(timeout_ms);
    }
}

/// Requests that run one after the other.
pub(crate) struct RequestQueue<'bound> {
    pub(super) state: LockedBy<QueueState<Kernel<'bound>>, KernelScheduler<'bound>>,
}

impl<'bound> RequestQueue<'bound> {
    /// Allocates a queue for requests of `engine`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(engine: &Engine<'bound>, flags: Flags) -> Result<Arc<Self>> {
        Ok(Arc::new(
            Self {
                state: LockedBy::new(&engine.scheduler, QueueState::new()),
            },
            flags,
        )?)
    }
}
