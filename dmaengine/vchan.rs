// SPDX-License-Identifier: GPL-2.0

//! Lists and locks of a channel.
//!
//! C header: `drivers/dma/virt-dma.h`, which is private to the drivers in that directory.

use core::{
    mem::{
        self,
        offset_of, //
    },
    ptr::NonNull, //
};

use kernel::{
    list::{
        List,
        ListArc, //
    },
    new_spinlock_irq,
    prelude::*,
    sync::{
        Arc,
        SpinLockIrq, //
    }, //
};

use super::{
    cookie::Cookies,
    descriptor::{
        Callback,
        Descriptor,
        Len, //
    },
    ffi::c,
    issued::Issued,
    wait::Wait,
    TxResult, //
};
use crate::bindings::{
    HasTasklet,
    Tasklet, //
};

/// Number of descriptors whose callbacks are called before other work of the CPU gets its turn.
const BATCH: usize = 16;

/// Descriptors of a channel, each in one list.
///
/// # Invariants
///
/// - A descriptor in `terminated`, or in `issued` without a result, has one [`Issued`]. No other
///   descriptor has one.
/// - `prepared` has the descriptors without a cookie, `terminated` those that are terminated.
pub(super) struct Lists<J: Send + Sync> {
    prepared: List<Descriptor<J>>,
    submitted: List<Descriptor<J>>,
    issued: List<Descriptor<J>>,
    completed: List<Descriptor<J>>,
    terminated: List<Descriptor<J>>,
    /// Terminated descriptors that the hardware has finished.
    stopped: List<Descriptor<J>>,
    cookies: Cookies,
    /// Callback of a cyclic descriptor with a period whose callback was not called yet.
    period: Option<Callback>,
    is_paused: bool,
    /// True once the provider is to be unregistered.
    is_closed: bool,
}

/// Status of a cookie.
///
/// C type: `struct dma_tx_state`.
pub(super) struct TxStatus {
    pub(super) status: c::dma_status,
    pub(super) last: c::dma_cookie_t,
    pub(super) used: c::dma_cookie_t,
    /// Number of bytes that are left, if it was asked for.
    pub(super) residue: usize,
}

/// Descriptor to be started.
struct Next<J: Send + Sync> {
    job: Issued<J>,
    is_last: bool,
    is_closed: bool,
}

/// Lists of a channel, and its tasklet.
///
/// Locks are taken in the order in which they are declared. The first one is held while the
/// provider starts and stops jobs, so that jobs start in the order of their cookies. The second one
/// is held for some instructions, and taken by the completion of a job, so a provider may complete
/// a job while it starts it.
///
/// C type: `struct virt_dma_chan`.
#[pin_data]
pub(super) struct VirtualChannel<J: Send + Sync> {
    #[pin]
    tasklet: Tasklet<Self>,
    #[pin]
    order: SpinLockIrq<()>,
    #[pin]
    lists: SpinLockIrq<Lists<J>>,
}

// SAFETY:
// - `OFFSET` is that of the field `tasklet`.
// - By the contract of `VirtualChannel::new`, the channel is freed before it is dropped, which
//   kills the tasklet. From then on there is no descriptor, so no method schedules it.
// - `run` drops descriptors, which do not own the channel.
unsafe impl<J: Send + Sync> HasTasklet for VirtualChannel<J> {
    const OFFSET: usize = offset_of!(Self, tasklet);

    fn run(&self) {
        for _ in 0..BATCH {
            if !self.call_back() {
                return;
            }
        }
        self.tasklet.schedule();
    }
}

impl<J: Send + Sync> VirtualChannel<J> {
    /// Creates an initializer for a channel without descriptors. C function: `vchan_init()`.
    ///
    /// # Safety
    ///
    /// [`free`](Self::free) is called, and returns, after the last [`prepare`](Self::prepare) and
    /// before the channel is dropped.
    pub(super) unsafe fn new() -> impl PinInit<Self> {
        // INVARIANT: The lists are empty.
        pin_init!(Self {
            // SAFETY: It must be the field that `HasTasklet` names: it is.
            tasklet <- unsafe { Tasklet::new() },
            order <- new_spinlock_irq!(()),
            lists <- new_spinlock_irq!(Lists {
                prepared: List::new(),
                submitted: List::new(),
                issued: List::new(),
                completed: List::new(),
                terminated: List::new(),
                stopped: List::new(),
                cookies: Cookies::new(),
                period: None,
                is_paused: false,
                is_closed: false,
            }),
        })
    }

