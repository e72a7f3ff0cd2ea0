// SPDX-License-Identifier: GPL-2.0

//! Rows: a part of an image is copied into another image, in one program.
//!
//! In C:
//!
//! ```c
//! xt->src_start = src;                            /* and the directions and increments */
//! xt->dst_start = dst;
//! xt->numf = rows;
//! xt->frame_size = 1;
//! xt->sgl[0].size = len;
//! xt->sgl[0].src_icg = src_stride - len;          /* gaps between rows */
//! xt->sgl[0].dst_icg = dst_stride - len;
//! tx = dmaengine_prep_interleaved_dma(chan, xt, DMA_PREP_INTERRUPT);
//! ```
//!
//! What goes wrong: an address has no length. With a wrong stride or number of rows, the device
//! accesses memory outside the mapping (mistake 37).
//!
//! Here the rows of a `Copy2d` are compared with both mappings before the program is written. If
//! they are not inside, the mappings are returned with the error.
//!
//! To try: leave out `rows.rows * rows.dst_stride` in the length of the destination. The report has
//! "out of the range of the mapping".

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
