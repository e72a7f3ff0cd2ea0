// SPDX-License-Identifier: GPL-2.0

//! A copy without a time limit that is terminated by its ticket: for tests.

use kernel::{
    new_spinlock_irq,
    prelude::*,
    sync::{
        Arc,
        Completion,
        SpinLockIrq, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

use crate::{
    dma::{
        Buffer,
        DmaDevice,
        FromDevice,
        Mapping,
        ToDevice, //
    },
    pl330::{
        CallbackContext,
        Controller,
        CopyRange, //
    }, //
};

/// Number of bytes of the copy.
const LEN: usize = 64;

/// State that the callback and the submitter share.
#[pin_data]
struct Ended {
    /// Result of the copy, and true if its mappings came back.
    #[pin]
    result: SpinLockIrq<Option<(Result, bool)>>,
    #[pin]
    completion: Completion,
}

/// Submits a copy without a time limit, and terminates it after `ms` milliseconds. Sleeps.
///
/// # Errors
///
/// That of the copy: `ECANCELED` if it was terminated. `EBADE` if its mappings did not come back;
/// those of mappings.
pub(super) fn run<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    ms: usize,
) -> Result {
    let ended = Arc::pin_init(
        pin_init!(Ended {
            result <- new_spinlock_irq!(None),
            completion <- Completion::new(),
        }),
        GFP_KERNEL,
    )?;
    let source = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(LEN, GFP_KERNEL)?)?;
    let destination = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(LEN, GFP_KERNEL)?)?;
    let range = CopyRange {
        src_offset: 0,
        dst_offset: 0,
        len: LEN,
    };
    let shared = ended.clone();
    let ticket = controller
        .prepare(source, destination, range, GFP_KERNEL)?
        .with_timeout(None)
        .with_callback(
            CallbackContext::Thread,
            move |result| {
                // In a thread, a callback may sleep.
                fsleep(Delta::from_millis(1));

                let result = match result {
                    Ok(_) => (Ok(()), true),
                    Err(failed) => (Err(failed.error.into()), failed.mappings.is_some()),
                };

                *shared.result.lock() = Some(result);
                shared.completion.complete_all();
            },
            GFP_KERNEL,
        )?
        .submit();

    // CAST: A number of milliseconds that a person writes.
    fsleep(Delta::from_millis(ms as i64));
    ticket.terminate();
    ended.completion.wait_for_completion();

    let result = ended.result.lock().take();

    match result {
        Some((result, true)) => result,
        Some((_, false)) | None => Err(EBADE),
    }
}
