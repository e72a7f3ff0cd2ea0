// SPDX-License-Identifier: GPL-2.0

//! A list from a buffer, with an entry for each of its pages.
//!
//! In C:
//!
//! ```c
//! ret = sg_alloc_table(&sgt, DIV_ROUND_UP(offset_in_page(buf) + len, PAGE_SIZE), GFP_KERNEL);
//! ...
//! for_each_sgtable_sg(&sgt, sg, i) {
//!         n = min_t(size_t, len - done, PAGE_SIZE - offset_in_page(buf + done));
//!         sg_set_buf(sg, buf + done, n);
//!         done += n;
//! }
//! ret = dma_map_sgtable(dev, &sgt, DMA_TO_DEVICE, 0);
//! ```
//!
//! What goes wrong: the buffer is on the stack or in vmalloc memory (mistakes 1 and 2), or is freed
//! while the table is in use (mistake 16). An IOMMU merges entries, and the driver expects one
//! segment for each (mistake 10).
//!
//! Here the table owns the buffer, and finds the number of its entries. If a descriptor of the
//! device holds at most a page, the driver sets `Limits::max_segment` and `Limits::boundary_mask`
//! instead: then neither an entry nor a segment is longer.
//!
//! To try: leave out `split_at_pages`. Each line of the report has "from 1 entries, 1 segments".

use kernel::prelude::*;

use super::{
    pattern,
    Failure, //
};
use crate::{
    dma::{
        Buffer,
        DmaDevice,
        FromDevice,
        Mapping,
        Pair,
        ToDevice, //
    },
    pl330::{
        Completed,
        Controller,
        CopyRange, //
    },
    sg::{
        Contiguous,
        MappedSgTable,
        SgTableBuilder, //
    }, //
};

/// Copy from the list to a buffer.
type Copied<'bound> = Completed<
    Pair<MappedSgTable<'bound, Contiguous<Buffer>, ToDevice>, Mapping<'bound, Buffer, FromDevice>>,
>;

/// Copies `range` from a buffer that is split at its pages. Verifies all bytes of the destination.
pub(crate) fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
) -> Result<Copied<'bound>, Failure> {
    let (source, destination) = pattern::buffers(range)?;
    let source = SgTableBuilder::new(dev, Contiguous(source))
        .split_at_pages()
        .build(GFP_KERNEL)?
        .map::<ToDevice>()?;
    let destination = Mapping::<_, FromDevice>::new(dev, destination)?;
    let mut done = controller.copy(source, destination, range)?;
    let bytes = done.mappings.destination.for_cpu(..)?;

    pattern::check(bytes, range.dst_offset, range.len)?;
    Ok(done)
}
