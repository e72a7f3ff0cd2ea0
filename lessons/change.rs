// SPDX-License-Identifier: GPL-2.0

//! Buffers that stay mapped: the CPU writes a part of the source and reads a part of the
//! destination, and only these parts are synced.
//!
//! In C this is `dma_sync_single_for_device()` after the writes and `dma_sync_single_for_cpu()`
//! before the reads, with the right direction, offset and length. Here `for_cpu_mut` and `for_cpu`
//! sync, and the CPU cannot access the bytes without them.

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

/// Copies `range` between two mapped buffers, then the bytes after it. The CPU writes these while
/// the source is mapped.
pub(super) fn twice<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
) -> Result<[TransferStats; 2], Failure> {
    let next = range.src_offset + range.len;
    let end = range.dst_offset + range.len + MARGIN;
    let mut source = Buffer::zeroed(next + range.len, GFP_KERNEL)?;
    let mut destination = Buffer::zeroed(end, GFP_KERNEL)?;

    pattern::fill_source(&mut source[range.src_offset..next]);
    pattern::fill_background(&mut destination);

    let source = Mapping::<_, ToDevice>::new(dev, source)?;
    let destination = Mapping::<_, FromDevice>::new(dev, destination)?;
    let mut done = controller.copy(source, destination, range)?;
    let first = done.stats;

    pattern::check(
        done.mappings.destination.for_cpu(..)?,
        range.dst_offset,
        range.len,
    )?;
    pattern::fill_background(&mut done.mappings.source.for_cpu_mut(next..)?);

    let mut done = controller.copy(
        done.mappings.source,
        done.mappings.destination,
        CopyRange {
            src_offset: next,
            ..range
        },
    )?;

    pattern::check_background(
        done.mappings
            .destination
            .for_cpu(range.dst_offset..end - MARGIN)?,
    )?;
    pattern::check_background(&done.mappings.source.unmap()[next..])?;
    Ok([first, done.stats])
}
