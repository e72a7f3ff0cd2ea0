// SPDX-License-Identifier: GPL-2.0

//! Pages as lists: source and destination use different parts of their pages. Few segments of the
//! source begin or end together with a segment of the destination.

use kernel::prelude::*;

use super::{
    pattern,
    report::ListStats,
    Failure, //
};
use crate::{
    dma::{
        Bidirectional,
        DmaDevice,
        FromDevice,
        PageBuffer, //
    },
    pl330::{
        Controller,
        CopyRange, //
    },
    sg::SgTable, //
};

/// Number of source pages, and offset and length of the used bytes of each.
const SOURCE: (usize, usize, usize) = (30, 64, 3000);

/// Number of destination pages, and offset and length of the used bytes of each.
const DESTINATION: (usize, usize, usize) = (25, 7, 3600);

/// Range of all used bytes, whose number is the same on both sides.
pub(super) const RANGE: CopyRange = CopyRange {
    src_offset: 0,
    dst_offset: 0,
    len: SOURCE.0 * SOURCE.2,
};

const _: () = assert!(SOURCE.0 * SOURCE.2 == DESTINATION.0 * DESTINATION.2);

/// Copies pages to pages twice. In between, the CPU changes bytes in two pages of the source, which
/// stays mapped. Verifies all bytes of the destination.
pub(super) fn twice<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
) -> Result<[ListStats; 2], Failure> {
    const NEW: [u8; 10] = *b"two pages!";

    let mut source = pages(SOURCE)?;
    let mut index = 0;

    for page in &mut source {
        for byte in page.iter_mut() {
            *byte = pattern::source(index);
            index += 1;
        }
    }

    let source = SgTable::new(dev, source, GFP_KERNEL)?.map::<Bidirectional>()?;
    let destination = SgTable::new(dev, pages(DESTINATION)?, GFP_KERNEL)?.map::<FromDevice>()?;
    let mut done = controller.copy(source, destination, RANGE)?;
    let first = ListStats::list_to_list(&done);

    pattern::check_parts(
        done.mappings.destination.for_cpu(..)?.iter(),
        pattern::source,
    )?;

    // Five bytes in the first page, and five in the next.
    let at = SOURCE.2 - NEW.len() / 2;

    done.mappings
        .source
        .for_cpu_mut(at..at + NEW.len())?
        .copy_from(&NEW)?;

    let done = controller.copy(done.mappings.source, done.mappings.destination, RANGE)?;
    let second = ListStats::list_to_list(&done);
    let destination = done.mappings.destination.unmap().into_memory();

    pattern::check_parts(
        destination.iter().map(|page| &page[..]),
        |index| match index.checked_sub(at).and_then(|index| NEW.get(index)) {
            Some(&byte) => byte,
            None => pattern::source(index),
        },
    )?;
    Ok([first, second])
}

fn pages((count, from, len): (usize, usize, usize)) -> Result<KVec<PageBuffer>> {
    let mut pages = KVec::with_capacity(count, GFP_KERNEL)?;

    for _ in 0..count {
        let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

        page.set_range(from..from + len)?;
        pages.push(page, GFP_KERNEL)?;
    }
    Ok(pages)
}
