// SPDX-License-Identifier: GPL-2.0

//! Transfers at the same time: they are submitted one after the other, without a wait in between,
//! and use all channels. If no channel is idle, a transfer waits for one.

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
