// SPDX-License-Identifier: GPL-2.0

//! Copies in the background, on several channels, for tests: each callback submits the next one.
//!
//! ```sh
//! echo 4 65536 1000 > stream      # 4 chains of 1000 copies of 64 KiB; does not wait for them
//! echo stop > stream              # ends the chains
//! cat stream-result               # 1234 of 4000 copies, 0 with wrong bytes, 0 failed, 4 chains
//! ```

use kernel::{
    fmt,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    }, //
};

use super::numbers;
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

/// Limits of a stream.
const MAX_CHAINS: usize = 64;
const MAX_LEN: usize = 64 << 10;
const MAX_COPIES: usize = 1_000_000;

/// Source and destination.
type Buffers<'bound> = Pair<Mapping<'bound, Buffer, ToDevice>, Mapping<'bound, Buffer, FromDevice>>;

/// Chains of copies, with counts.
pub(super) struct Stream<'bound> {
    controller: Arc<Controller<'bound>>,
    /// Number of bytes of a copy.
    len: usize,
    /// Number of all copies.
    total: usize,
    done: Atomic<usize>,
    wrong: Atomic<usize>,
    failed: Atomic<usize>,
    /// Number of chains that have not ended.
    chains: Atomic<usize>,
    is_stopping: Atomic<bool>,
}

/// Chain of copies.
struct Chain<'bound> {
    stream: Arc<Stream<'bound>>,
    /// Number of copies that are left, which is also the value of the bytes that are copied.
    left: usize,
}

/// Starts the stream that `word` describes.
///
/// # Errors
///
/// `EINVAL` for other words than three numbers, or too large ones; those of mappings.
pub(super) fn start<'bound>(
    dev: &'bound DmaDevice,
    controller: &Arc<Controller<'bound>>,
    word: &str,
) -> Result<Arc<Stream<'bound>>> {
    let [chains, len, copies] = numbers(word)?;

    if !(1..=MAX_CHAINS).contains(&chains)
        || !(1..=MAX_LEN).contains(&len)
        || !(1..=MAX_COPIES).contains(&copies)
    {
        return Err(EINVAL);
    }

    let stream = Arc::new(
        Stream {
            controller: controller.clone(),
            len,
            total: chains * copies,
            done: Atomic::new(0),
            wrong: Atomic::new(0),
            failed: Atomic::new(0),
            chains: Atomic::new(chains),
            is_stopping: Atomic::new(false),
        },
        GFP_KERNEL,
    )?;

    for _ in 0..chains {
        let chain = Chain {
            stream: stream.clone(),
            left: copies,
        };

        chain.submit(Pair {
            source: Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(len, GFP_KERNEL)?)?,
            destination: Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(len, GFP_KERNEL)?)?,
        });
    }
    Ok(stream)
}

impl<'bound> Chain<'bound> {
    /// Returns the value of the bytes of the next copy.
    fn value(&self) -> u8 {
        // CAST: The lowest byte will do.
        self.left as u8
    }

    /// Fills the source and submits the next copy. Sleeps.
    fn submit(self, mut buffers: Buffers<'bound>) {
        let stream = self.stream.clone();
        let range = CopyRange {
            src_offset: 0,
            dst_offset: 0,
            len: stream.len,
        };

        if let Ok(mut source) = buffers.source.for_cpu_mut(..) {
            source.fill(self.value());
        }

        let descriptor = stream
            .controller
            .prepare(buffers.source, buffers.destination, range, GFP_KERNEL)
            .and_then(|descriptor| {
                descriptor.with_callback(
                    CallbackContext::Thread,
                    move |result| self.ended(result),
                    GFP_KERNEL,
                )
            });

        match descriptor {
            Ok(descriptor) => drop(descriptor.submit()),
            Err(_) => stream.fail_chain(),
        }
    }

    /// Counts a copy that has ended, and submits the next one. After a failure there is none.
    fn ended(mut self, result: TransferResult<Buffers<'bound>>) {
        let stream = &self.stream;

        match result {
            Ok(completed) => {
                let mut buffers = completed.mappings;
                let value = self.value();
                let is_right = buffers
                    .destination
                    .for_cpu(..)
                    .is_ok_and(|bytes| bytes.iter().all(|&byte| byte == value));

                stream.done.fetch_add(1, Relaxed);
                if !is_right {
                    stream.wrong.fetch_add(1, Relaxed);
                }
                self.left -= 1;
                if self.left != 0 && !stream.is_stopping.load(Relaxed) {
                    self.submit(buffers);
                } else {
                    stream.chains.fetch_sub(1, Relaxed);
                }
            }
            Err(Failed { .. }) => stream.fail_chain(),
        }
    }
}

impl Stream<'_> {
    /// Lets each chain end after the copy that runs.
    pub(super) fn stop(&self) {
        self.is_stopping.store(true, Relaxed);
    }

    /// Counts a failed copy, which ends its chain.
    fn fail_chain(&self) {
        self.failed.fetch_add(1, Relaxed);
        self.chains.fetch_sub(1, Relaxed);
    }
}

impl fmt::Display for Stream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_fmt(fmt!(
            "{} of {} copies, {} with wrong bytes, {} failed, {} chains\n",
            self.done.load(Relaxed),
            self.total,
            self.wrong.load(Relaxed),
            self.failed.load(Relaxed),
            self.chains.load(Relaxed)
        ))
    }
}
