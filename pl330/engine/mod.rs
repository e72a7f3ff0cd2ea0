// SPDX-License-Identifier: GPL-2.0

//! The engine: runs the programs of requests on the channels of a controller.
//!
//! ```text
//!   Request::new ─▶ submit ─▶ Scheduler ─▶ Channel ─▶ Hardware
//!   (writes the    (queues)   (one lock,   (state)    (start, reclaim,
//!    program)                  no waits)               kill)
//! ```
//!
//! - A [`Request`] has its first program when it is made, in the caller's context. So starting it
//!   takes some register accesses, also in the interrupt handler.
//! - `scheduler` and `channel` know what is to run and what runs. They know neither registers nor
//!   the kernel, and are tested on the host.
//! - `hardware` and `platform` connect them with the registers and with the kernel's lists.
//! - `interrupt` and `watchdog` pass events to the scheduler. `worker` does what takes long: it
//!   writes the next programs of long requests, waits for killed channels, and reports faults.
//! - `power` turns the clock on and off, and lets the system sleep.
//! - `callback` calls functions when requests have ended, in a softirq or a thread, or for
//!   `transfer::bus` at once.
//!
//! Interrupts are disabled only while the lock is held, and no register is polled for more than
//! some microseconds meanwhile. The lock is a `spinlock_t`. With `PREEMPT_RT` it disables no
//! interrupts and may sleep, and the interrupt handlers are threads.

mod buffer;
mod callback;
mod channel;
mod error;
mod fault;
mod hardware;
mod interrupt;
mod listing;
mod operation;
mod platform;
mod power;
mod request;
mod scheduler;
mod selftest;
mod wait;
mod watchdog;
mod worker;

pub(crate) use callback::CallbackContext;
pub(super) use callback::{
    Callback,
    Context, //
};
pub(crate) use error::TransferError;
pub(crate) use interrupt::{
    AbortHandler,
    EventHandler, //
};
pub(crate) use operation::InjectedFault;
pub(super) use operation::{
    Operation,
    Segments, //
};
pub(super) use request::{
    Request,
    RequestQueue,
    RequestResult, //
};
pub(crate) use selftest::SelfTestError;

use core::{
    mem,
    mem::offset_of, //
};

use kernel::{
    alloc::Flags,
    device::{
        Bound,
        Device, //
    },
    list::ListArc,
    new_spinlock_irq,
    prelude::*,
    static_lock_class,
    sync::{
        Arc,
        SpinLockIrq, //
    },
    time::{
        Delta,
        Instant,
        Monotonic, //
    }, //
};

use super::{
    backoff::Backoff,
    hw::{
        channels,
        Config,
        Pl330,
        MAX_CHANNELS, //
    },
    program::insn::Event, //
};
use crate::bindings::{
    HasTasklet,
    HasWork,
    MemRegion,
    RuntimePm,
    Tasklet,
    Timer,
    Work, //
};
use buffer::ProgramPools;
use callback::OwnedCallback;
use platform::{
    Kernel,
    KernelScheduler, //
};
use request::Written;
use scheduler::Scheduler;
use worker::Worker;

/// Longest time that [`Engine::shut_down`] waits for channels to stop.
const STOP_TIMEOUT: Delta = Delta::from_secs(2);

/// Name of the work item that calls callbacks in a thread.
struct ThreadCallbacks;

/// Actions that follow once the lock of the scheduler is released.
struct Actions {
    /// Actions that the scheduler asks for.
    schedule: scheduler::Actions,
    /// Call callbacks at once.
    call_now: bool,
    /// Call callbacks in a thread.
    call_in_thread: bool,
}

