// SPDX-License-Identifier: GPL-2.0

//! Buffers that stay mapped: the CPU writes a part of the source and reads a part of the
//! destination, and only these parts are synced.
//!
//! In C:
//!
//! ```c
//! dma_sync_single_for_cpu(dev, dst, start, DMA_FROM_DEVICE);
//! parse(dst_buf, start);
//! memset(src_buf + start, 0, len);
//! dma_sync_single_range_for_device(dev, src, start, len, DMA_TO_DEVICE);
//! start_device(src, dst);
//! ```
//!
//! What goes wrong: the kernel cannot check that the driver syncs, nor the direction, the offset
//! and the length. The CPU reads old bytes, or the device does (mistakes 11, 12, 14 and 15).
//!
//! Here `for_cpu` syncs before it returns the bytes, and the result of `for_cpu_mut` syncs when it
//! is dropped. The CPU cannot access the bytes without them.
//!
//! To try: store the result of `for_cpu_mut` in a variable, and drop it after the second copy. The
//! compiler reports "cannot move out of `done.mappings.source` because it is borrowed" (E0505).

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
pub(crate) fn twice<'bound>(
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
