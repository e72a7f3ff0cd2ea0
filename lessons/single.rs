// SPDX-License-Identifier: GPL-2.0

//! Single mappings in one direction: the device reads one buffer and writes another.
//!
//! What the CPU wrote into the source is there for the device when `Mapping::new` returns, what the
//! device wrote into the destination is there for the CPU when `unmap` does. In between the CPU has
//! no way to either.

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

/// Copies `range` between two buffers and looks at all bytes of the destination.
pub(super) fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
) -> Result<TransferStats, Failure> {
    let mut source = Buffer::zeroed(range.src_offset + range.len)?;
    let mut destination = Buffer::zeroed(range.dst_offset + range.len + MARGIN)?;

    pattern::fill_source(&mut source[range.src_offset..]);
    pattern::fill_background(&mut destination);

    let source = Mapping::<_, ToDevice>::new(dev, source)?;
    let destination = Mapping::<_, FromDevice>::new(dev, destination)?;
    let done = controller.copy(source, destination, range)?;

    pattern::check(
        &done.mappings.destination.unmap(),
        range.dst_offset,
        range.len,
    )?;
    Ok(done.stats)
}
