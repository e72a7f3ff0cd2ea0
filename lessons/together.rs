// SPDX-License-Identifier: GPL-2.0

//! Transfers at the same time: submitted without a wait in between, they use all channels.
//!
//! In C:
//!
//! ```c
//! for (i = 0; i < 12; i++) {
//!         tx = dmaengine_prep_dma_memcpy(chan[i % 8], dst[i], src[i], len, DMA_PREP_INTERRUPT);
//!         cookie[i] = dmaengine_submit(tx);
//!         dma_async_issue_pending(chan[i % 8]);
//! }
//! for (i = 0; i < 12; i++)
//!         status[i] = dma_sync_wait(chan[i % 8], cookie[i]);
//! ```
//!
//! What goes wrong: the error path of the loop unmaps or frees the buffers of transfers that still
//! run (mistake 16), or the CPU uses them (mistake 13). The driver chooses the channels, and a
//! short transfer waits on one channel while others are idle.
//!
//! Here a transfer waits for the first idle channel, and owns its mappings until `wait` returns
//! them. A transfer that is dropped, as by a `?` in the loop, is terminated before its memory is
//! unmapped.
//!
//! To try: call `destination.unmap()` after the transfer was submitted. The compiler reports "use
//! of moved value: `destination`" (E0382).

use kernel::prelude::*;

use super::{
    pattern,
    Failure, //
};
use crate::{
    dma::{
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

/// Number of transfers, four more than channels.
pub(crate) const COUNT: usize = 12;

/// Copies `range` between twelve pairs of buffers at once. Verifies all bytes of the destinations.
pub(crate) fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
) -> Result<[TransferStats; COUNT], Failure> {
    let mut transfers = KVec::with_capacity(COUNT, GFP_KERNEL)?;
    let mut stats = KVec::with_capacity(COUNT, GFP_KERNEL)?;

    for _ in 0..COUNT {
        let (source, destination) = pattern::buffers(range)?;
        let source = Mapping::<_, ToDevice>::new(dev, source)?;
        let destination = Mapping::<_, FromDevice>::new(dev, destination)?;
        let descriptor = controller.prepare(source, destination, range, GFP_KERNEL)?;

        transfers.push(descriptor.submit(), GFP_KERNEL)?;
    }
    for transfer in transfers {
        let done = transfer.wait()?;
        let destination = done.mappings.destination.unmap();

        pattern::check(&destination, range.dst_offset, range.len)?;
        stats.push(done.stats, GFP_KERNEL)?;
    }

    stats.as_slice().try_into().map_err(|_| Failure::NoError)
}
