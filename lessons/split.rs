// SPDX-License-Identifier: GPL-2.0

//! A buffer as a list: an entry for each page that it touches.
//!
//! That is a choice of the CPU's, and about entries: where there is an IOMMU it may put them
//! together, and the device gets longer segments. A device whose descriptors do not hold more than
//! a page says so by `Limits::max_segment` and `Limits::boundary_mask`. Then neither an entry nor a
//! segment is longer, and no `SgTableBuilder` is needed.

use kernel::prelude::*;

use super::{
    pattern,
    report::Listed,
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
        CopyRange, //
    },
    sg::{
        Contiguous,
        SgTableBuilder, //
    }, //
};

/// Copies `range` from a buffer that is cut at its pages, and looks at all bytes of the
/// destination.
pub(super) fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
) -> Result<Listed, Failure> {
    let mut source = Buffer::zeroed(range.src_offset + range.len)?;
    let mut destination = Buffer::zeroed(range.dst_offset + range.len + MARGIN)?;

    pattern::fill_source(&mut source[range.src_offset..]);
    pattern::fill_background(&mut destination);

    let source = SgTableBuilder::new(dev, Contiguous(source))
        .split_at_pages()
        .build(GFP_KERNEL)?
        .map::<ToDevice>()?;
    let destination = Mapping::<_, FromDevice>::new(dev, destination)?;
    let done = controller.copy(source, destination, range)?;
    let listed = Listed::gathered(&done);

    pattern::check(
        &done.mappings.destination.unmap(),
        range.dst_offset,
        range.len,
    )?;
    Ok(listed)
}