/// Scheduler of a controller with its hardware, timers and workers.
#[pin_data]
pub(crate) struct Engine<'bound> {
    /// First field, because its handler uses the others.
    #[pin]
    watchdog: Timer<Self>,
    #[pin]
    worker: Work<Self, Worker>,
    #[pin]
    tasklet: Tasklet<Self>,
    #[pin]
    thread: Work<Self, ThreadCallbacks>,
    dev: &'bound Device<Bound>,
    config: Config,
    #[pin]
    scheduler: SpinLockIrq<KernelScheduler<'bound>>,
    pools: ProgramPools<'bound>,
    /// Addresses of the registers.
    _region: MemRegion,
    /// Rate of the clock in hertz.
    clock_rate: c_ulong,
}

// SAFETY:
// - `OFFSET` is that of the field `tasklet`.
// - By the contract of `Engine::new`, the engine is shut down before it is dropped and before
//   `'bound` ends, which kills the tasklet. Only `take_actions`, before the shutdown, and `run`
//   schedule it. One that runs while it is killed is not scheduled again.
// - `run` calls callbacks, which may drop a reference to the engine, but not the last one.
unsafe impl HasTasklet for Engine<'_> {
    const OFFSET: usize = offset_of!(Self, tasklet);

    fn run(&self) {
        if self.call_back(Context::Softirq) {
            self.tasklet.schedule();
        }
    }
}

// SAFETY:
// - `OFFSET` is that of the field `thread`.
// - By the contract of `Engine::new`, the engine is shut down before it is dropped and before
//   `'bound` ends, which disables the work.
// - `run` calls callbacks, which may drop a reference to the engine, but not the last one.
unsafe impl HasWork<ThreadCallbacks> for Engine<'_> {
    const OFFSET: usize = offset_of!(Self, thread);

    fn run(&self) {
        if self.call_back(Context::Immediate) | self.call_back(Context::Thread) {
            self.thread.queue();
        }
    }
}

