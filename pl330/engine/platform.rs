// SPDX-License-Identifier: GPL-2.0

//! The kernel as the scheduler's platform.

use kernel::{
    list::{
        List,
        ListArc, //
    },
    prelude::*,
    sync::Arc, //
};

use super::{
    super::{
        hw::{
            Fault,
            Pl330,
            PortBusy, //
        }, //
    },
    callback::Context,
    operation::Operation,
    request::{
        Request,
        RequestQueue, //
    },
    scheduler::{
        Platform,
        QueueState,
        Reason,
        RequestList,
        RequestState,
        Scheduler,
        MAX_CHANNELS, //
    },
    TransferError, //
};
use crate::bindings::RuntimePm;

/// Scheduler of the driver.
pub(crate) type KernelScheduler<'bound> = Scheduler<Kernel<'bound>>;

/// Largest number of reports that wait for the worker.
const MAX_REPORTS: usize = 2 * MAX_CHANNELS;

/// Event for the kernel log, which the worker writes.
#[derive(Clone, Copy)]
pub(super) enum Report {
    /// The interrupt of this channel was lost.
    InterruptLost(usize),
    /// This channel does not stop; its program failed for this reason.
    Retired(usize, Option<TransferError>),
    /// The manager has a fault, but was not about to start a program.
    ManagerFault(Fault),
    /// A channel has a fault, but runs no program.
    IdleFault(Fault),
    /// A fault does not end.
    FaultPersists,
    /// The registers were lost, and have been written again.
    RegistersLost,
}

/// State of the engine that the scheduler does not know.
pub(crate) struct Kernel<'bound> {
    /// Requests that have ended and have a callback, by its context, in this order.
    pub(super) ended: [List<Request<'bound>>; Context::ALL.len()],
    /// True if callbacks of that context are to be called.
    pub(super) to_call: [bool; Context::ALL.len()],
    /// Number of callers that call callbacks of that context: one at most, unless it is
    /// [`Context::Immediate`].
    pub(super) callers: [u32; Context::ALL.len()],
    /// True once all requests have ended and nothing starts: new ones end at once.
    pub(super) is_shut_down: bool,
    /// Abort interrupt, while it is disabled because its line stays up.
    pub(super) masked_irq: Option<u32>,
    /// True if it was reported that a fault does not end.
    pub(super) is_persistence_reported: bool,
    /// Idle channels, by bits, whose fault was reported and has not ended.
    pub(super) reported_faults: u32,
    /// Clock of the registers.
    pub(super) pm: RuntimePm<'bound>,
    /// True if a channel does not stop, so that its accesses on the bus need the clock for ever.
    pub(super) needs_clock: bool,
    /// Number of events of programs.
    pub(super) events: u64,
    /// Number of programs by channel.
    pub(super) programs: [u64; MAX_CHANNELS],
    reports: [Option<Report>; MAX_REPORTS],
}

impl<'bound> Kernel<'bound> {
    /// Creates the state of a new engine.
    pub(super) fn new(pm: RuntimePm<'bound>) -> Self {
        Self {
            ended: [const { List::new() }; Context::ALL.len()],
            to_call: [false; Context::ALL.len()],
            callers: [0; Context::ALL.len()],
            is_shut_down: false,
            masked_irq: None,
            is_persistence_reported: false,
            reported_faults: 0,
            pm,
            needs_clock: false,
            events: 0,
            programs: [0; MAX_CHANNELS],
            reports: [None; MAX_REPORTS],
        }
    }

    /// Adds a report for the worker, unless too many wait already.
    pub(super) fn report(&mut self, report: Report) {
        if let Some(free) = self.reports.iter_mut().find(|it| it.is_none()) {
            *free = Some(report);
        }
    }

    /// Takes the oldest report.
    pub(super) fn take_report(&mut self) -> Option<Report> {
        let report = self.reports[0].take()?;

        self.reports.rotate_left(1);
        Some(report)
    }
}

impl<'bound> Platform for Kernel<'bound> {
    type Hardware = Pl330<'bound>;
    type Request = ListArc<Request<'bound>>;
    type Key = Request<'bound>;
    type List = List<Request<'bound>>;
    type Queue = Arc<RequestQueue<'bound>>;
    type Reason = TransferError;
    type Rest = KBox<Operation>;

