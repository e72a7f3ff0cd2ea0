// SPDX-License-Identifier: GPL-2.0

//! Zero copy: a header and its payload lie in different memory, and go out as one packet; they come
//! in as one, and are read where they came to be. The CPU copies nothing, the lists do it.
//!
//! The payload is in vmalloc memory, whose pages lie anywhere, above 4 GiB for the most part where
//! there is so much. What the device does not reach goes through bounce buffers there.

use kernel::prelude::*;
use zerocopy_derive::{
    Immutable,
    KnownLayout, //
};

use super::{
    pattern,
    report::Listed,
    Failure, //
};
use crate::{
    dma::{
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
        SgTable, //
    }, //
};

/// What a packet begins with.
#[derive(Clone, Copy, FromBytes, Immutable, IntoBytes, KnownLayout, PartialEq)]
#[repr(C)]
struct Header {
    kind: u32,
    payload: u32,
}

const HEADER: usize = size_of::<Header>();

/// The length of a payload in bytes.
const PAYLOAD: usize = 100_000;

/// What is copied: a packet.
pub(super) const RANGE: CopyRange = CopyRange {
    src_offset: 0,
    dst_offset: 0,
    len: HEADER + PAYLOAD,
};

/// Sends a packet and looks at all of it where it was received.
pub(super) fn send<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
) -> Result<Listed, Failure> {
    // CAST: It is less than 4 GiB.
    let header = Header {
        kind: u32::from_le_bytes(*b"data"),
        payload: PAYLOAD as u32,
    };
    let mut payload = VVec::from_elem(0u8, PAYLOAD, GFP_KERNEL)?;
    let mut frames = KVec::new();

    pattern::fill_source(&mut payload);
    for _ in 0..RANGE.len.div_ceil(PageBuffer::LEN) {
        frames.push(PageBuffer::zeroed()?, GFP_KERNEL)?;
    }

    let packet = (Contiguous(KBox::new(header, GFP_KERNEL)?), payload);
    let packet = SgTable::new(dev, packet, GFP_KERNEL)?.map::<ToDevice>()?;
    let frames = SgTable::new(dev, frames, GFP_KERNEL)?.map::<FromDevice>()?;
    let mut done = controller.copy(packet, frames, RANGE)?;
    let listed = Listed::list_to_list(&done);
    let mut received = [0; HEADER];

    // The header alone is synced, to see whose payload it is.
    done.mappings
        .destination
        .for_cpu(..HEADER)?
        .copy_to(&mut received)?;
    if Header::read_from_bytes(&received) != Ok(header) {
        return Err(Failure::Message);
    }

    // Then the payload.
    pattern::check_parts(
        done.mappings.destination.for_cpu(HEADER..RANGE.len)?.iter(),
        pattern::source,
    )?;
    Ok(listed)
}
