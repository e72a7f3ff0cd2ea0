// SPDX-License-Identifier: GPL-2.0

//! Reads the first half of a buffer while the device writes the second half.
//!
//! In C:
//!
//! ```c
//! addr = dma_map_single(dev, buf, len, DMA_FROM_DEVICE);
//! start_device(addr, len);
//! wait_for_interrupt();                           /* the device reports the first half */
//! dma_sync_single_for_cpu(dev, addr, len / 2, DMA_FROM_DEVICE);
//! parse(buf, len / 2);
//! wait_for_interrupt();
//! dma_unmap_single(dev, addr, len, DMA_FROM_DEVICE);
//! ```
//!
//! What goes wrong: the kernel cannot check what the device has written, nor that the driver syncs
//! before it reads (mistakes 11 and 55), nor that it keeps no pointer to the bytes (mistake 56).
//!
//! Here the controller reports its progress, inside one program. [`Transfer::for_cpu`] syncs, and
//! returns only bytes that have reached memory, as a report said. While they are in use, the
//! transfer cannot be waited for or dropped, and so the device cannot get the memory for anything
//! else.
//!
//! To try: read one byte more than `half`, while the copy goes on. `for_cpu` returns `EBUSY`.
//!
//! [`Transfer::for_cpu`]: crate::pl330::Transfer::for_cpu

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
        ToDevice, //
    },
    pl330::{
        Controller,
        CopyRange,
        TransferStats, //
    }, //
};

/// Number of bytes that the CPU reads first. On hardware, the copy may end while it reads more.
const HEADER: usize = 64;

/// Copies `range`, and reads its first half while the second half is copied. Returns true with the
/// statistics if the copy had not ended before.
pub(crate) fn halves<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
) -> Result<(TransferStats, bool), Failure> {
    let half = range.len / 2;
    let start = range.dst_offset;
    let (source, destination) = pattern::buffers(range)?;
    let source = Mapping::<_, ToDevice>::new(dev, source)?;
    let destination = Mapping::<_, FromDevice>::new(dev, destination)?;
    let mut transfer = controller
        .prepare(source, destination, range.with_progress(half), GFP_KERNEL)?
        .submit();

    transfer.wait_for(half);
    pattern::check(transfer.for_cpu(..start + HEADER)?, start, HEADER)?;

    // No byte of the second half is known to have reached memory.
    let is_copying = transfer.for_cpu(..start + range.len) == Err(EBUSY);

    pattern::check(transfer.for_cpu(..start + half)?, start, half)?;

    let mut done = transfer.wait()?;

    pattern::check(done.mappings.destination.for_cpu(..)?, start, range.len)?;
    Ok((done.stats, is_copying))
}