impl<'bound> Engine<'bound> {
    /// Creates an engine for `hardware`, whose DMA mask has been set.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    ///
    /// # Safety
    ///
    /// [`shut_down`](Self::shut_down) is called, and returns, before the last reference to the
    /// engine is dropped and before `'bound` ends.
    pub(super) unsafe fn new(
        dev: &'bound Device<Bound>,
        hardware: Pl330<'bound>,
        region: MemRegion,
        (pm, clock_rate): (RuntimePm<'bound>, c_ulong),
    ) -> Result<Arc<Self>> {
        let config = *hardware.config();
        let usable = channels()
            .filter(|&channel| config.may_use(channel))
            .fold(0, |mask, channel| mask | channel.bit());
        let pools = ProgramPools::new(dev)?;

        Arc::pin_init(
            pin_init!(Self {
                // SAFETY: It must be the field that `HasTimer` names: it is.
                watchdog <- unsafe { Timer::new(c"rk3588_dma", static_lock_class!()) },
                // SAFETY: It must be the field that `HasWork` names: it is.
                worker <- unsafe { Work::new(c"rk3588_dma worker", static_lock_class!()) },
                // SAFETY: It must be the field that `HasTasklet` names: it is.
                tasklet <- unsafe { Tasklet::new() },
                // SAFETY: It must be the field that `HasWork` names: it is.
                thread <- unsafe { Work::new(c"rk3588_dma thread", static_lock_class!()) },
                dev,
                config,
                scheduler <- new_spinlock_irq!(Scheduler::new(hardware, Kernel::new(pm), usable)),
                pools,
                _region: region,
                clock_rate,
            }? Error),
            GFP_KERNEL,
        )
    }

    /// Returns the configuration of the hardware.
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the rate of the clock in hertz.
    pub(super) fn clock_rate(&self) -> c_ulong {
        self.clock_rate
    }

    /// Returns the number of events of programs whose interrupts were received.
    pub(super) fn events(&self) -> u64 {
        self.scheduler.lock().platform.events
    }

    /// Returns the number of channels that the driver may use.
    fn usable_channels(&self) -> usize {
        channels()
            .filter(|&channel| self.config.may_use(channel))
            .count()
    }

    /// Submits `request`. With a queue, it runs after the requests already in it.
    ///
    /// Callable from any context in which a `spinlock_t` may be taken.
    pub(super) fn submit(
        &self,
        request: ListArc<Request<'bound>>,
        queue: Option<&Arc<RequestQueue<'bound>>>,
    ) {
        self.with_callbacks(|scheduler| scheduler.submit(request, queue));
    }

    /// Ends `request`, which is not submitted, with `error`, as if it had been.
    pub(super) fn reject(&self, request: ListArc<Request<'bound>>, error: TransferError) {
        self.with_callbacks(|scheduler| scheduler.complete(request, Err(error)));
    }

    /// Terminates `request`.
    ///
    /// Callable from any context in which a `spinlock_t` may be taken.
    ///
    /// If its channel has not stopped when this returns, the request has no result yet. Then
    /// `callback`, if there is one, gets the result later, in the context `Thread`.
    ///
    /// # Safety
    ///
    /// The mapping that `callback` returns to its owner is the one that the programs access.
    pub(super) unsafe fn terminate(
        &self,
        request: &Arc<Request<'bound>>,
        callback: Option<KBox<dyn Callback + 'bound>>,
    ) {
        let unused = self.with_callbacks(|scheduler| {
            scheduler.terminate(request);

            let state = request.state.access_mut(scheduler);

            match (callback, state.result()) {
                (Some(callback), None) => {
                    state.callback = Some(OwnedCallback::new(callback, Context::Thread));
                    None
                }
                (Some(callback), Some(result)) => Some((callback, result)),
                (None, _) => None,
            }
        });

        if let Some((mut callback, result)) = unused {
            // SAFETY: The result must be that of the request: it is.
            unsafe { callback.call(result) };
        }
    }

    /// Terminates all requests in `queue`.
    ///
    /// Callable from any context in which a `spinlock_t` may be taken.
    ///
    /// If a channel has not stopped when this returns, its request has no result yet, nor has one
    /// whose next program the worker writes.
    pub(super) fn terminate_queue(&self, queue: &Arc<RequestQueue<'bound>>) {
        let go_on = |scheduler: &mut KernelScheduler<'bound>| {
            let is_more_left = scheduler.end_waiting(queue);

            if !is_more_left {
                scheduler.stop_queue(queue);
            }
            is_more_left
        };
        // Callbacks of others may need another context than this one.
        let own = &[Context::Immediate];
        let mut is_more_left = self.with_callbacks_of(own, |scheduler| {
            scheduler.terminate_queue(queue);
            go_on(scheduler)
        });

        while is_more_left {
            is_more_left = self.with_callbacks_of(own, go_on);
        }
    }

    /// Writes the next program of `operation`, in new memory.
    fn write(
        &self,
        operation: &mut Operation,
        flags: Flags,
    ) -> Result<Written<'bound>, TransferError> {
        /// Event in place of that of the channel, which is not known yet.
        const EVENT: Event = Event::new(0).unwrap();

        let begun = operation.try_clone(flags)?;
        let mut program = self
            .pools
            .alloc(operation.program_len(), flags)
            .map_err(|_| TransferError::NoMemory)?;

