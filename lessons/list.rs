// SPDX-License-Identifier: GPL-2.0

//! Lists: several buffers of any length are one side of a transfer, in one program.
//!
//! In C this is a `struct scatterlist` for each buffer, `dma_map_sg()`, a loop over the number of
//! entries that it returned, and `dma_unmap_sg()` with the number that it was called with. Here no
//! function takes a count.

use kernel::prelude::*;

use super::{
    pattern,
    report::ListStats,
    Failure,
    MARGIN, //
};
use crate::{
    dma::{
        Bidirectional,
        Buffer,
        DmaDevice,
        FromDevice,
        Mapping, //
    },
    pl330::{
        Controller,
        CopyRange, //
    },
    sg::SgTable, //
};

/// Lengths of the buffers in bytes. The kernel would bounce a destination shorter than 256 bytes,
/// because it does not know that the rest of the cache lines is unused.
const LENS: [usize; 5] = [1000, 300, 4096, 513, 6000];

/// Range of all bytes of the buffers.
pub(super) const RANGE: CopyRange = CopyRange {
    src_offset: 0,
    dst_offset: 0,
    len: 1000 + 300 + 4096 + 513 + 6000,
};

/// Gathers several buffers into one, and scatters it to several others. Verifies all bytes of each
/// destination.
pub(super) fn gather_and_scatter<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
) -> Result<[ListStats; 2], Failure> {
    let mut parts = buffers()?;
    let mut whole = Buffer::zeroed(RANGE.len + MARGIN, GFP_KERNEL)?;
    let mut index = 0;

    for part in &mut parts {
        for byte in part.iter_mut() {
            *byte = pattern::source(index);
            index += 1;
        }
    }
    pattern::fill_background(&mut whole);

    let parts = SgTable::new(dev, parts, GFP_KERNEL)?.map::<Bidirectional>()?;
    let whole = Mapping::<_, Bidirectional>::new(dev, whole)?;
    let mut done = controller.copy(parts, whole, RANGE)?;
    let gathered = ListStats::list_to_mapping(&done);

    pattern::check(done.mappings.destination.for_cpu(..)?, 0, RANGE.len)?;

    let others = SgTable::new(dev, buffers()?, GFP_KERNEL)?.map::<FromDevice>()?;
    let done = controller.copy(done.mappings.destination, others, RANGE)?;
    let scattered = ListStats::mapping_to_list(&done);
    let others = done.mappings.destination.unmap().into_memory();

    pattern::check_parts(others.iter().map(|part| &part[..]), pattern::source)?;
    Ok([gathered, scattered])
}

/// Returns buffers of [`LENS`].
pub(super) fn buffers() -> Result<KVec<Buffer>> {
    let mut buffers = KVec::new();

    for len in LENS {
        buffers.push(Buffer::zeroed(len, GFP_KERNEL)?, GFP_KERNEL)?;
    }
    Ok(buffers)
}
