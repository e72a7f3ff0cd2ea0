// SPDX-License-Identifier: GPL-2.0

//! Pages as lists: from pages to pages, of which other parts are used on either side, so that
//! hardly a segment of the one begins or ends where one of the other does.

use kernel::prelude::*;

use super::{
    pattern,
    report::Listed,
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

/// How many pages there are on the one side, and which bytes of each are used.
const FROM: (usize, usize, usize) = (30, 64, 3000);

/// The same of the other side.
const TO: (usize, usize, usize) = (25, 7, 3600);

/// What is copied: all of them, which are as many on either side.
pub(super) const RANGE: CopyRange = CopyRange {
    src_offset: 0,
    dst_offset: 0,
    len: FROM.0 * FROM.2,
};

const _: () = assert!(FROM.0 * FROM.2 == TO.0 * TO.2);

/// Copies pages to pages. Then the CPU changes a few bytes of the source across two of them, while
/// it stays mapped, and it is copied again. Looks at all bytes of the destination.
pub(super) fn twice<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
) -> Result<[Listed; 2], Failure> {
    const NEW: [u8; 10] = *b"two pages!";

    let mut source = pages(FROM)?;
    let mut index = 0;

    for page in &mut source {
        for byte in page.iter_mut() {
            *byte = pattern::source(index);
            index += 1;
        }
    }

    let source = SgTable::new(dev, source, GFP_KERNEL)?.map::<Bidirectional>()?;
    let destination = SgTable::new(dev, pages(TO)?, GFP_KERNEL)?.map::<FromDevice>()?;
    let mut done = controller.copy(source, destination, RANGE)?;
    let first = Listed::list_to_list(&done);

    pattern::check_parts(
        done.mappings.destination.for_cpu(..)?.iter(),
        pattern::source,
    )?;

    // Five bytes in the first page, and five in the next.
    let at = FROM.2 - NEW.len() / 2;

    done.mappings
        .source
        .for_cpu_mut(at..at + NEW.len())?
        .copy_from(&NEW)?;

    let done = controller.copy(done.mappings.source, done.mappings.destination, RANGE)?;
    let second = Listed::list_to_list(&done);
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
        let mut page = PageBuffer::zeroed()?;

        page.set_range(from..from + len)?;
        pages.push(page, GFP_KERNEL)?;
    }
    Ok(pages)
}
