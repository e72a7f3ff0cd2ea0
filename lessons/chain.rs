// SPDX-License-Identifier: GPL-2.0

//! A chain: each transfer is prepared and submitted in the callback of the one before, in a
//! softirq, where nothing may sleep.

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
    Failure,
    MARGIN, //
};
use crate::{
    dma::{
        Bidirectional,
        Buffer,
        DmaDevice,
        Mapping,
        Pair, //
    },
    pl330::{
        CallbackContext,
        Controller,
        CopyRange,
        Failed,
        TransferStats, //
    }, //
};

/// How many transfers there are.
pub(super) const MANY: usize = 9;

/// The two buffers.
type Buffers<'bound> = Pair<Both<'bound>, Both<'bound>>;

/// One of them.
type Both<'bound> = Mapping<'bound, Buffer, Bidirectional>;

/// What becomes of the chain.
#[pin_data]
struct Chain<'bound> {
    #[pin]
    state: SpinLockIrq<State<'bound>>,
    #[pin]
    end: Completion,
}

struct State<'bound> {
    /// Of the transfers done. Has room for all of them.
    stats: KVec<TransferStats>,
    /// The buffers at the end, or what stopped it.
    result: Option<Result<Buffers<'bound>, Failed<Buffers<'bound>>>>,
}

/// Copies `range` from one buffer to another and back, nine times, and looks at all bytes of the
/// last destination.
pub(super) fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Arc<Controller<'bound>>,
    range: CopyRange,
) -> Result<[TransferStats; MANY], Failure> {
    let mut source = Buffer::zeroed(range.len)?;
    let mut destination = Buffer::zeroed(range.len + MARGIN)?;

    pattern::fill_source(&mut source);
    pattern::fill_background(&mut destination);

    let state = State {
        stats: KVec::with_capacity(MANY, GFP_KERNEL)?,
        result: None,
    };
    let chain = Arc::pin_init(
        pin_init!(Chain {
            state <- new_spinlock_irq!(state),
            end <- Completion::new(),
        }),
        GFP_KERNEL,
    )?;
    let buffers = Pair {
        source: Mapping::<_, Bidirectional>::new(dev, source)?,
        destination: Mapping::<_, Bidirectional>::new(dev, destination)?,
    };
    let range = CopyRange {
        src_offset: 0,
        dst_offset: 0,
        ..range
    };

    continue_with(controller.clone(), chain.clone(), buffers, range);
    chain.end.wait_for_completion();

    let State { stats, result } = core::mem::replace(
        &mut *chain.state.lock(),
        State {
            stats: KVec::new(),
            result: None,
        },
    );
    let buffers = result.ok_or(Failure::NoError)??;

    // They have changed places after each.
    pattern::check(&buffers.source.unmap(), 0, range.len)?;
    stats.as_slice().try_into().map_err(|_| Failure::NoError)
}

/// Submits a transfer that has another one submitted at its end, unless it was the last. In any
/// context, so memory comes from the reserve.
fn continue_with<'bound>(
    controller: Arc<Controller<'bound>>,
    chain: Arc<Chain<'bound>>,
    buffers: Buffers<'bound>,
    range: CopyRange,
) {
    let (next, at_end) = (controller.clone(), chain.clone());
    let submitted = controller
        .prepare(buffers.source, buffers.destination, range, GFP_ATOMIC)
        .and_then(|prepared| {
            prepared.with_callback(
                CallbackContext::Softirq,
                move |result| {
                    let done = match result {
                        Ok(done) => done,
                        Err(failed) => return at_end.finish(Err(failed)),
                    };
                    let buffers = Pair {
                        source: done.mappings.destination,
                        destination: done.mappings.source,
                    };

                    match at_end.count(done.stats) {
                        MANY => at_end.finish(Ok(buffers)),
                        _ => continue_with(next, at_end, buffers, range),
                    }
                },
                GFP_ATOMIC,
            )
        })
        .map(|prepared| prepared.submit());

    if let Err(failed) = submitted {
        chain.finish(Err(failed));
    }
}

impl<'bound> Chain<'bound> {
    /// Takes down that a transfer was done; how many there are now.
    fn count(&self, stats: TransferStats) -> usize {
        let all = &mut self.state.lock().stats;
        let _ = all.push_within_capacity(stats);

        all.len()
    }

    fn finish(&self, result: Result<Buffers<'bound>, Failed<Buffers<'bound>>>) {
        self.state.lock().result = Some(result);
        self.end.complete_all();
    }
}
