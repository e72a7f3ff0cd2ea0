// SPDX-License-Identifier: GPL-2.0

//! Transfers that fail: the error names the cause, the buffers are returned, and the next transfer
//! uses them.
//!
//! In C:
//!
//! ```c
//! if (!wait_for_completion_timeout(&done, HZ)) {
//!         dmaengine_terminate_sync(chan);
//!         ret = -ETIMEDOUT;
//! } else if (result.result != DMA_TRANS_NOERROR) {
//!         ret = -EIO;
//! }
//! dma_unmap_single(dev, addr, len, DMA_FROM_DEVICE);
//! ```
//!
//! What goes wrong: after a timeout, the driver unmaps and frees the buffer without
//! `dmaengine_terminate_sync()`, and the device still writes it (mistake 16). The error path unmaps
//! twice, or not at all (mistakes 7 and 8). The kernel's own driver completes a transfer with a
//! fault as a success, and waits forever for a program that does not end.
//!
//! Here [`Failed`] has the error and the mappings, which are returned once the channel has stopped.
//! If it does not stop, they are leaked, because the device may still use them.
//!
//! To try: leave out the `let` that takes the mappings from `failed`. At the second copy, the
//! compiler reports "use of moved value: `source`" (E0382).
//!
//! [`Failed`]: crate::pl330::Failed

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
