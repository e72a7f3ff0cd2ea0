// SPDX-License-Identifier: GPL-2.0

//! A queue and callbacks: transfers that run one after the other, and a callback for each, which a
//! softirq calls.
//!
//! In C:
//!
//! ```c
//! tx = dmaengine_prep_dma_memcpy(chan, dst, src, len, DMA_PREP_INTERRUPT);
//! if (!tx)
//!         return -ENOMEM;
//! tx->callback_result = done;                     /* called by a tasklet, and must not sleep */
//! tx->callback_param = request;
//! cookie = dmaengine_submit(tx);
//! dma_async_issue_pending(chan);
//! ```
//!
//! What goes wrong: the callback and an error path both unmap the buffers (mistake 7), or neither
//! does (mistake 8). `request` is freed, or the device unbound, before the callback is called
//! (mistake 18).
//!
//! Here a callback is called exactly once, with the mappings and the result. It can own what it
//! needs, and what it borrows must live until the device is unbound. The transfers of a [`Queue`]
//! run in the order in which they were submitted. The first one is the longest: without the queue,
//! the others could overtake it.
//!
//! To try: leave out `move` before the callback. The compiler reports "`results` does not live long
//! enough" (E0597).

use kernel::{
    new_spinlock_irq,
    prelude::*,
    sync::{
        Arc,
        Completion,
        SpinLockIrq, //
    }, //
};

use super::{
    pattern,
    Failure, //
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
        Queue,
        TransferResult,
        TransferStats, //
    }, //
};

/// Number of transfers.
pub(crate) const COUNT: usize = 8;

/// Result that a callback gets.
type CopyResult<'bound> =
    TransferResult<Pair<Mapping<'bound, Buffer, ToDevice>, Mapping<'bound, Buffer, FromDevice>>>;

/// State that the callbacks and the submitter share.
#[pin_data]
struct Results<'bound> {
    /// Numbers and results of the ended transfers, in this order, with capacity for all.
    #[pin]
    ended: SpinLockIrq<KVec<(usize, CopyResult<'bound>)>>,
    #[pin]
    all: Completion,
}

/// Returns the part of `range` that transfer `number` copies.
pub(crate) fn part(range: CopyRange, number: usize) -> CopyRange {
    CopyRange {
        len: range.len >> number,
        ..range
    }
}

/// Copies `range`, then a half of it, a quarter and so on, in this order. Verifies all bytes of the
/// destinations.
pub(crate) fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
) -> Result<[TransferStats; COUNT], Failure> {
    let queue = Queue::new(controller, GFP_KERNEL)?;
    let list = KVec::with_capacity(COUNT, GFP_KERNEL)?;
    let results = Arc::pin_init(
        pin_init!(Results {
            ended <- new_spinlock_irq!(list),
            all <- Completion::new(),
        }),
        GFP_KERNEL,
    )?;
    for number in 0..COUNT {
        let (source, destination) = pattern::buffers(range)?;
        let source = Mapping::<_, ToDevice>::new(dev, source)?;
        let destination = Mapping::<_, FromDevice>::new(dev, destination)?;
        let results = results.clone();

        controller
            .prepare(source, destination, part(range, number), GFP_KERNEL)?
            .with_callback(
                CallbackContext::Softirq,
                move |result| {
                    let mut ended = results.ended.lock();
                    let _ = ended.push_within_capacity((number, result));

                    if ended.len() == COUNT {
                        results.all.complete_all();
                    }
                },
                GFP_KERNEL,
            )?
            .submit_to(&queue);
    }
    results.all.wait_for_completion();

    let ended = core::mem::take(&mut *results.ended.lock());
    let mut stats = KVec::with_capacity(COUNT, GFP_KERNEL)?;

    for (place, (number, result)) in ended.into_iter().enumerate() {
        let done = result?;
        let destination = done.mappings.destination.unmap();

        if place != number {
            return Err(Failure::Order { place, number });
        }
        pattern::check(&destination, range.dst_offset, range.len >> number)?;
        stats.push(done.stats, GFP_KERNEL)?;
    }

    stats.as_slice().try_into().map_err(|_| Failure::NoError)
}
