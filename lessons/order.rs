// SPDX-License-Identifier: GPL-2.0

//! A queue and callbacks: transfers that run one after the other, and a callback for each, which a
//! softirq calls.
//!
//! The first transfer is the longest, so without the queue the others would overtake it.

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
