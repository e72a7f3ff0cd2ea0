// SPDX-License-Identifier: GPL-2.0

//! Segments: the entries of a table, and the segments that the device gets when it is mapped.
//!
//! In C, a driver iterates over the number of entries that `dma_map_sg()` returned, with
//! `sg_dma_address()` and `sg_dma_len()`, which are not those of the entry. `InFlight::segments`
//! yields only these. An engine can call it, a lesson cannot: it gets the segments as text.

use kernel::{
    prelude::*,
    str::CString, //
};

use super::{
    report::ListStats,
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

/// Range to copy.
pub(super) const RANGE: CopyRange = CopyRange {
    src_offset: 0,
    dst_offset: 0,
    len: 10_000,
};

/// Copies a buffer to pages. Verifies all bytes. Returns the segments of both sides as text.
pub(super) fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
) -> Result<(ListStats, [CString; 2]), Failure> {
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
    let (source, from) = map::<_, ToDevice>(source)?;
    let (destination, to) = map::<_, FromDevice>(destination)?;
    let mut done = controller.copy(source, destination, RANGE)?;
    let stats = ListStats::list_to_list(&done);

    for bytes in done.mappings.destination.for_cpu(..RANGE.len)?.iter() {
        if bytes.iter().any(|&byte| byte != 0x5e) {
            return Err(Failure::Message);
        }
    }
    Ok((stats, [from, to]))
}

/// Maps `table`. Returns a text with it: the length of each entry, and the address and the length
/// of each segment.
fn map<M: SgMemory, D: Direction>(
    table: SgTable<'_, M>,
) -> Result<(MappedSgTable<'_, M, D>, CString), Failure> {
    let (len, entries) = (table.len(), table.orig_nents());
    let mut lengths = KVec::with_capacity(entries, GFP_KERNEL)?;

    for length in table.lengths() {
        lengths.push(length, GFP_KERNEL)?;
    }

    let list = table.map::<D>()?;
    let text = CString::try_from_fmt(fmt!(
        "{len} bytes, {entries} entries {lengths:?} -> {} segments {}",
        list.nents(),
        list.display_segments()
    ))?;

    Ok((list, text))
}
