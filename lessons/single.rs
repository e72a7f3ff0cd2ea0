// SPDX-License-Identifier: GPL-2.0

//! Single mappings in one direction: the device reads one buffer and writes another.
//!
//! When `Mapping::new` returns, the device sees the bytes that the CPU wrote to the source. When
//! `unmap` returns, the CPU sees those that the device wrote to the destination. In between, the
//! CPU cannot access either buffer.

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

/// Copies `range` between two buffers. Verifies all bytes of the destination.
pub(crate) fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
) -> Result<TransferStats, Failure> {
    let mut source = Buffer::zeroed(range.src_offset + range.len, GFP_KERNEL)?;
    let mut destination = Buffer::zeroed(range.dst_offset + range.len + MARGIN, GFP_KERNEL)?;

    pattern::fill_source(&mut source[range.src_offset..]);
    pattern::fill_background(&mut destination);

    let source = Mapping::<_, ToDevice>::new(dev, source)?;
    let destination = Mapping::<_, FromDevice>::new(dev, destination)?;
    let done = controller.copy(source, destination, range)?;

    let destination = done.mappings.destination.unmap();

    pattern::check(&destination, range.dst_offset, range.len)?;
    Ok(done.stats)
}