    fn state<'a>(
        scheduler: &'a mut Scheduler<Self>,
        request: &'a ListArc<Request<'bound>>,
    ) -> &'a mut RequestState<Self> {
        &mut request.state.access_mut(scheduler).schedule
    }

    fn state_by_key<'a>(
        scheduler: &'a mut Scheduler<Self>,
        key: &'a Request<'bound>,
    ) -> &'a mut RequestState<Self> {
        &mut key.state.access_mut(scheduler).schedule
    }

    fn has_key(request: &ListArc<Request<'bound>>, key: &Request<'bound>) -> bool {
        core::ptr::eq::<Request<'bound>>(&**request, key)
    }

    fn queue<'a>(
        scheduler: &'a mut Scheduler<Self>,
        queue: &'a Arc<RequestQueue<'bound>>,
    ) -> &'a mut QueueState<Self> {
        queue.state.access_mut(scheduler)
    }

    fn is_in(
        scheduler: &Scheduler<Self>,
        request: &ListArc<Request<'bound>>,
        queue: &Arc<RequestQueue<'bound>>,
    ) -> bool {
        let state = &request.state.access(scheduler).schedule;

        state
            .queue
            .as_ref()
            .is_some_and(|it| Arc::ptr_eq(it, queue))
    }

    fn is_terminated(scheduler: &Scheduler<Self>, request: &ListArc<Request<'bound>>) -> bool {
        let state = &request.state.access(scheduler).schedule;
        let queue = state.queue.as_ref();

        queue.is_some_and(|it| state.is_terminated(it.state.access(scheduler)))
    }

    fn started(
        scheduler: &mut Scheduler<Self>,
        request: &ListArc<Request<'bound>>,
        channel: usize,
    ) {
        request.state.access_mut(scheduler).count_program();
        scheduler.platform.programs[channel % MAX_CHANNELS] += 1;
    }

    fn completed(scheduler: &mut Scheduler<Self>, request: ListArc<Request<'bound>>) {
        let state = request.state.access_mut(scheduler);

        state.stop_clock();
        match state.callback.as_ref().map(|it| it.context().index()) {
            Some(context) => {
                scheduler.platform.to_call[context] = true;
                scheduler.platform.ended[context].push_back(request);
            }
            None => request.changed.notify_all(),
        }
    }

    fn progressed(scheduler: &mut Scheduler<Self>, request: &ListArc<Request<'bound>>, done: u64) {
        request.state.access_mut(scheduler).note_progress(done);
        request.changed.notify_all();
    }

    fn interrupt_lost(scheduler: &mut Scheduler<Self>, channel: usize) {
        scheduler.platform.report(Report::InterruptLost(channel));
        scheduler.ask_for_work();
    }

    fn retired(scheduler: &mut Scheduler<Self>, channel: usize, reason: Option<TransferError>) {
        scheduler.platform.needs_clock = true;
        scheduler.platform.report(Report::Retired(channel, reason));
        scheduler.ask_for_work();
    }
}

impl<'bound> RequestList<ListArc<Request<'bound>>> for List<Request<'bound>> {
    fn new() -> Self {
        List::new()
    }

    fn is_empty(&self) -> bool {
        List::is_empty(self)
    }

    fn push_back(&mut self, request: ListArc<Request<'bound>>) {
        List::push_back(self, request);
    }

    fn push_front(&mut self, request: ListArc<Request<'bound>>) {
        List::push_front(self, request);
    }

    fn pop_front(&mut self) -> Option<ListArc<Request<'bound>>> {
        List::pop_front(self)
    }
}

impl From<PortBusy> for TransferError {
    fn from(_: PortBusy) -> Self {
        Self::DebugPortBusy
    }
}

impl Reason for TransferError {
    const TERMINATED: Self = Self::Terminated;
    const SHUTTING_DOWN: Self = Self::ShuttingDown;
    const STUCK: Self = Self::Stuck;
    const NO_CHANNELS: Self = Self::Retired;
    const NO_EVENT: Self = Self::NoEvent;
    const NO_POWER: Self = Self::NoPower;

    fn timeout(ms: u32) -> Self {
        Self::Timeout(ms)
    }

    fn is_fault(&self) -> bool {
        matches!(self, Self::Fault(_))
    }
}
