// SPDX-License-Identifier: GPL-2.0

//! A buffer as a list, with an entry for each of its pages.
//!
//! This splits entries only: an IOMMU may merge them, and the device gets longer segments. If a
//! descriptor of the device holds at most a page, the driver sets `Limits::max_segment` and
//! `Limits::boundary_mask`. Then neither an entry nor a segment is longer, and no `SgTableBuilder`
//! is needed.

use kernel::prelude::*;

use super::{
    pattern,
    report::ListStats,
    Failure, //
};
use crate::{
    dma::{
        DmaDevice,
        FromDevice,
        Mapping,
        ToDevice, //
    },
    pl330::{
        Controller,
        CopyRange, //
    },
    sg::{
        Contiguous,
        SgTableBuilder, //
    }, //
};

/// Copies `range` from a buffer that is split at its pages. Verifies all bytes of the destination.
pub(super) fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
) -> Result<ListStats, Failure> {
    let (source, destination) = pattern::buffers(range)?;
    let source = SgTableBuilder::new(dev, Contiguous(source))
        .split_at_pages()
        .build(GFP_KERNEL)?
        .map::<ToDevice>()?;
    let destination = Mapping::<_, FromDevice>::new(dev, destination)?;
    let done = controller.copy(source, destination, range)?;
    let stats = ListStats::list_to_mapping(&done);

    pattern::check(
        &done.mappings.destination.unmap(),
        range.dst_offset,
        range.len,
    )?;
    Ok(stats)
}