    /// Returns the lock that protects the states of descriptors.
    pub(super) fn lists(&self) -> &SpinLockIrq<Lists<J>> {
        &self.lists
    }

    /// Resets the cookies, for a new client.
    pub(super) fn reset(&self) {
        self.lists.lock().cookies = Cookies::new();
    }

    /// Allocates a descriptor for `job` and returns the pointer for the client. C function:
    /// `vchan_tx_prep()`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `ESHUTDOWN` after [`close`](Self::close); those of `job`.
    ///
    /// # Safety
    ///
    /// `chan` is that of this channel.
    pub(super) unsafe fn prepare(
        &self,
        chan: NonNull<c::dma_chan>,
        job: impl PinInit<J, Error>,
        len: Len,
        flags: c::dma_ctrl_flags,
    ) -> Result<*mut c::dma_async_tx_descriptor> {
        // SAFETY: `chan` must be that of the channel: the caller guarantees it. The channel must be
        // freed after the descriptor, which goes to its lists: `free` drops those.
        let descriptor = unsafe { Descriptor::new(self, chan, job, len, flags)? };
        let tx = descriptor.as_raw();
        let lists = &mut *self.lists.lock();

        if lists.is_closed {
            return Err(ESHUTDOWN);
        }
        // INVARIANT: It has no cookie and no `Issued`.
        lists.prepared.push_back(descriptor);
        Ok(tx)
    }

    /// Submits `descriptor` and returns its cookie, or `-EINVAL` if it was submitted before.
    ///
    /// C function: `vchan_tx_submit()`.
    pub(super) fn submit(&self, descriptor: &Descriptor<J>) -> c::dma_cookie_t {
        let lists = &mut *self.lists.lock();

        if descriptor.state.access(lists).cookie.is_some() {
            return EINVAL.to_errno();
        }

        // SAFETY: The descriptor must not be in another list: it has no cookie, and its client does
        // not terminate the channel between prep and submit.
        let Some(item) = (unsafe { lists.prepared.remove(descriptor) }) else {
            return EINVAL.to_errno();
        };
        let cookie = lists.cookies.assign();

        // INVARIANT: It has a cookie from here on.
        item.state.access_mut(lists).cookie = Some(cookie);
        // SAFETY: The caller must submit the descriptor: it does.
        unsafe { item.set_cookie(cookie) };
        lists.submitted.push_back(item);
        cookie
    }

    /// Issues the submitted descriptors in the order of their cookies: calls `start` for each.
    /// Those that are submitted meanwhile are not issued.
    ///
    /// C function: `vchan_issue_pending()`.
    pub(super) fn issue(&self, mut start: impl FnMut(Issued<J>)) {
        let _order = self.order.lock();
        let last = self.lists.lock().cookies.used();

        while let Some(next) = self.issue_next(last) {
            if next.is_closed {
                drop(next.job);
            } else {
                start(next.job);
            }
            if next.is_last {
                break;
            }
        }
    }

    /// Takes the first submitted descriptor. `last` is the cookie of the last one to be issued.
    fn issue_next(&self, last: c::dma_cookie_t) -> Option<Next<J>> {
        let lists = &mut *self.lists.lock();
        let item = lists.submitted.pop_front()?;
        let is_last = item.state.access(lists).cookie == Some(last) || lists.submitted.is_empty();
        // INVARIANT: It has no result, and no other `Issued`, because it was not issued before.
        let job = Issued::new(item.clone_arc());

        lists.issued.push_back(item);
        Some(Next {
            job,
            is_last,
            is_closed: lists.is_closed,
        })
    }

