// SPDX-License-Identifier: GPL-2.0

//! Lists: several buffers of any length are one side of a transfer, in one program.
//!
//! In C:
//!
//! ```c
//! sg_init_table(sgl, 5);
//! for (i = 0; i < 5; i++)
//!         sg_set_buf(&sgl[i], buf[i], len[i]);
//! n = dma_map_sg(dev, sgl, 5, DMA_TO_DEVICE);     /* 0 is an error */
//! for_each_sg(sgl, sg, n, i)
//!         write_descriptor(i, sg_dma_address(sg), sg_dma_len(sg));
//! ...
//! dma_unmap_sg(dev, sgl, 5, DMA_TO_DEVICE);       /* 5, not n */
//! ```
//!
//! What goes wrong: the list is unmapped with `n` (mistake 9), or the device gets 5 descriptors
//! although an IOMMU has merged entries (mistake 10). A buffer shares a cache line with other data
//! (mistake 20).
//!
//! Here the table owns the buffers and stores both numbers. No function takes a number of entries.
//! `unmap` returns the table, and `into_memory` the buffers.
//!
//! To try: call `gather.mappings.source.unmap(5)`. The compiler reports "this method takes 0
//! arguments but 1 argument was supplied" (E0061).

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
        FromDevice,
        Mapping,
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

/// List of several buffers.
type List<'bound, D> = MappedSgTable<'bound, KVec<Buffer>, D>;

/// Lists from which bytes were gathered, and to which they were scattered.
type Lists<'bound> = Pair<List<'bound, Bidirectional>, List<'bound, FromDevice>>;

/// Lengths of the buffers in bytes. The kernel would bounce a destination shorter than 256 bytes,
/// because it does not know that the rest of the cache lines is unused.
const LENS: [usize; 5] = [1000, 300, 4096, 513, 6000];

/// Range of all bytes of the buffers.
pub(crate) const RANGE: CopyRange = CopyRange {
    src_offset: 0,
    dst_offset: 0,
    len: 1000 + 300 + 4096 + 513 + 6000,
};

/// Gathers several buffers into one, and scatters it to several others. Verifies all bytes of each
/// destination.
pub(crate) fn gather_and_scatter<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
) -> Result<([TransferStats; 2], Lists<'bound>), Failure> {
    let mut parts = buffers()?;
    let mut whole = Buffer::zeroed(RANGE.len + MARGIN, GFP_KERNEL)?;

    pattern::fill_parts(parts.iter_mut().map(|part| &mut part[..]));
    pattern::fill_background(&mut whole);

    let parts = SgTable::new(dev, parts, GFP_KERNEL)?.map::<Bidirectional>()?;
    let whole = Mapping::<_, Bidirectional>::new(dev, whole)?;
    let mut gather = controller.copy(parts, whole, RANGE)?;

    pattern::check(gather.mappings.destination.for_cpu(..)?, 0, RANGE.len)?;

    let others = SgTable::new(dev, buffers()?, GFP_KERNEL)?.map::<FromDevice>()?;
    let mut scatter = controller.copy(gather.mappings.destination, others, RANGE)?;
    let bytes = scatter.mappings.destination.for_cpu(..)?;

    pattern::check_parts(bytes.iter(), pattern::source)?;
    Ok((
        [gather.stats, scatter.stats],
        Pair {
            source: gather.mappings.source,
            destination: scatter.mappings.destination,
        },
    ))
}

/// Returns buffers of [`LENS`].
pub(crate) fn buffers() -> Result<KVec<Buffer>> {
    let mut buffers = KVec::new();

    for len in LENS {
        buffers.push(Buffer::zeroed(len, GFP_KERNEL)?, GFP_KERNEL)?;
    }
    Ok(buffers)
}
