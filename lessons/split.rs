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
