// SPDX-License-Identifier: GPL-2.0

//! Segments: what a table has, and what the device sees of it when it is mapped.
//!
//! In C, whoever programs a device goes through as many entries as `dma_map_sg()` has returned, by
//! `sg_dma_address()` and `sg_dma_len()`, which are not the entry's own. `InFlight::segments`
//! yields these, and no others. A lesson may not have them, an engine may; what can be shown of
//! them is text.

use kernel::{
    prelude::*,
    str::CString, //
};

use super::{
    report::Listed,
    Failure, //
};
use crate::{
    dma::{
        Buffer,
        Direction,
        DmaDevice,
        FromDevice,
        PageBuffer,
        ToDevice, //
    },
    pl330::{
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

/// What is copied.
pub(super) const RANGE: CopyRange = CopyRange {
    src_offset: 0,
    dst_offset: 0,
    len: 10_000,
};

/// Copies a buffer to pages, and shows the segments of both. Looks at all bytes.
pub(super) fn show<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
) -> Result<(Listed, [CString; 2]), Failure> {
    let mut source = Buffer::zeroed(RANGE.len)?;
    let mut pages = KVec::new();

    source.fill(0x5e);
    for _ in 0..RANGE.len.div_ceil(PageBuffer::LEN) {
        pages.push(PageBuffer::zeroed()?, GFP_KERNEL)?;
    }

    let source = SgTableBuilder::new(dev, Contiguous(source))
        .max_segment(4096)
        .build(GFP_KERNEL)?;
    let destination = SgTable::new(dev, pages, GFP_KERNEL)?;
    let (source, from) = map::<_, ToDevice>(source)?;
    let (destination, to) = map::<_, FromDevice>(destination)?;
    let mut done = controller.copy(source, destination, RANGE)?;
    let listed = Listed::list_to_list(&done);

    for bytes in done.mappings.destination.for_cpu(..RANGE.len)?.iter() {
        if bytes.iter().any(|&byte| byte != 0x5e) {
            return Err(Failure::Message);
        }
    }
    Ok((listed, [from, to]))
}

/// Maps `table`. Says what it was before, the bytes of each entry, and what the device sees now,
/// the address and the bytes of each segment.
fn map<M: SgMemory, D: Direction>(
    table: SgTable<'_, M>,
) -> Result<(MappedSgTable<'_, M, D>, CString), Failure> {
    let (len, entries) = (table.len(), table.orig_nents());
    let mut lengths = KVec::with_capacity(entries, GFP_KERNEL)?;

    for length in table.lengths() {
        lengths.push(length, GFP_KERNEL)?;
    }

    let list = table.map::<D>()?;
    let shown = CString::try_from_fmt(fmt!(
        "{len} bytes, {entries} entries {lengths:?} -> {} segments {}",
        list.nents(),
        list.display_segments()
    ))?;

    Ok((list, shown))
}
