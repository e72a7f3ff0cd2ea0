// SPDX-License-Identifier: GPL-2.0

//! Pages as lists: source and destination use different parts of their pages.
//!
//! In C:
//!
//! ```c
//! for_each_sgtable_sg(&sgt, sg, i)
//!         sg_set_page(sg, page[i], len, offset);
//! ret = dma_map_sgtable(dev, &sgt, DMA_BIDIRECTIONAL, 0);
//! ...
//! dma_sync_sgtable_for_cpu(dev, &sgt, DMA_BIDIRECTIONAL);
//! change(sgt.sgl);                                /* ten bytes, in two pages */
//! dma_sync_sgtable_for_device(dev, &sgt, DMA_BIDIRECTIONAL);
//! ```
//!
//! What goes wrong: a sync is missing (mistakes 11 and 12), or has the number of segments (mistake
//! 9). The kernel has no function that syncs a part of a list, so a driver syncs all pages for ten
//! bytes.
//!
//! Here `for_cpu_mut` takes a range of bytes, finds the pages, and syncs only these bytes, for the
//! device when the result is dropped.
//!
//! To try: leave out `drop(bytes)`. The compiler reports "cannot move out of `done.mappings.source`
//! because it is borrowed" (E0505).

use kernel::prelude::*;

use super::{
    pattern,
    Failure, //
};
use crate::{
    dma::{
        Bidirectional,
        DmaDevice,
        FromDevice,
        PageBuffer,
        Pair, //
    },
    pl330::{
        Controller,
        CopyRange,
        TransferStats, //
    },
    sg::{
        MappedSgTable,
        SgTable, //
    }, //
};

/// List of pages.
type List<'bound, D> = MappedSgTable<'bound, KVec<PageBuffer>, D>;

/// Lists of the source and the destination.
type Lists<'bound> = Pair<List<'bound, Bidirectional>, List<'bound, FromDevice>>;

/// Number of source pages, and offset and length of the used bytes of each.
const SOURCE: (usize, usize, usize) = (30, 64, 3000);

/// Number of destination pages, and offset and length of the used bytes of each.
const DESTINATION: (usize, usize, usize) = (25, 7, 3600);

/// Range of all used bytes, whose number is the same on both sides.
pub(crate) const RANGE: CopyRange = CopyRange {
    src_offset: 0,
    dst_offset: 0,
    len: SOURCE.0 * SOURCE.2,
};

const _: () = assert!(SOURCE.0 * SOURCE.2 == DESTINATION.0 * DESTINATION.2);

/// Copies pages to pages twice. In between, the CPU changes bytes in two pages of the source, which
/// stays mapped. Verifies all bytes of the destination.
pub(crate) fn twice<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
) -> Result<([TransferStats; 2], Lists<'bound>), Failure> {
    const NEW: [u8; 10] = *b"two pages!";

    let mut source = pages(SOURCE)?;

    pattern::fill_parts(source.iter_mut().map(|page| &mut page[..]));

    let source = SgTable::new(dev, source, GFP_KERNEL)?.map::<Bidirectional>()?;
    let destination = SgTable::new(dev, pages(DESTINATION)?, GFP_KERNEL)?.map::<FromDevice>()?;
    let mut done = controller.copy(source, destination, RANGE)?;
    let first = done.stats;
    let bytes = done.mappings.destination.for_cpu(..)?;

    pattern::check_parts(bytes.iter(), pattern::source)?;

    // Five bytes in the first page, and five in the next.
    let at = SOURCE.2 - NEW.len() / 2;
    let mut bytes = done.mappings.source.for_cpu_mut(at..at + NEW.len())?;

    bytes.copy_from(&NEW)?;
    drop(bytes);

    let mut done = controller.copy(done.mappings.source, done.mappings.destination, RANGE)?;
    let bytes = done.mappings.destination.for_cpu(..)?;

    pattern::check_parts(bytes.iter(), |index| {
        match index.checked_sub(at).and_then(|index| NEW.get(index)) {
            Some(&byte) => byte,
            None => pattern::source(index),
        }
    })?;
    Ok(([first, done.stats], done.mappings))
}

/// Allocates `count` pages, of each of which `len` bytes are used.
fn pages((count, from, len): (usize, usize, usize)) -> Result<KVec<PageBuffer>> {
    let mut pages = KVec::with_capacity(count, GFP_KERNEL)?;

    for _ in 0..count {
        let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

        page.set_range(from..from + len)?;
        pages.push(page, GFP_KERNEL)?;
    }
    Ok(pages)
}
