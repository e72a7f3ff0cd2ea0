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
        InjectedFault,
        TransferError,
        TransferStats, //
    }, //
};

/// Copies `range` with the injected `fault`, then without, in the same buffers. Verifies all bytes.
/// Returns the error of the first copy and the statistics of the second.
pub(crate) fn recover<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
    fault: InjectedFault,
) -> Result<(TransferError, TransferStats), Failure> {
    let (source, destination) = pattern::buffers(range)?;
    let source = Mapping::<_, ToDevice>::new(dev, source)?;
    let destination = Mapping::<_, FromDevice>::new(dev, destination)?;
    let failed = match controller.inject_fault(source, destination, range, fault) {
        Err(failed) => failed,
        Ok(_) => return Err(Failure::NoError),
    };
    let error = failed.error;

    match (fault, error) {
        (InjectedFault::UndefinedInstruction, TransferError::Fault(_))
        | (InjectedFault::Endless, TransferError::Timeout(_)) => (),
        _ => return Err(failed.into()),
    }

    let Pair {
        source,
        destination,
    } = failed.mappings.ok_or(Failure::Transfer(error, false))?;
    let done = controller.copy(source, destination, range)?;
    let destination = done.mappings.destination.unmap();

    pattern::check(&destination, range.dst_offset, range.len)?;
    Ok((error, done.stats))
}
