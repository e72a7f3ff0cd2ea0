// SPDX-License-Identifier: GPL-2.0

//! Iteration: the entries of a table, and the segments that the device gets when it is mapped.
//!
//! In C:
//!
//! ```c
//! for_each_sgtable_sg(&sgt, sg, i)                /* entries, for the CPU */
//!         total += sg->length;
//! ret = dma_map_sgtable(dev, &sgt, DMA_TO_DEVICE, 0);
//! ...
//! for_each_sgtable_dma_sg(&sgt, sg, i)            /* segments, for the device */
//!         write_descriptor(i, sg_dma_address(sg), sg_dma_len(sg));
//! ```
//!
//! What goes wrong: the loops are interchanged, and the device gets entries (mistake 10), or the
//! physical address of an entry (mistake 27).
//!
//! Here an entry has a length and no bus address: `for length in table.lengths()`. Only a list in
//! flight has segments: `for segment in flight.segments()`, in the code that programs the device
//! (`pl330/transfer/shape.rs`, `samples/edu/device.rs`). A lesson does not program the device: the
//! report shows the segments as text.
//!
//! To try: change `max_segment` to 2048. The report has "from 5 entries, 5 segments".

use kernel::prelude::*;

use super::Failure;
use crate::{
    dma::{
        Buffer,
        DmaDevice,
        FromDevice,
        PageBuffer,
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
        SgMemory,
        SgTable,
        SgTableBuilder, //
    }, //
};

/// Copy from a list to a list.
type Copied<'bound> = Completed<
    Pair<
        MappedSgTable<'bound, Contiguous<Buffer>, ToDevice>,
        MappedSgTable<'bound, KVec<PageBuffer>, FromDevice>,
    >,
>;

/// Range to copy.
pub(crate) const RANGE: CopyRange = CopyRange {
    src_offset: 0,
    dst_offset: 0,
    len: 10_000,
};

/// Copies a buffer to pages. Verifies all bytes. Returns the lengths of the entries of both sides.
pub(crate) fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
) -> Result<(Copied<'bound>, [KVec<usize>; 2]), Failure> {
    let mut source = Buffer::zeroed(RANGE.len, GFP_KERNEL)?;
    let mut pages = KVec::new();

    source.fill(0x5e);
    for _ in 0..RANGE.len.div_ceil(PageBuffer::LEN) {
        pages.push(PageBuffer::zeroed(GFP_KERNEL)?, GFP_KERNEL)?;
    }

    let source = SgTableBuilder::new(dev, Contiguous(source))
        .max_segment(4096)
        .build(GFP_KERNEL)?;
    let destination = SgTable::new(dev, pages, GFP_KERNEL)?;
    let lengths = [lengths(&source)?, lengths(&destination)?];
    let source = source.map::<ToDevice>()?;
    let destination = destination.map::<FromDevice>()?;
    let mut done = controller.copy(source, destination, RANGE)?;

    for bytes in done.mappings.destination.for_cpu(..RANGE.len)?.iter() {
        if bytes.iter().any(|&byte| byte != 0x5e) {
            return Err(Failure::Message);
        }
    }
    Ok((done, lengths))
}

/// Returns the length of each entry of `table`.
fn lengths<M: SgMemory>(table: &SgTable<'_, M>) -> Result<KVec<usize>> {
    let mut lengths = KVec::with_capacity(table.orig_nents(), GFP_KERNEL)?;

    for length in table.lengths() {
        lengths.push(length, GFP_KERNEL)?;
    }
    Ok(lengths)
}
