// SPDX-License-Identifier: GPL-2.0

//! A request: something to do, from when it is submitted until it has ended.

use kernel::{
    alloc::Flags,
    list::{
        impl_list_arc_safe,
        impl_list_item,
        List,
        ListArc,
        ListLinks, //
    },
    prelude::*,
    sync::{
        Arc,
        Completion,
        LockedBy, //
    },
    time::{
        Delta,
        Instant,
        Monotonic, //
    }, //
};

use super::{
    controller::Controller,
    engine::Shared,
    error::TransferError,
    work::Work, //
};

/// How a request went.
#[derive(Clone, Copy)]
pub(super) struct Ran {
    /// How many programs it took.
    pub(super) programs: u32,
    /// Their length in bytes, altogether.
    pub(super) program_len: usize,
    /// From the start of the first one to the end of the last.
    pub(super) duration: Delta,
}

/// What a request comes to.
pub(super) type Outcome = Result<Ran, TransferError>;

/// Who wants to hear of the end of a request.
pub(super) trait Finish: Send {
    /// Called once, from any context, the interrupt handler's most of all.
    ///
    /// # Safety
    ///
    /// `outcome` is that of the request which was told of this.
    unsafe fn finish(&mut self, outcome: Outcome);
}

/// What is to be done, and what was written of it.
pub(super) struct Task {
    /// What is left.
    pub(super) work: Work,
    /// What was left before the program was written that is in the channel's slot.
    pub(super) begun: Work,
}

/// What changes about a request.
pub(super) struct State<'bound> {
    /// `None` while a channel has it.
    pub(super) task: Option<KBox<Task>>,
    /// Whom it has to wait for.
    pub(super) line: Option<Arc<Line<'bound>>>,
    /// Who wants to hear of its end.
    pub(super) finish: Option<KBox<dyn Finish + 'bound>>,
    /// What it came to, once it has ended.
    pub(super) outcome: Option<Outcome>,
    /// When its first program was started.
    started: Option<Instant<Monotonic>>,
    programs: u32,
    program_len: usize,
}

impl State<'_> {
    /// Takes down that a program of `len` bytes was started.
    pub(super) fn count_program(&mut self, len: usize) {
        self.started.get_or_insert_with(Instant::now);
        self.programs += 1;
        self.program_len += len;
    }

    /// What there is to say of it when it has been done.
    pub(super) fn ran(&self) -> Ran {
        Ran {
            programs: self.programs,
            program_len: self.program_len,
            duration: self
                .started
                .map_or(Delta::ZERO, |started| started.elapsed()),
        }
    }
}

/// Something that the engine was asked to do.
///
/// # Invariants
///
/// - The programs of its work read and write only what was lent to the hardware until it has ended.
/// - Once its outcome is there, none of its programs runs, nor will; unless it is
///   [`TransferError::Stuck`].
#[pin_data]
pub(super) struct Request<'bound> {
    #[pin]
    links: ListLinks,
    pub(super) state: LockedBy<State<'bound>, Shared<'bound>>,
    /// Completed when the outcome is there, if nobody is called back.
    #[pin]
    pub(super) ended: Completion,
    /// How long each of its programs may take, in milliseconds.
    pub(super) timeout_ms: u32,
}

impl_list_arc_safe! {
    impl{'bound} ListArcSafe<0> for Request<'bound> { untracked; }
}

impl_list_item! {
    impl{'bound} ListItem<0> for Request<'bound> { using ListLinks { self.links }; }
}

impl<'bound> Request<'bound> {
    /// Allocates a request for `controller`.
    ///
    /// # Errors
    ///
    /// [`TransferError::NoMemory`].
    ///
    /// # Safety
    ///
    /// What the programs of `work` read and write is lent to the hardware until the request has ended,
    /// and for good if it ends with [`TransferError::Stuck`]; or the request is never submitted.
    pub(super) unsafe fn new(
        controller: &Controller<'bound>,
        work: Work,
        timeout_ms: u32,
        flags: Flags,
    ) -> Result<ListArc<Self>, TransferError> {
        let task = Task {
            work,
            begun: Work::Signal,
        };
        let task = KBox::new(task, flags).map_err(|_| TransferError::NoMemory)?;
        let state = State {
            task: Some(task),
            line: None,
            finish: None,
            outcome: None,
            started: None,
            programs: 0,
            program_len: 0,
        };

        // INVARIANT: By the caller's promise; it has no outcome yet.
        ListArc::pin_init(
            pin_init!(Self {
                links <- ListLinks::new(),
                state: LockedBy::new(&controller.shared, state),
                ended <- Completion::new(),
                timeout_ms,
            }? Error),
            flags,
        )
        .map_err(|_| TransferError::NoMemory)
    }

    /// Has `finish` hear of its end.
    ///
    /// # Safety
    ///
    /// What `finish` takes back from the hardware is what the programs of this request use.
    pub(super) unsafe fn tell(
        &self,
        shared: &mut Shared<'bound>,
        finish: KBox<dyn Finish + 'bound>,
    ) {
        self.state.access_mut(shared).finish = Some(finish);
    }

    /// Whether it has an outcome.
    pub(super) fn has_ended(&self, shared: &mut Shared<'bound>) -> bool {
        self.state.access_mut(shared).outcome.is_some()
    }
}

/// Requests that are done one after the other.
pub(super) struct Line<'bound> {
    pub(super) state: LockedBy<LineState<'bound>, Shared<'bound>>,
}

/// What changes about a [`Line`].
pub(super) struct LineState<'bound> {
    /// The request whose turn it is has not ended.
    pub(super) is_busy: bool,
    /// Those behind it.
    pub(super) waiting: List<Request<'bound>>,
}

impl<'bound> Line<'bound> {
    /// Allocates a line for requests of `controller`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(controller: &Controller<'bound>, flags: Flags) -> Result<Arc<Self>> {
        let state = LineState {
            is_busy: false,
            waiting: List::new(),
        };

        Ok(Arc::new(
            Self {
                state: LockedBy::new(&controller.shared, state),
            },
            flags,
        )?)
    }
}
