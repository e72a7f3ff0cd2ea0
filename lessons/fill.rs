// SPDX-License-Identifier: GPL-2.0

//! Fills: the device writes the same few bytes again and again, and the CPU provides none of them.

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

/// Fills `range.len` bytes from `range.dst_offset` on with `bytes`, of which there are 1, 2, 4 or
/// 8, and looks at all bytes of the buffer.
pub(super) fn fill<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
    bytes: &[u8],
) -> Result<TransferStats, Failure> {
    let mut buffer = Buffer::zeroed(range.dst_offset + range.len + MARGIN)?;

    pattern::fill_background(&mut buffer);

    let buffer = Mapping::<_, FromDevice>::new(dev, buffer)?;
    let what = Pattern::new(bytes).ok_or(Failure::Pattern)?;
    let done = controller.memset(buffer, range.dst_offset, range.len, what)?;

    pattern::check_by(&done.mappings.unmap(), |offset| {
        match offset.checked_sub(range.dst_offset) {
            Some(index) if index < range.len => bytes[index % bytes.len()],
            _ => pattern::background(offset),
        }
    })?;
    Ok(done.stats)
}

/// Fills several buffers, as if they followed each other, with `bytes`, of which there are 1, 2, 4
/// or 8, and compares all bytes of the buffers.
pub(super) fn fill_list<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    bytes: &[u8],
) -> Result<TransferStats, Failure> {
    let mut buffers = list::buffers()?;

    for buffer in &mut buffers {
        pattern::fill_background(buffer);
    }

    let buffers = SgTable::new(dev, buffers, GFP_KERNEL)?.map::<FromDevice>()?;
    let what = Pattern::new(bytes).ok_or(Failure::Pattern)?;
    let done = controller.memset(buffers, 0, list::RANGE.len, what)?;
    let buffers = done.mappings.unmap().into_memory();

    pattern::check_parts(buffers.iter().map(|part| &part[..]), |index| {
        bytes[index % bytes.len()]
    })?;
    Ok(done.stats)
}