        program.write(|asm| operation.write(asm, self.config.limits(), EVENT))?;
        program.set_traits(operation.lines(), operation.points(flags)?);
        Ok(Written { program, begun })
    }

    /// Calls `f` with the scheduler, under the lock and with the clock on, and then does what the
    /// scheduler asks for.
    fn with<T>(&self, f: impl FnOnce(&mut KernelScheduler<'bound>) -> T) -> T {
        self.with_actions(f).0
    }

    /// As [`with`](Self::with), for callers who submit or terminate: after the shutdown they call
    /// callbacks, because no other context does.
    fn with_callbacks<T>(&self, f: impl FnOnce(&mut KernelScheduler<'bound>) -> T) -> T {
        self.with_callbacks_of(&Context::ALL, f)
    }

    /// As [`with_callbacks`](Self::with_callbacks), for callers who call only those of `contexts`.
    fn with_callbacks_of<T>(
        &self,
        contexts: &[Context],
        f: impl FnOnce(&mut KernelScheduler<'bound>) -> T,
    ) -> T {
        let (result, is_shut_down) = self.with_actions(f);

        if is_shut_down {
            for &context in contexts {
                while self.call_back(context) {}
            }
        }
        result
    }

    /// Calls `f` as [`with`](Self::with) does. Also returns true after the shutdown.
    fn with_actions<T>(&self, f: impl FnOnce(&mut KernelScheduler<'bound>) -> T) -> (T, bool) {
        let (result, actions) = {
            let scheduler = &mut *self.scheduler.lock();

            power::turn_on(scheduler);

            let result = f(scheduler);

            (result, self.take_actions(scheduler))
        };
        let is_shut_down = actions.is_none();

        if let Some(actions) = actions {
            self.act(actions);
        }
        (result, is_shut_down)
    }

    /// Calls `f` as [`with`](Self::with) does, unless the clock is off: then it returns `None`.
    fn with_clock<T>(&self, f: impl FnOnce(&mut KernelScheduler<'bound>) -> T) -> Option<T> {
        let (result, actions) = {
            let scheduler = &mut *self.scheduler.lock();

            if !scheduler.platform.pm.is_on() {
                return None;
            }

            let result = f(scheduler);

            (result, self.take_actions(scheduler))
        };

        if let Some(actions) = actions {
            self.act(actions);
        }
        Some(result)
    }

    /// Takes what the scheduler asks for. Returns `None` after the shutdown.
    fn take_actions(&self, scheduler: &mut KernelScheduler<'bound>) -> Option<Actions> {
        let [immediate, softirq, thread] = mem::take(&mut scheduler.platform.to_call);

        if scheduler.platform.is_shut_down {
            return None;
        }
        if softirq {
            // While the lock is held: `finish_callbacks` kills the tasklet after the shutdown.
            self.tasklet.schedule();
        }
        Some(Actions {
            schedule: scheduler.take_actions(),
            call_now: immediate,
            call_in_thread: thread,
        })
    }

    /// Does what the scheduler asked for.
    fn act(&self, actions: Actions) {
        if actions.call_now {
            // A thread calls the others, so that an interrupt handler does not call many.
            if self.call_back(Context::Immediate) {
                self.thread.queue();
            }
        }
        if actions.schedule.watch {
            self.watchdog.arm(watchdog::period());
        }
        if actions.schedule.work {
            self.worker.queue();
        }
        if actions.call_in_thread {
            self.thread.queue();
        }
    }

    /// Stops what runs, and lets nothing start any more.
    ///
    /// Requests that run or wait fail with [`TransferError::ShuttingDown`]. When this returns, they
    /// have, and all callbacks have returned. Does nothing the second time. Sleeps: for 2 s at
    /// most, and as long as callbacks run.
    pub(super) fn shut_down(&self) {
        if self.scheduler.lock().platform.is_shut_down {
            return;
        }

        let start = Instant::<Monotonic>::now();
        let mut backoff = Backoff::default();

        self.with(Scheduler::shut_down);
        while !self.with(Scheduler::close) && start.elapsed() < STOP_TIMEOUT {
            self.worker.queue();
            backoff.sleep();
        }
        self.with(|scheduler| {
            for channel in 0..MAX_CHANNELS {
                scheduler.retire_unless_stopped(channel);
            }
        });
        // The worker may hold a request for which it writes a program, or reports a fault.
        self.worker.queue();
        self.worker.flush();
        while !self.with(Scheduler::close) {
            backoff.sleep();
        }
        self.finish_callbacks();
        self.worker.disable();
        self.watchdog.shut_down();
        self.log_reports();

        self.with(|scheduler| {
            if scheduler.platform.pm.is_on() {
                scheduler.hardware.disable();
            }
            if scheduler.platform.needs_clock {
                scheduler.platform.pm.leak();
            }
        });
    }
}
