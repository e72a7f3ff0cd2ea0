// SPDX-License-Identifier: GPL-2.0

//! Zero copy: a header and its payload in different memory are sent as one packet, and the packet
//! is read where the device wrote it.
//!
//! In C, for a payload of `n` whole pages in vmalloc memory:
//!
//! ```c
//! sg_init_table(sgl, 1 + n);
//! sg_set_buf(&sgl[0], header, sizeof(*header));
//! for (i = 0; i < n; i++)
//!         sg_set_page(&sgl[1 + i], vmalloc_to_page(payload + i * PAGE_SIZE), PAGE_SIZE, 0);
//! nents = dma_map_sg(dev, sgl, 1 + n, DMA_TO_DEVICE);
//! ```
//!
//! What goes wrong: `sg_set_buf()` is called with vmalloc memory (mistake 2) or with a header on
//! the stack (mistake 1). The header has padding (mistake 24), or is freed before the device has
//! read it (mistake 16).
//!
//! Here a pair of two memories is one memory for a list, which owns both. Vmalloc memory is mapped
//! page by page. On a machine with more than 4 GiB, most of its pages are at addresses that the
//! device cannot reach, and the kernel bounces them.
//!
//! To try: use `Contiguous(payload)` in the packet. The compiler reports "`Vec<u8, Vmalloc>` may
//! not be mapped for DMA" (E0277).

use kernel::prelude::*;
use zerocopy_derive::{
    Immutable,
    KnownLayout, //
};

use super::{
    pattern,
    Failure, //
};
use crate::{
    dma::{
        DmaDevice,
        FromDevice,
        PageBuffer,
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
        SgTable, //
    }, //
};

/// Header of a packet.
#[derive(Clone, Copy, FromBytes, Immutable, IntoBytes, KnownLayout, PartialEq)]
#[repr(C)]
pub(crate) struct Header {
    kind: u32,
    payload: u32,
}

const HEADER: usize = size_of::<Header>();

/// Header and payload of a packet.
type Packet = (Contiguous<KBox<Header>>, VVec<u8>);

/// Copy from a packet to pages.
type Copied<'bound> = Completed<
    Pair<
        MappedSgTable<'bound, Packet, ToDevice>,
        MappedSgTable<'bound, KVec<PageBuffer>, FromDevice>,
    >,
>;

/// Length of a payload in bytes.
const PAYLOAD: usize = 100_000;

/// Range of a packet.
pub(crate) const RANGE: CopyRange = CopyRange {
    src_offset: 0,
    dst_offset: 0,
    len: HEADER + PAYLOAD,
};

/// Sends a packet. Verifies all bytes of it where it was received.
pub(crate) fn send<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
) -> Result<Copied<'bound>, Failure> {
    // CAST: It is less than 4 GiB.
    let header = Header {
        kind: u32::from_le_bytes(*b"data"),
        payload: PAYLOAD as u32,
    };
    let mut payload = VVec::from_elem(0u8, PAYLOAD, GFP_KERNEL)?;
    let mut pages = KVec::new();

    pattern::fill_source(&mut payload);
    for _ in 0..RANGE.len.div_ceil(PageBuffer::LEN) {
        pages.push(PageBuffer::zeroed(GFP_KERNEL)?, GFP_KERNEL)?;
    }

    let packet = (Contiguous(KBox::new(header, GFP_KERNEL)?), payload);
    let packet = SgTable::new(dev, packet, GFP_KERNEL)?.map::<ToDevice>()?;
    let pages = SgTable::new(dev, pages, GFP_KERNEL)?.map::<FromDevice>()?;
    let mut done = controller.copy(packet, pages, RANGE)?;
    let pages = &mut done.mappings.destination;
    let mut received = [0; HEADER];

    // Only the header is synced, to find the kind of the payload.
    pages.for_cpu(..HEADER)?.copy_to(&mut received)?;
    if Header::read_from_bytes(&received) != Ok(header) {
        return Err(Failure::Message);
    }

    // Then the payload.
    let payload = pages.for_cpu(HEADER..RANGE.len)?;

    pattern::check_parts(payload.iter(), pattern::source)?;
    Ok(done)
}
