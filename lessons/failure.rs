// SPDX-License-Identifier: GPL-2.0

//! Transfers that fail: the error names the cause, the buffers come back, and the next transfer
//! uses them.
//!
//! The C driver completes a transfer with a fault as a success, and waits forever for a program
//! that does not end.

use kernel::prelude::*;

use super::{
    pattern,
    Failure, //
};
use crate::{
    dma::{
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

/// Copies `range` with the injected `fault`, then without, in the same buffers. Verifies all bytes.
/// Returns the error of the first copy and the statistics of the second.
pub(super) fn recover<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
    fault: InjectedFault,
) -> Result<(TransferError, TransferStats), Failure> {
    let (source, destination) = pattern::buffers(range)?;
    let source = Mapping::<_, ToDevice>::new(dev, source)?;
    let destination = Mapping::<_, FromDevice>::new(dev, destination)?;

    let (error, source, destination) =
        match controller.inject_fault(source, destination, range, fault) {
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

    match (fault, error) {
        (InjectedFault::UndefinedInstruction, TransferError::Fault(_))
        | (InjectedFault::Endless, TransferError::Timeout(_)) => (),
        _ => return Err(Failure::Transfer(error, true)),
    }

    let done = controller.copy(source, destination, range)?;
    let destination = done.mappings.destination.unmap();

    pattern::check(&destination, range.dst_offset, range.len)?;
    Ok((error, done.stats))
}
