// SPDX-License-Identifier: GPL-2.0

//! Transfers at the same time: they are submitted one after the other, without a wait in between,
//! and take as many channels as there are. Those for which there is none are done later.

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
use kernel::prelude::*;

/// How many transfers there are, four more than channels.
pub(super) const MANY: usize = 12;

/// Copies `range` between twelve pairs of buffers at once, and looks at all bytes of the
/// destinations.
pub(super) fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
) -> Result<[TransferStats; MANY], Failure> {
    let mut transfers = KVec::with_capacity(MANY, GFP_KERNEL)?;
    let mut stats = KVec::with_capacity(MANY, GFP_KERNEL)?;

    for _ in 0..MANY {
        let mut source = Buffer::zeroed(range.src_offset + range.len)?;
        let mut destination = Buffer::zeroed(range.dst_offset + range.len + MARGIN)?;

        pattern::fill_source(&mut source[range.src_offset..]);
        pattern::fill_background(&mut destination);

        let source = Mapping::<_, ToDevice>::new(dev, source)?;
        let destination = Mapping::<_, FromDevice>::new(dev, destination)?;
        let prepared = controller.prepare(source, destination, range, GFP_KERNEL)?;

        transfers.push(prepared.submit(), GFP_KERNEL)?;
    }
    for transfer in transfers {
        let done = transfer.wait()?;

        pattern::check(
            &done.mappings.destination.unmap(),
            range.dst_offset,
            range.len,
        )?;
        stats.push(done.stats, GFP_KERNEL)?;
    }

    stats.as_slice().try_into().map_err(|_| Failure::NoError)
}
