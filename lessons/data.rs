// SPDX-License-Identifier: GPL-2.0

//! Plain data: a `KBox` of a struct and a `KVec` are mapped directly.
//!
//! In C:
//!
//! ```c
//! struct message *msg = kzalloc(sizeof(*msg), GFP_KERNEL);
//!
//! if (!msg)
//!         return -ENOMEM;
//! msg->kind = kind;
//! msg->words = words;
//! addr = dma_map_single(dev, msg, sizeof(*msg), DMA_TO_DEVICE);
//! ```
//!
//! What goes wrong: with `kmalloc()`, padding and fields that were not written have old kernel
//! memory, which the device gets (mistake 24). The device writes bytes that are not a valid value
//! (mistake 25), or the struct has pointers (mistake 40).
//!
//! Here the derives require that all bytes of the struct are initialized, and that any bytes are a
//! valid value. A struct with padding, a pointer or a `bool` cannot have them, and cannot be
//! mapped.
//!
//! To try: change `words` to a `u16`. The compiler reports "`Message` has 2 total byte(s) of
//! padding" (E0277).

use kernel::prelude::*;
use zerocopy_derive::{
    Immutable,
    KnownLayout, //
};

use super::Failure;
use crate::{
    dma::{
        Bidirectional,
        DmaDevice,
        Mapping,
        ToDevice, //
    },
    pl330::{
        Controller,
        CopyRange,
        TransferStats, //
    }, //
};

/// Message to copy.
#[derive(Clone, Copy, FromBytes, Immutable, IntoBytes, KnownLayout, PartialEq)]
#[repr(C)]
struct Message {
    kind: u32,
    words: u32,
    payload: [u64; 31],
}

const MESSAGE: Message = Message {
    kind: 0x6b69_6e64,
    words: 62,
    payload: [0xa5a5_5a5a_0ff0_f00f; 31],
};

/// Range of a [`Message`], from the start of the source to the second half of the destination.
pub(crate) const RANGE: CopyRange = CopyRange {
    src_offset: 0,
    dst_offset: size_of::<Message>(),
    len: size_of::<Message>(),
};

/// Copies a message from a `KBox` to a `KVec`, twice, and verifies it there.
pub(crate) fn send_twice<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
) -> Result<[TransferStats; 2], Failure> {
    let message = KBox::new(MESSAGE, GFP_KERNEL)?;
    let received = KVec::from_elem(0u8, 2 * size_of::<Message>(), GFP_KERNEL)?;

    let message = Mapping::<_, ToDevice>::new(dev, message)?;
    let received = Mapping::<_, Bidirectional>::new(dev, received)?;

    let mut done = controller.copy(message, received, RANGE)?;
    let first = done.stats;
    let mut found = done
        .mappings
        .destination
        .for_cpu_as_mut::<Message>(RANGE.dst_offset)?;

    if *found != MESSAGE {
        return Err(Failure::Message);
    }
    found.kind = 0;
    drop(found);

    let mut done = controller.copy(done.mappings.source, done.mappings.destination, RANGE)?;
    let message = done.mappings.source.unmap();

    if *done
        .mappings
        .destination
        .for_cpu_as::<Message>(RANGE.dst_offset)?
        != *message
    {
        return Err(Failure::Message);
    }
    Ok([first, done.stats])
}
