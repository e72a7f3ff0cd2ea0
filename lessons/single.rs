// SPDX-License-Identifier: GPL-2.0

//! Single mappings in one direction: the device reads one buffer and writes another.
//!
//! What the CPU wrote into the source is there for the device when `Mapping::new` returns, what the
//! device wrote into the destination is there for the CPU when `unmap` does. In between the CPU has
//! no way to either.

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

/// Copies `span` between two buffers and looks at all bytes of the destination.
pub(super) fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    span: Span,
) -> Result<Receipt, Failure> {
    let mut source = Buffer::zeroed(span.from + span.len)?;
    let mut destination = Buffer::zeroed(span.to + span.len + MARGIN)?;

    pattern::fill_source(&mut source[span.from..]);
    pattern::fill_background(&mut destination);

    let source = Mapping::<_, ToDevice>::new(dev, source)?;
    let destination = Mapping::<_, FromDevice>::new(dev, destination)?;
    let done = controller.copy(source, destination, span)?;

    pattern::check(&done.mappings.destination.unmap(), span.to, span.len)?;
    Ok(done.receipt)
}
