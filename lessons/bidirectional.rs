// SPDX-License-Identifier: GPL-2.0

//! Mappings in both directions: the device reads from a buffer what it wrote there before.
//!
//! In C:
//!
//! ```c
//! addr = dma_map_single(dev, buf, len, DMA_BIDIRECTIONAL);
//! if (dma_mapping_error(dev, addr))
//!         return -ENOMEM;
//! receive(addr, len);                             /* the device writes the buffer */
//! send(addr, len);                                /* and reads it: no sync in between */
//! dma_unmap_single(dev, addr, len, DMA_BIDIRECTIONAL);
//! ```
//!
//! What goes wrong: the direction at unmapping differs (mistake 5), or is `DMA_NONE` (mistake 6).
//! The kernel does not compare the direction with the accesses of the device: if it writes a buffer
//! that is mapped as `DMA_TO_DEVICE`, the CPU reads old bytes.
//!
//! Here the direction is a type, and part of the type of the mapping. A copy requires a source that
//! the device may read and a destination that it may write. A `Bidirectional` mapping is both.
//!
//! To try: map `second` as `FromDevice`. At the second copy, the compiler reports "the device may
//! not read a `direction::FromDevice` mapping" (E0277).

use kernel::prelude::*;

use super::{
    pattern,
    Failure,
    MARGIN, //
};
use crate::{
    dma::{
        Bidirectional,
        Buffer,
        DmaDevice,
        Mapping, //
    },
    pl330::{
        Controller,
        CopyRange,
        TransferStats, //
    }, //
};

/// Copies `range` to a second buffer, and from there to the end of the first. Verifies all bytes of
/// both.
pub(crate) fn there_and_back<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
) -> Result<[TransferStats; 2], Failure> {
    let end = range.src_offset + range.len + MARGIN;
    let mut first = Buffer::zeroed(end + range.len + MARGIN, GFP_KERNEL)?;
    let mut second = Buffer::zeroed(range.dst_offset + range.len + MARGIN, GFP_KERNEL)?;

    pattern::fill_background(&mut first[..end]);
    pattern::fill_source(&mut first[range.src_offset..][..range.len]);
    pattern::fill_background(&mut first[end..]);
    pattern::fill_background(&mut second);

    let first = Mapping::<_, Bidirectional>::new(dev, first)?;
    let second = Mapping::<_, Bidirectional>::new(dev, second)?;

    let there = controller.copy(first, second, range)?;
    let back = controller.copy(
        there.mappings.destination,
        there.mappings.source,
        CopyRange {
            src_offset: range.dst_offset,
            dst_offset: end,
            len: range.len,
        },
    )?;

    let first = back.mappings.destination.unmap();
    let second = back.mappings.source.unmap();

    pattern::check(&first[..end], range.src_offset, range.len)?;
    pattern::check(&first[end..], 0, range.len)?;
    pattern::check(&second, range.dst_offset, range.len)?;
    Ok([there.stats, back.stats])
}
