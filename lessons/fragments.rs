// SPDX-License-Identifier: GPL-2.0

//! Two frames that are received into the halves of one page.
//!
//! In C:
//!
//! ```c
//! addr = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_FROM_DEVICE);
//! receive(addr);                                  /* the device writes both halves */
//! receive(addr + PAGE_SIZE / 2);
//! dma_sync_single_range_for_cpu(dev, addr, 0, PAGE_SIZE / 2, DMA_FROM_DEVICE);
//! parse(page_address(page));                      /* the second may still be on its way */
//! ...
//! if (atomic_dec_and_test(&halves))               /* who unmaps? */
//!         dma_unmap_page(dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
//! ```
//!
//! What goes wrong: the halves are unmapped twice or never (mistake 45), or the CPU reads the half
//! that the device still writes (mistake 43).
//!
//! Here each half is a [`MappedPart`](crate::dma::MappedPart), which is in flight by itself. The
//! page is unmapped when both are joined, or when the last one is dropped.
//!
//! To try: split the page at byte 1000. The halves would share a cache line (mistake 44), so
//! `split` returns the part as an error, and the report has `EINVAL`.

use kernel::prelude::*;

use super::{
    pattern,
    Failure,
    MARGIN, //
};
use crate::{
    dma::{
        Buffer,
        DmaDevice,
        FromDevice,
        Mapping,
        PageBuffer,
        ToDevice, //
    },
    pl330::{
        Controller,
        CopyRange,
        TransferStats, //
    }, //
};

/// Length of a half in bytes.
const HALF: usize = PageBuffer::LEN / 2;

/// Range of each frame, in its half.
pub(crate) const FRAME: CopyRange = CopyRange {
    src_offset: 0,
    dst_offset: 64,
    len: 1500,
};

/// Receives two frames into one page. Verifies all bytes of the page.
pub(crate) fn receive<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
) -> Result<[TransferStats; 2], Failure> {
    let mut page = PageBuffer::zeroed(GFP_KERNEL)?;
    let (mut first_frame, mut second_frame) = (
        Buffer::zeroed(FRAME.len, GFP_KERNEL)?,
        Buffer::zeroed(FRAME.len, GFP_KERNEL)?,
    );

    pattern::fill_source(&mut first_frame);
    pattern::fill_source(&mut second_frame);
    pattern::fill_background(&mut page[..HALF]);
    pattern::fill_background(&mut page[HALF..]);

    let page = Mapping::<_, FromDevice>::new(dev, page)?;
    let page = page.into_part(GFP_KERNEL).map_err(|_| ENOMEM)?;
    let (first, second) = page.split(HALF).map_err(|_| EINVAL)?;
    let receive = |frame, half| {
        let frame = Mapping::<_, ToDevice>::new(dev, frame)?;

        Ok::<_, Failure>(controller.prepare(frame, half, FRAME, GFP_KERNEL)?.submit())
    };
    let (first, second) = (receive(first_frame, first)?, receive(second_frame, second)?);

    // The CPU reads the first half, whether or not the second frame has arrived.
    let mut first = first.wait()?;
    let bytes = first
        .mappings
        .destination
        .for_cpu(..FRAME.dst_offset + FRAME.len + MARGIN)?;

    pattern::check(bytes, FRAME.dst_offset, FRAME.len)?;

    let second = second.wait()?;
    let page = first.mappings.destination.join(second.mappings.destination);
    let page = page
        .map_err(|_| EINVAL)?
        .into_mapping()
        .map_err(|_| EINVAL)?
        .unmap();

    pattern::check(&page[..HALF], FRAME.dst_offset, FRAME.len)?;
    pattern::check(&page[HALF..], FRAME.dst_offset, FRAME.len)?;
    Ok([first.stats, second.stats])
}
