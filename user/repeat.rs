// SPDX-License-Identifier: GPL-2.0

//! Repeated transfers, for measurements and tests:
//!
//! ```sh
//! echo copy 4096 64 > repeat          # 64 copies of 4096 bytes, one after the other
//! echo list 256 512 8 > repeat        # 8 transfers of 256 chunks of 512 bytes each
//! echo scattered 256 512 8 > repeat   # the same between lists of 256 pages, 512 bytes of each
//! echo callbacks 64 100 > repeat      # 64 copies, each submitted by the callback of the one
//!                                     # before, which takes 100 µs
//! echo terminate 10 > repeat          # a copy without a time limit, terminated after 10 ms
//! echo queue > repeat                 # 4 copies in a queue, one of which is terminated
//! ```
//!
//! `scattered` also writes a line to the kernel log:
//!
//! ```text
//! repeat: 256 segments to 256 segments, 1 programs of 5128 bytes
//! ```

use core::cmp::Reverse;

use kernel::{
    prelude::*,
    sync::Arc, //
};

use super::{
    callbacks,
    numbers,
    queue,
    terminate, //
};
use crate::{
    dma::{
        Buffer,
        Direction,
        DmaDevice,
        FromDevice,
        Mapped,
        Mapping,
        Memory,
        PageBuffer,
        Pair,
        ToDevice, //
    },
    pl330::{
        Controller,
        CopyRange,
        Failed,
        PrepareResult,
        TransferStats, //
    },
    sg::{
        MappedSgTable,
        SgTable, //
    }, //
};

/// Maximum number of bytes of a transfer.
const MAX_LEN: usize = 4 << 20;

/// Maximum number of chunks: their list is one allocation.
const MAX_CHUNKS: usize = 64 << 10;

/// Executes the command `word`.
///
/// # Errors
///
/// `EINVAL` for another command; `EINTR` after a signal; those of mappings and transfers.
pub(super) fn run<'bound>(
    dev: &'bound DmaDevice,
    controller: &Arc<Controller<'bound>>,
    word: &str,
) -> Result {
    match word.split_once(' ') {
        None if word == "queue" => queue::run(dev, controller),
        Some(("copy", rest)) => {
            let [len, times] = numbers(rest)?;

            copy_chunks(dev, controller, 1, len, times)
        }
        Some(("list", rest)) => {
            let [count, len, times] = numbers(rest)?;

            copy_chunks(dev, controller, count, len, times)
        }
        Some(("scattered", rest)) => {
            let [count, len, times] = numbers(rest)?;

            copy_pages(dev, controller, count, len, times)
        }
        Some(("terminate", rest)) => {
            let [ms] = numbers(rest)?;

            terminate::run(dev, controller, ms)
        }
        Some(("callbacks", rest)) => {
            let [times, delay_us] = numbers(rest)?;

            callbacks::run(dev, controller, times, delay_us)
        }
        _ => Err(EINVAL),
    }
}

/// Copies `count` chunks of `len` bytes between buffers, `times` times.
fn copy_chunks<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    count: usize,
    len: usize,
    times: usize,
) -> Result {
    let total = count
        .checked_mul(len)
        .filter(|&total| total != 0 && total <= MAX_LEN && count <= MAX_CHUNKS)
        .ok_or(EINVAL)?;
    let pair = Pair {
        source: Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(total, GFP_KERNEL)?)?,
        destination: Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(total, GFP_KERNEL)?)?,
    };

    repeat(dev, pair, times, |source, destination| {
        Ok(match count {
            1 => controller.prepare(source, destination, all(len), GFP_KERNEL),
            _ => controller.prepare(source, destination, descending(count, len)?, GFP_KERNEL),
        })
    })?;
    Ok(())
}

/// Copies `len` bytes of `count` pages between lists, `times` times.
fn copy_pages<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    count: usize,
    len: usize,
    times: usize,
) -> Result {
    if count == 0 || count > MAX_LEN / PageBuffer::LEN || len == 0 {
        return Err(EINVAL);
    }

    let pair = Pair {
        source: map_pages::<ToDevice>(dev, count, len)?,
        destination: map_pages::<FromDevice>(dev, count, len)?,
    };
    let (pair, stats) = repeat(dev, pair, times, |source, destination| {
        Ok(controller.prepare(source, destination, all(count * len), GFP_KERNEL))
    })?;

    if let Some(stats) = stats {
        dev_info!(
            dev.as_device(),
            "repeat: {} segments to {} segments, {} programs of {} bytes\n",
            pair.source.nents(),
            pair.destination.nents(),
            stats.programs,
            stats.program_len
        );
    }
    Ok(())
}

/// Copies `times` times with the same mappings. Returns them and the last statistics.
///
/// A signal terminates the copy that runs.
fn repeat<'a, 'bound: 'a, S, D>(
    dev: &DmaDevice,
    mut pair: Pair<S, D>,
    times: usize,
    prepare: impl Fn(S, D) -> Result<PrepareResult<'a, 'bound, Pair<S, D>>>,
) -> Result<(Pair<S, D>, Option<TransferStats>)>
where
    S: Mapped + Send + 'bound,
    D: Mapped + Send + 'bound,
{
    let log = |failed: &Failed<_>| {
        dev_warn!(dev.as_device(), "a transfer failed: {}\n", failed.error);
    };
    let mut stats = None;

    for _ in 0..times {
        let descriptor = prepare(pair.source, pair.destination)?.inspect_err(log)?;
        let Ok(result) = descriptor.submit().wait_interruptible() else {
            return Err(EINTR);
        };
        let completed = result.inspect_err(log)?;

        pair = completed.mappings;
        stats = Some(completed.stats);
    }
    Ok((pair, stats))
}

/// Returns the range of all `len` bytes.
fn all(len: usize) -> CopyRange {
    CopyRange {
        src_offset: 0,
        dst_offset: 0,
        len,
    }
}

/// Maps `len` bytes of each of `count` pages, in descending order so that none are merged.
fn map_pages<D: Direction>(
    dev: &DmaDevice,
    count: usize,
    len: usize,
) -> Result<MappedSgTable<'_, KVec<PageBuffer>, D>> {
    let mut pages = KVec::with_capacity(count, GFP_KERNEL)?;

    for _ in 0..count {
        let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

        page.set_range(0..len)?;
        pages.push(page, GFP_KERNEL)?;
    }
    pages.sort_unstable_by_key(|page| Reverse(page.as_ptr()));
    Ok(SgTable::new(dev, pages, GFP_KERNEL)?.map()?)
}

/// Returns chunks in descending order, so that none are merged.
fn descending(count: usize, len: usize) -> Result<KVec<CopyRange>> {
    let mut list = KVec::with_capacity(count, GFP_KERNEL)?;

    for chunk in 0..count {
        let at = (count - 1 - chunk) * len;

        list.push(
            CopyRange {
                src_offset: at,
                dst_offset: at,
                len,
            },
            GFP_KERNEL,
        )?;
    }
    Ok(list)
}
