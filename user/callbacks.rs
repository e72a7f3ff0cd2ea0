// SPDX-License-Identifier: GPL-2.0

//! A copy that its callback submits again, even if it failed: for tests of callbacks.

use kernel::{
    new_spinlock_irq,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Completion,
        SpinLockIrq, //
    },
    time::{
        delay::udelay,
        Delta, //
    }, //
};

use crate::{
    dma::{
        Buffer,
        DmaDevice,
        FromDevice,
        Mapping,
        Pair,
        ToDevice, //
    },
    pl330::{
        CallbackContext,
        Controller,
        CopyRange,
        Failed,
        TransferResult, //
    }, //
};

/// Number of bytes that are copied.
const LEN: usize = 64;

/// Largest number of copies: they cannot be interrupted.
const MAX_TIMES: usize = 10_000;

/// Most microseconds that a callback may take: its CPU runs no tasks meanwhile.
const MAX_DELAY_US: usize = 1000;

/// Source and destination.
type Buffers<'bound> = Pair<Mapping<'bound, Buffer, ToDevice>, Mapping<'bound, Buffer, FromDevice>>;

/// State that the callbacks and the submitter share.
#[pin_data]
struct Callbacks<'bound> {
    controller: Arc<Controller<'bound>>,
    delay: Delta,
    /// True while a callback runs.
    is_called: Atomic<bool>,
    #[pin]
    last: SpinLockIrq<Option<TransferResult<Buffers<'bound>>>>,
    #[pin]
    ended: Completion,
}

/// Submits a copy `times` times, each time but the first from the callback of the one before.
///
/// Each callback takes `delay_us` microseconds and submits the copy again even if it failed.
///
/// # Errors
///
/// That of the last copy. `EDEADLK`, with a line in the kernel log, if a callback is called while
/// another one runs; `EINVAL` for no copies or too long a delay; those of mappings.
pub(super) fn run<'bound>(
    dev: &'bound DmaDevice,
    controller: &Arc<Controller<'bound>>,
    times: usize,
    delay_us: usize,
) -> Result {
    if times == 0 || times > MAX_TIMES || delay_us > MAX_DELAY_US {
        return Err(EINVAL);
    }

    let buffers = Pair {
        source: Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(LEN, GFP_KERNEL)?)?,
        destination: Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(LEN, GFP_KERNEL)?)?,
    };
    let callbacks = Arc::pin_init(
        pin_init!(Callbacks {
            controller: controller.clone(),
            // CAST: At most `MAX_DELAY_US`.
            delay: Delta::from_micros(delay_us as i64),
            is_called: Atomic::new(false),
            last <- new_spinlock_irq!(None),
            ended <- Completion::new(),
        }),
        GFP_KERNEL,
    )?;

    submit(&callbacks, buffers, times);
    callbacks.ended.wait_for_completion();

    // `None` if a callback was called while another one ran.
    let last = callbacks.last.lock().take();

    match last {
        Some(result) => Ok(result.map(|_| ())?),
        None => {
            dev_err!(
                dev.as_device(),
                "a callback was called within another one\n"
            );
            Err(EDEADLK)
        }
    }
}

/// Submits a copy, the first of `times`. Does not sleep.
fn submit<'bound>(callbacks: &Arc<Callbacks<'bound>>, buffers: Buffers<'bound>, times: usize) {
    let Pair {
        source,
        destination,
    } = buffers;
    let range = CopyRange {
        src_offset: 0,
        dst_offset: 0,
        len: LEN,
    };
    let called = callbacks.clone();
    let descriptor = callbacks
        .controller
        .prepare(source, destination, range, GFP_ATOMIC)
        .and_then(|descriptor| {
            descriptor.with_callback(
                CallbackContext::Softirq,
                move |result| resubmit(called, result, times),
                GFP_ATOMIC,
            )
        });

    match descriptor {
        Ok(descriptor) => drop(descriptor.submit()),
        Err(failed) => callbacks.end(Some(Err(failed))),
    }
}

/// Submits the copy with this `result` again, unless it was the last.
fn resubmit<'bound>(
    callbacks: Arc<Callbacks<'bound>>,
    result: TransferResult<Buffers<'bound>>,
    times: usize,
) {
    if callbacks.is_called.xchg(true, Relaxed) {
        return callbacks.end(None);
    }
    udelay(callbacks.delay);
    match result {
        result if times == 1 => callbacks.end(Some(result)),
        Ok(done) => submit(&callbacks, done.mappings, times - 1),
        Err(Failed {
            mappings: Some(buffers),
            ..
        }) => submit(&callbacks, buffers, times - 1),
        result => callbacks.end(Some(result)),
    }
    callbacks.is_called.store(false, Relaxed);
}

impl<'bound> Callbacks<'bound> {
    /// Wakes the submitter with the `last` result.
    fn end(&self, last: Option<TransferResult<Buffers<'bound>>>) {
        *self.last.lock() = last;
        self.ended.complete_all();
    }
}