    /// Notes the result of an issued descriptor, the reference of its [`Issued`].
    ///
    /// C function: `vchan_cookie_complete()`.
    pub(super) fn complete(&self, descriptor: Arc<Descriptor<J>>, result: TxResult) {
        let lists = &mut *self.lists.lock();
        let state = descriptor.state.access_mut(lists);

        state.result = Some(result);
        if state.is_terminated {
            // SAFETY: The descriptor must not be in another list: it has an `Issued` and is
            // terminated, so it is in this list.
            if let Some(item) = unsafe { lists.terminated.remove(&descriptor) } {
                lists.stopped.push_back(item);
            }
        } else {
            lists.complete_in_order();
        }
        // Under the lock, because from here on the list frees it.
        drop(descriptor);
        self.tasklet.schedule();
    }

    /// Notes the end of a period of a cyclic descriptor. C function: `vchan_cyclic_callback()`.
    pub(super) fn complete_period(&self, descriptor: &Descriptor<J>) {
        // SAFETY: The descriptor must have been submitted: it was issued.
        let callback = unsafe { descriptor.callback() };

        if callback.is_set() {
            let lists = &mut *self.lists.lock();

            if !descriptor.state.access(lists).is_terminated {
                lists.period = Some(callback);
                self.tasklet.schedule();
            }
        }
    }

    /// Calls the next callback. Returns false if there is none.
    ///
    /// One at a time, because a callback may terminate the descriptors after its own.
    fn call_back(&self) -> bool {
        let (stopped, period, completed) = {
            let lists = &mut *self.lists.lock();
            let stopped = mem::replace(&mut lists.stopped, List::new());
            let period = lists.period.take();
            let completed = match period {
                None => lists.take_completed(),
                Some(_) => None,
            };

            (stopped, period, completed)
        };

        drop(stopped);
        if let Some(callback) = period {
            // SAFETY: The caller must be the tasklet: it is. The client must not have returned from
            // `synchronize`: that kills the tasklet, and `terminate` clears the field.
            unsafe { callback.call(Ok(()), 0) };
        } else if let Some((descriptor, result)) = completed {
            let residue = result.map_or_else(|_| descriptor.len.residue(0), |()| 0);

            // SAFETY:
            // - The caller must own the descriptor, which was submitted: it was taken out of its
            //   list.
            // - The caller must be the tasklet: it is. The client must not have returned from
            //   `synchronize`: that kills the tasklet, and `terminate` empties the list.
            unsafe {
                descriptor.unmap();
                descriptor.callback().call(result, residue);
            }
        } else {
            return false;
        }
        true
    }

    /// Returns the status of `cookie`, for which `transferred` returns the bytes of a job so far.
    ///
    /// Without `transferred`, the residue is 0.
    pub(super) fn status(
        &self,
        cookie: c::dma_cookie_t,
        transferred: Option<impl FnOnce(&J) -> usize>,
    ) -> TxStatus {
        let lists = &*self.lists.lock();
        let mut status = TxStatus {
            status: lists.cookies.status(cookie),
            last: lists.cookies.last(),
            used: lists.cookies.used(),
            residue: 0,
        };

        if status.status == c::dma_status_DMA_IN_PROGRESS {
            if lists.is_paused {
                status.status = c::dma_status_DMA_PAUSED;
            }
            if let Some(transferred) = transferred {
                status.residue = lists.residue(cookie, transferred);
            }
        }
        status
    }

    /// Pauses the channel by `pause`.
    pub(super) fn pause(&self, pause: impl FnOnce() -> Result) -> Result {
        let _order = self.order.lock();

        pause()?;
        self.lists.lock().is_paused = true;
        Ok(())
    }

    /// Resumes the channel by `resume`.
    pub(super) fn resume(&self, resume: impl FnOnce() -> Result) -> Result {
        let _order = self.order.lock();

        resume()?;
        self.lists.lock().is_paused = false;
        Ok(())
    }

