// SPDX-License-Identifier: GPL-2.0

//! Fills: the device writes the same few bytes repeatedly, without a source buffer.
//!
//! In C, without the checks, where `dev` is `dmaengine_get_dma_device(chan)`:
//!
//! ```c
//! addr = dma_map_single(dev, buf, len, DMA_FROM_DEVICE);
//! tx = dmaengine_prep_dma_memset(chan, addr + offset, value, count, DMA_PREP_INTERRUPT);
//! cookie = dmaengine_submit(tx);
//! dma_async_issue_pending(chan);
//! status = dma_sync_wait(chan, cookie);
//! dma_unmap_single(dev, addr, len, DMA_FROM_DEVICE);
//! ```
//!
//! What goes wrong: `dev` is the device of the driver, not that of the channel (mistake 28).
//! `offset + count` exceeds the mapping (mistake 37). The buffer is mapped as `DMA_TO_DEVICE`, and
//! the CPU reads old bytes.
//!
//! Here `memset` compares the device, the offset and the length with the mapping, for a list too,
//! and requires a direction in which the device writes.
//!
//! To try: map the buffer of `fill` as `ToDevice`. The compiler reports "the device may not write a
//! `direction::ToDevice` mapping" (E0277).

use kernel::prelude::*;

use super::{
    list,
    pattern,
    Failure,
    MARGIN, //
};
use crate::{
    dma::{
        Buffer,
        DmaDevice,
        FromDevice,
        Mapping, //
    },
    pl330::{
        Controller,
        CopyRange,
        Pattern,
        TransferStats, //
    },
    sg::SgTable, //
};

/// Fills the destination of `range` with a pattern of 1, 2, 4 or 8 `bytes`. Verifies all bytes of
/// the buffer.
pub(crate) fn fill<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
    bytes: &[u8],
) -> Result<TransferStats, Failure> {
    let mut buffer = Buffer::zeroed(range.dst_offset + range.len + MARGIN, GFP_KERNEL)?;

    pattern::fill_background(&mut buffer);

    let buffer = Mapping::<_, FromDevice>::new(dev, buffer)?;
    let fill_pattern = Pattern::new(bytes).ok_or(Failure::Pattern)?;
    let done = controller.memset(buffer, range.dst_offset, range.len, fill_pattern)?;

    pattern::check_by(&done.mappings.unmap(), |offset| {
        match offset.checked_sub(range.dst_offset) {
            Some(index) if index < range.len => bytes[index % bytes.len()],
            _ => pattern::background(offset),
        }
    })?;
    Ok(done.stats)
}

/// Fills a list of buffers with a pattern of 1, 2, 4 or 8 `bytes`. The pattern continues from one
/// buffer to the next. Verifies all bytes of the buffers.
pub(crate) fn fill_list<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    bytes: &[u8],
) -> Result<TransferStats, Failure> {
    let mut buffers = list::buffers()?;

    for buffer in &mut buffers {
        pattern::fill_background(buffer);
    }

    let buffers = SgTable::new(dev, buffers, GFP_KERNEL)?.map::<FromDevice>()?;
    let fill_pattern = Pattern::new(bytes).ok_or(Failure::Pattern)?;
    let done = controller.memset(buffers, 0, list::RANGE.len, fill_pattern)?;
    let buffers = done.mappings.unmap().into_memory();

    pattern::check_parts(buffers.iter().map(|part| &part[..]), |index| {
        bytes[index % bytes.len()]
    })?;
    Ok(done.stats)
}
