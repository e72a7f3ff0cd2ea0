// SPDX-License-Identifier: GPL-2.0

//! Long buffers that stay mapped: each transfer uses a part of them, and only this part is synced.
//!
//! In C, as in the page pool of the networking core:
//!
//! ```c
//! addr = dma_map_single_attrs(dev, buf, size, DMA_FROM_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
//! ...
//! dma_sync_single_for_device(dev, addr, len, DMA_FROM_DEVICE);
//! receive(addr, len);
//! dma_sync_single_for_cpu(dev, addr, len, DMA_FROM_DEVICE);
//! parse(buf, len);
//! ...
//! dma_unmap_single_attrs(dev, addr, size, DMA_FROM_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
//! ```
//!
//! What goes wrong: the sync for the device is missing (mistake 32), or that for the CPU (mistake
//! 11). A sync exceeds the mapping (mistake 14).
//!
//! Here the CPU owns the result of `new_unsynced`, and accesses it as memory. `sync_for_device`
//! syncs the first `len` bytes and returns a mapping that can be submitted. `sync_for_cpu` syncs
//! the same bytes, and the CPU owns the mapping again.
//!
//! To try: copy from `sent` instead of `source`. The compiler reports "`CpuOwned<'_, Buffer,
//! direction::ToDevice>` cannot be submitted to a device" (E0277).

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

/// Length of the buffers in bytes.
const LEN: usize = 64 << 10;

/// Copies `range` as a frame between longer buffers, then another frame in the same buffers.
/// Verifies the received bytes and the margin after them.
pub(crate) fn frames<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
) -> Result<[TransferStats; 2], Failure> {
    let mut received = Buffer::zeroed(LEN, GFP_KERNEL)?;

    pattern::fill_background(&mut received);

    let mut sent = Mapping::<_, ToDevice>::new_unsynced(dev, Buffer::zeroed(LEN, GFP_KERNEL)?)?;
    let mut received = Mapping::<_, FromDevice>::new_unsynced(dev, received)?;
    let mut stats = [None; 2];

    for stats in &mut stats {
        pattern::fill_source(&mut sent[range.src_offset..][..range.len]);

        let source = sent
            .sync_for_device(range.src_offset + range.len)
            .map_err(|_| EINVAL)?;
        let destination = received
            .sync_for_device(range.dst_offset + range.len)
            .map_err(|_| EINVAL)?;
        let done = controller.copy(source, destination, range)?;

        *stats = Some(done.stats);
        sent = done.mappings.source.sync_for_cpu();
        received = done.mappings.destination.sync_for_cpu();
        pattern::check(
            &received[..range.dst_offset + range.len + MARGIN],
            range.dst_offset,
            range.len,
        )?;
        pattern::fill_background(&mut sent[range.src_offset..][..range.len]);
    }

    match stats {
        [Some(first), Some(second)] => Ok([first, second]),
        _ => Err(Failure::NoError),
    }
}
