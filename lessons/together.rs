// SPDX-License-Identifier: GPL-2.0

//! Transfers at the same time: they are submitted one after the other, without a wait in between, and
//! take as many channels as there are. Those for which there is none are done later.

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
        ToDevice, //
    },
    pl330::{
        Controller,
        Receipt,
        Span, //
    }, //
};
use kernel::prelude::*;

/// How many transfers there are, four more than channels.
pub(super) const MANY: usize = 12;

/// Copies `span` between twelve pairs of buffers at once, and looks at all bytes of the destinations.
pub(super) fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    span: Span,
) -> Result<[Receipt; MANY], Failure> {
    let mut transfers = KVec::with_capacity(MANY, GFP_KERNEL)?;
    let mut receipts = KVec::with_capacity(MANY, GFP_KERNEL)?;

    for _ in 0..MANY {
        let mut source = Buffer::zeroed(span.from + span.len)?;
        let mut destination = Buffer::zeroed(span.to + span.len + MARGIN)?;

        pattern::fill_source(&mut source[span.from..]);
        pattern::fill_background(&mut destination);

        let source = Mapping::<_, ToDevice>::new(dev, source)?;
        let destination = Mapping::<_, FromDevice>::new(dev, destination)?;
        let prepared = controller.prepare(source, destination, span, GFP_KERNEL)?;

        transfers.push(prepared.submit(), GFP_KERNEL)?;
    }
    for transfer in transfers {
        let done = transfer.wait()?;

        pattern::check(&done.mappings.destination.unmap(), span.to, span.len)?;
        receipts.push(done.receipt, GFP_KERNEL)?;
    }

    receipts.as_slice().try_into().map_err(|_| Failure::NoError)
}
