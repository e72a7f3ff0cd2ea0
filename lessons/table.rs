// SPDX-License-Identifier: GPL-2.0

//! A part of a table that the device writes, while the CPU keeps the rest.
//!
//! In C:
//!
//! ```c
//! addr = dma_map_single(dev, table + first, len, DMA_FROM_DEVICE);
//! if (dma_mapping_error(dev, addr))
//!         return -ENOMEM;
//! receive(addr, len);
//! dma_unmap_single(dev, addr, len, DMA_FROM_DEVICE);
//! ```
//!
//! What goes wrong: if the range does not begin and end at cache lines, an unmapping discards what
//! the CPU has written beside it (mistake 46).
//!
//! Here a [`MemoryRange`] owns the table, of any kind, and maps the range alone. A range that
//! shares a cache line is returned with an error.
//!
//! To try: change `FIRST` to 250. `MemoryRange::new` fails with `SharesCacheLine`: the report has
//! "a cache line of the memory is shared".

use core::mem::size_of;

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
        MemoryRange,
        ToDevice, //
    },
    pl330::{
        Controller,
        CopyRange,
        TransferStats, //
    }, //
};

/// Number of entries of the table.
const ENTRIES: usize = 1024;

/// Entries that the device writes.
const FIRST: usize = 256;
const COUNT: usize = 512;

/// Value of the entries before.
const OLD: u32 = 0x0bad_cafe;

/// Bytes of the table that the device writes.
pub(crate) const RANGE: CopyRange = CopyRange {
    src_offset: 0,
    dst_offset: 0,
    len: COUNT * size_of::<u32>(),
};

/// Copies bytes to a part of a table. Verifies all of its entries.
pub(crate) fn update<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
) -> Result<TransferStats, Failure> {
    let table = KVec::from_elem(OLD, ENTRIES, GFP_KERNEL)?;
    let mut source = Buffer::zeroed(RANGE.len, GFP_KERNEL)?;

    pattern::fill_source(&mut source);

    let start = FIRST * size_of::<u32>();
    let range = MemoryRange::new(table, start..start + RANGE.len)?;
    let source = Mapping::<_, ToDevice>::new(dev, source)?;
    let destination = Mapping::<_, FromDevice>::new(dev, range)?;
    let done = controller.copy(source, destination, RANGE)?;
    let table = done.mappings.destination.unmap().into_memory();
    let (before, rest) = table.split_at(FIRST);
    let (written, after) = rest.split_at(COUNT);

    for (index, entry) in written.iter().enumerate() {
        pattern::check_by(&entry.to_ne_bytes(), |at| {
            pattern::source(index * size_of::<u32>() + at)
        })?;
    }
    let is_old = |entries: &[u32]| entries.iter().all(|&entry| entry == OLD);

    if is_old(before) && is_old(after) {
        Ok(done.stats)
    } else {
        Err(Failure::Message)
    }
}