    /// Terminates all descriptors. If some were issued, calls `stop`, which stops their jobs.
    ///
    /// When this returns, no callback of them begins. C function: `vchan_terminate_vdesc()`.
    pub(super) fn terminate(&self, stop: impl FnOnce()) {
        let mut unused = List::new();
        let _order = self.order.lock();
        let is_running = {
            let lists = &mut *self.lists.lock();

            unused.push_all_back(&mut lists.prepared);
            unused.push_all_back(&mut lists.submitted);
            unused.push_all_back(&mut lists.completed);
            lists.period = None;
            lists.is_paused = false;
            lists.cookies.complete_all();
            lists.terminate_issued(&mut unused)
        };

        if is_running {
            stop();
        }
    }

    /// Waits until the jobs of terminated descriptors have stopped and no callback runs. Sleeps.
    ///
    /// Calls `warn` every 10 s. C function: `vchan_synchronize()`.
    pub(super) fn synchronize(&self, warn: impl Fn()) {
        let mut wait = Wait::new();

        while !self.lists.lock().terminated.is_empty() {
            wait.sleep(&warn);
        }
        self.tasklet.kill();

        let stopped = {
            let lists = &mut *self.lists.lock();

            // A descriptor that was completed meanwhile could not schedule it.
            if lists.period.is_some() || !lists.completed.is_empty() {
                self.tasklet.schedule();
            }
            mem::replace(&mut lists.stopped, List::new())
        };

        drop(stopped);
    }

    /// Rejects new descriptors and aborts all others. If some were issued, calls `stop`, which
    /// stops their jobs.
    pub(super) fn close(&self, stop: impl FnOnce()) {
        self.lists.lock().is_closed = true;
        self.issue(drop);

        let _order = self.order.lock();
        let is_running = !self.lists.lock().issued.is_empty();

        if is_running {
            stop();
        }
    }

    /// Terminates and frees all descriptors. Sleeps.
    ///
    /// C function: `vchan_free_chan_resources()`.
    pub(super) fn free(&self, stop: impl FnOnce(), warn: impl Fn()) {
        self.terminate(stop);
        self.synchronize(warn);
    }
}

impl<J: Send + Sync> Lists<J> {
    /// Moves issued descriptors with a result to `completed`, up to the first without one.
    ///
    /// So cookies are completed in order, also by hardware that works on several at a time.
    fn complete_in_order(&mut self) {
        while let Some((cookie, result)) = self.first_result() {
            self.cookies.complete(cookie, result.is_err());
            if let Some(item) = self.issued.pop_front() {
                self.completed.push_back(item);
            }
        }
    }

    /// Returns cookie and result of the first issued descriptor, if it has one.
    fn first_result(&self) -> Option<(c::dma_cookie_t, TxResult)> {
        let first = self.issued.iter().next()?;
        let state = first.state.access(self);

        Some((state.cookie?, state.result?))
    }

    /// Takes the first completed descriptor, with its result.
    fn take_completed(&mut self) -> Option<(ListArc<Descriptor<J>>, TxResult)> {
        let item = self.completed.pop_front()?;
        let result = item.state.access(self).result?;

        Some((item, result))
    }

    /// Moves issued descriptors to `terminated`, or to `unused` if they have a result. Returns true
    /// if any is terminated.
    fn terminate_issued(&mut self, unused: &mut List<Descriptor<J>>) -> bool {
        let mut is_running = false;

        while let Some(item) = self.issued.pop_front() {
            let state = item.state.access_mut(self);

            if state.result.is_some() {
                unused.push_back(item);
            } else {
                state.is_terminated = true;
                self.terminated.push_back(item);
                is_running = true;
            }
        }
        is_running
    }

    /// Returns the number of bytes that are left of the descriptor with `cookie`.
    fn residue(&self, cookie: c::dma_cookie_t, transferred: impl FnOnce(&J) -> usize) -> usize {
        // `pin_init` has a method of the same name.
        let mut unfinished = Iterator::chain(self.issued.iter(), self.submitted.iter());
        let found = unfinished.find(|it| it.state.access(self).cookie == Some(cookie));

        found.map_or(0, |it| it.len.residue(transferred(&it.job)))
    }
}
