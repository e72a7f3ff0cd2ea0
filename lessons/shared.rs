// SPDX-License-Identifier: GPL-2.0

//! One image that two transfers read at the same time, and the CPU too.
//!
//! In C:
//!
//! ```c
//! get_page(page);
//! addr = dma_map_page(dev, page, 0, len, DMA_TO_DEVICE);
//! send(addr, len);
//! ...
//! dma_unmap_page(dev, addr, len, DMA_TO_DEVICE);
//! put_page(page);                                 /* in the interrupt handler */
//! ```
//!
//! What goes wrong: the driver drops its reference before the device has read the page (mistake
//! 48), or maps memory for writing that others read (mistake 47).
//!
//! Here a [`SharedMapping`] has a counted reference to the memory: an [`Arc`], or a `PageRef`. Its
//! direction is `ToDevice`, so no transfer can write the memory.
//!
//! To try: use a `SharedMapping` as `destination`, too. The compiler reports "the device may not
//! write a `direction::ToDevice` mapping" (E0277).

use kernel::{
    prelude::*,
    sync::Arc, //
};

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
        SharedMapping, //
    },
    pl330::{
        Controller,
        CopyRange,
        TransferStats, //
    }, //
};

/// Copies `range` of one image to two buffers at once. Verifies all bytes.
pub(crate) fn copy_twice<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
) -> Result<[TransferStats; 2], Failure> {
    let mut image = Buffer::zeroed(range.src_offset + range.len, GFP_KERNEL)?;

    pattern::fill_source(&mut image[range.src_offset..]);

    let image = Arc::new(image, GFP_KERNEL)?;
    let copy = || {
        let mut destination = Buffer::zeroed(range.dst_offset + range.len + MARGIN, GFP_KERNEL)?;

        pattern::fill_background(&mut destination);

        let source = SharedMapping::new(dev, image.clone())?;
        let destination = Mapping::<_, FromDevice>::new(dev, destination)?;

        Ok::<_, Failure>(
            controller
                .prepare(source, destination, range, GFP_KERNEL)?
                .submit(),
        )
    };
    let (first, second) = (copy()?, copy()?);

    // The CPU reads the image as before.
    pattern::check_by(&image[range.src_offset..], pattern::source)?;

    let (first, second) = (first.wait()?, second.wait()?);

    for destination in [first.mappings.destination, second.mappings.destination] {
        pattern::check(&destination.unmap(), range.dst_offset, range.len)?;
    }
    Ok([first.stats, second.stats])
}
