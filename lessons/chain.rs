// SPDX-License-Identifier: GPL-2.0

//! A chain: the callback of a transfer prepares and submits the next one, in a softirq, where it
//! must not sleep.
//!
//! In C:
//!
//! ```c
//! static void done(void *data)                    /* called by a tasklet */
//! {
//!         struct chain *chain = data;
//!
//!         swap(chain->src, chain->dst);
//!         submit(chain);                          /* prepares, submits and issues the next one */
//! }
//! ```
//!
//! What goes wrong: `remove` unmaps the buffers while a callback submits them again (mistakes 16
//! and 18). Both sides get the same buffer, because nothing owns it (mistake 21).
//!
//! Here the mappings move: into a transfer, into its callback, and into the next transfer. When the
//! device is unbound, the next transfer fails, and its callback gets the mappings with the error.
//!
//! To try: use `done.mappings.destination` for both sides of the next transfer. The compiler
//! reports "use of moved value: `done.mappings.destination`" (E0382).

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

/// Number of transfers.
pub(crate) const COUNT: usize = 9;

/// Source and destination, which change places after each transfer.
type Buffers<'bound> = Pair<MappedBuffer<'bound>, MappedBuffer<'bound>>;

/// Buffers after the last transfer, or the error that stopped the chain.
type ChainResult<'bound> = Result<Buffers<'bound>, Failed<Buffers<'bound>>>;

/// Buffer that the device reads and writes.
type MappedBuffer<'bound> = Mapping<'bound, Buffer, Bidirectional>;

/// State that the callbacks and the submitter share.
#[pin_data]
struct Chain<'bound> {
    #[pin]
    state: SpinLockIrq<State<'bound>>,
    #[pin]
    end: Completion,
}

#[derive(Default)]
struct State<'bound> {
    /// Statistics of the completed transfers, with capacity for all.
    stats: KVec<TransferStats>,
    result: Option<ChainResult<'bound>>,
}

/// Copies `range`, whose offsets are 0, between two buffers nine times, back and forth. Verifies
/// all bytes of the last destination.
pub(crate) fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Arc<Controller<'bound>>,
    range: CopyRange,
) -> Result<[TransferStats; COUNT], Failure> {
    let (source, destination) = pattern::buffers(range)?;
    let state = State {
        stats: KVec::with_capacity(COUNT, GFP_KERNEL)?,
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

    submit(controller.clone(), chain.clone(), buffers, range);
    chain.end.wait_for_completion();

    let State { stats, result } = core::mem::take(&mut *chain.state.lock());
    let buffers = result.ok_or(Failure::NoError)??;

    // The callback has swapped the buffers: `source` is the last destination.
    pattern::check(&buffers.source.unmap(), 0, range.len)?;
    stats.as_slice().try_into().map_err(|_| Failure::NoError)
}

/// Submits a transfer whose callback submits the next one, unless it was the last.
///
/// Callbacks in a softirq call it, so it allocates with `GFP_ATOMIC`.
fn submit<'bound>(
    controller: Arc<Controller<'bound>>,
    chain: Arc<Chain<'bound>>,
    buffers: Buffers<'bound>,
    range: CopyRange,
) {
    let (next, at_end) = (controller.clone(), chain.clone());
    let submitted = controller
        .prepare(buffers.source, buffers.destination, range, GFP_ATOMIC)
        .and_then(|descriptor| {
            descriptor.with_callback(
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

                    match at_end.add(done.stats) {
                        COUNT => at_end.finish(Ok(buffers)),
                        _ => submit(next, at_end, buffers, range),
                    }
                },
                GFP_ATOMIC,
            )
        })
        .map(|descriptor| descriptor.submit());

    if let Err(failed) = submitted {
        chain.finish(Err(failed));
    }
}

impl<'bound> Chain<'bound> {
    /// Adds the statistics of a completed transfer. Returns the number of completed transfers.
    fn add(&self, stats: TransferStats) -> usize {
        let all = &mut self.state.lock().stats;
        let _ = all.push_within_capacity(stats);

        all.len()
    }

    /// Ends the chain.
    fn finish(&self, result: ChainResult<'bound>) {
        self.state.lock().result = Some(result);
        self.end.complete_all();
    }
}
