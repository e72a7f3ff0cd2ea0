// SPDX-License-Identifier: GPL-2.0

//! Pages: a part of a page is mapped, and the rest does not change.
//!
//! In C:
//!
//! ```c
//! addr = dma_map_page(dev, page, offset, len, DMA_FROM_DEVICE);
//! if (dma_mapping_error(dev, addr))
//!         return -ENOMEM;
//! receive(addr, len);
//! dma_unmap_page(dev, addr, len, DMA_FROM_DEVICE);
//! __free_page(page);
//! ```
//!
//! What goes wrong: the length at unmapping differs (mistake 4). The page is freed while the device
//! uses it (mistake 16), is mapped twice (mistake 21), or is sent with its old contents (mistake
//! 24).
//!
//! Here a `PageBuffer` owns the page, and its range cannot change while it is mapped. `zeroed`
//! allocates a page. `new` takes an existing one, and returns a page to which there is another
//! reference.
//!
//! To try: call `destination.set_range` after `Mapping::new`. The compiler reports "no method named
//! `set_range` found for struct `Mapping`" (E0599).

use kernel::{
    page::Page,
    prelude::*, //
};

use super::{
    pattern,
    Failure,
    MARGIN, //
};
use crate::{
    dma::{
        DmaDevice,
        FromDevice,
        Mapping,
        PageBuffer,
        ToDevice, //
    },
    pl330::{
        Controller,
        CopyRange,
        TransferStats, //
    }, //
};

/// Copies `range` between two pages, of which it maps only the range and a margin. Verifies all
/// mapped bytes of the destination.
pub(crate) fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
) -> Result<TransferStats, Failure> {
    let mut source = PageBuffer::zeroed(GFP_KERNEL)?;
    let mut destination = PageBuffer::new(Page::alloc_page(GFP_KERNEL)?)?;

    pattern::fill_source(&mut source[range.src_offset..][..range.len]);
    pattern::fill_background(&mut destination);
    source.set_range(range.src_offset..range.src_offset + range.len)?;
    destination.set_range(0..range.dst_offset + range.len + MARGIN)?;

    let source = Mapping::<_, ToDevice>::new(dev, source)?;
    let destination = Mapping::<_, FromDevice>::new(dev, destination)?;
    let done = controller.copy(
        source,
        destination,
        CopyRange {
            src_offset: 0,
            ..range
        },
    )?;
    let destination = done.mappings.destination.unmap();

    pattern::check(
        &destination[..range.dst_offset + range.len + MARGIN],
        range.dst_offset,
        range.len,
    )?;
    drop::<Page>(destination.into_page());
    Ok(done.stats)
}
