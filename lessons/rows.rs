// SPDX-License-Identifier: GPL-2.0

//! Rows: a part of an image is copied into another image, in one program.

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
        Copy2d,
        TransferStats, //
    }, //
};

/// Copies `rows` between two buffers. Verifies all bytes of the destination.
pub(crate) fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    rows: Copy2d,
) -> Result<TransferStats, Failure> {
    let first = rows.first;
    let mut source = Buffer::zeroed(
        first.src_offset + rows.rows * rows.src_stride + first.len,
        GFP_KERNEL,
    )?;
    let mut destination = Buffer::zeroed(
        first.dst_offset + rows.rows * rows.dst_stride + first.len + MARGIN,
        GFP_KERNEL,
    )?;

    pattern::fill_source(&mut source);
    pattern::fill_background(&mut destination);

    let source = Mapping::<_, ToDevice>::new(dev, source)?;
    let destination = Mapping::<_, FromDevice>::new(dev, destination)?;
    let done = controller.copy(source, destination, rows)?;

    pattern::check_by(&done.mappings.destination.unmap(), |offset| {
        // Row and column of the byte.
        let place = offset
            .checked_sub(first.dst_offset)
            .map(|offset| (offset / rows.dst_stride, offset % rows.dst_stride));

        match place {
            Some((row, column)) if row < rows.rows && column < first.len => {
                pattern::source(first.src_offset + row * rows.src_stride + column)
            }
            _ => pattern::background(offset),
        }
    })?;
    Ok(done.stats)
}
