// SPDX-License-Identifier: GPL-2.0

//! Transfers that fail: the error says what happened, the buffers come back, and the next transfer
//! works with them.
//!
//! The C driver completes a transfer that came to a fault as a success, and waits without end for
//! one that never finishes.

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
        Pair,
        ToDevice, //
    },
    pl330::{
        Controller,
        CopyRange,
        Failed,
        InjectedFault,
        TransferError,
        TransferStats, //
    }, //
};

/// Starts a copy of `range` that fails by `flaw`, then does it properly with the same buffers, and
/// looks at all bytes. Returns the error of the first attempt with the second.
pub(super) fn recover<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
    flaw: InjectedFault,
) -> Result<(TransferError, TransferStats), Failure> {
    let mut source = Buffer::zeroed(range.src_offset + range.len)?;
    let mut destination = Buffer::zeroed(range.dst_offset + range.len + MARGIN)?;

    pattern::fill_source(&mut source[range.src_offset..]);
    pattern::fill_background(&mut destination);

    let source = Mapping::<_, ToDevice>::new(dev, source)?;
    let destination = Mapping::<_, FromDevice>::new(dev, destination)?;

    let (error, source, destination) =
        match controller.inject_fault(source, destination, range, flaw) {
            Err(Failed {
                error,
                mappings:
                    Some(Pair {
                        source,
                        destination,
                    }),
            }) => (error, source, destination),
            Err(failed) => return Err(failed.into()),
            Ok(_) => return Err(Failure::NoError),
        };

    match (flaw, error) {
        (InjectedFault::UndefinedInstruction, TransferError::Fault(_))
        | (InjectedFault::Endless, TransferError::Timeout(_)) => (),
        _ => return Err(Failure::Transfer(error, true)),
    }

    let done = controller.copy(source, destination, range)?;

    pattern::check(
        &done.mappings.destination.unmap(),
        range.dst_offset,
        range.len,
    )?;
    Ok((error, done.stats))
}
