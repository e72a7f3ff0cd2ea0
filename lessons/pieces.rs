// SPDX-License-Identifier: GPL-2.0

//! Pieces: scattered chunks of one buffer are gathered in another, in one program, with one
//! interrupt.
//!
//! In C:
//!
//! ```c
//! for (i = 0; i < count; i++) {
//!         tx = dmaengine_prep_dma_memcpy(chan, dst + i * len, src + offset[i], len, 0);
//!         if (!tx)
//!                 goto terminate;
//!         cookie = dmaengine_submit(tx);
//! }
//! dma_async_issue_pending(chan);
//! status = dma_sync_wait(chan, cookie);
//! ```
//!
//! What goes wrong: an offset leads outside the mapping (mistake 37). The kernel's own driver takes
//! an interrupt and 14 register accesses for each chunk.
//!
//! Here the chunks are one shape, a vector of `CopyRange`, which is compared with both mappings
//! before the program is written.
//!
//! To try: change `src_offset` to `(count - chunk) * stride`. The report has "out of the range of
//! the mapping".

use kernel::prelude::*;

use super::{
    pattern,
    Failure,
    MARGIN, //
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
        Controller,
        CopyRange,
        TransferStats, //
    }, //
};

/// Copies `count` chunks of `len` bytes, the last one first. Verifies all bytes of the destination.
pub(crate) fn gather<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    count: usize,
    len: usize,
) -> Result<TransferStats, Failure> {
    // Seven bytes between any two, for different alignments.
    let stride = len + 7;
    let mut source = Buffer::zeroed(count * stride, GFP_KERNEL)?;
    let mut destination = Buffer::zeroed(count * len + MARGIN, GFP_KERNEL)?;
    let mut chunks = KVec::with_capacity(count, GFP_KERNEL)?;

    pattern::fill_source(&mut source);
    pattern::fill_background(&mut destination);
    for chunk in 0..count {
        chunks.push(
            CopyRange {
                src_offset: (count - 1 - chunk) * stride,
                dst_offset: chunk * len,
                len,
            },
            GFP_KERNEL,
        )?;
    }

    let source = Mapping::<_, ToDevice>::new(dev, source)?;
    let destination = Mapping::<_, FromDevice>::new(dev, destination)?;
    let done = controller.copy(source, destination, chunks)?;

    pattern::check_by(&done.mappings.destination.unmap(), |offset| {
        match offset / len {
            chunk if chunk < count => pattern::source((count - 1 - chunk) * stride + offset % len),
            _ => pattern::background(offset),
        }
    })?;
    Ok(done.stats)
}
