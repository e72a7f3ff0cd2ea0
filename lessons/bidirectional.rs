// SPDX-License-Identifier: GPL-2.0

//! Mappings in both directions: what the device wrote into a buffer, it reads from there again.
//!
//! Two buffers are mapped once. The first copy fills the second buffer, the second copy reads from
//! it, with no work for the CPU in between.

use super::{
    pattern,
    Failure,
    MARGIN, //
};
use crate::{
    dma::{
        Bidirectional,
        Buffer,
        DmaDevice,
        Mapping, //
    },
    pl330::{
        Controller,
        Receipt,
        Span, //
    }, //
};

/// Copies `span` from one buffer to the other, and from there to the end of the first. Looks at all
/// bytes of both.
pub(super) fn there_and_back<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    span: Span,
) -> Result<[Receipt; 2], Failure> {
    let end = span.from + span.len + MARGIN;
    let mut first = Buffer::zeroed(end + span.len + MARGIN)?;
    let mut second = Buffer::zeroed(span.to + span.len + MARGIN)?;

    pattern::fill_background(&mut first[..end]);
    pattern::fill_source(&mut first[span.from..][..span.len]);
    pattern::fill_background(&mut first[end..]);
    pattern::fill_background(&mut second);

    let first = Mapping::<_, Bidirectional>::new(dev, first)?;
    let second = Mapping::<_, Bidirectional>::new(dev, second)?;

    let there = controller.copy(first, second, span)?;
    let back = controller.copy(
        there.mappings.destination,
        there.mappings.source,
        Span {
            from: span.to,
            to: end,
            len: span.len,
        },
    )?;

    let first = back.mappings.destination.unmap();
    let second = back.mappings.source.unmap();

    pattern::check(&first[..end], span.from, span.len)?;
    pattern::check(&first[end..], 0, span.len)?;
    pattern::check(&second, span.to, span.len)?;
    Ok([there.receipt, back.receipt])
}
