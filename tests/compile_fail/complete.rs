// SPDX-License-Identifier: GPL-2.0

// Taking a mapping back is unsafe: the caller must know that the device has stopped.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    BusMaster,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result<Buffer> {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    let in_flight = BusMaster::<u32>::new(dev)?.submit(mapping)?;

    #[cfg(mistake)]
    let mapping = in_flight.complete();
    //~[mistake]^ E0133
    //~[mistake]| ERROR: is unsafe and requires unsafe
    #[cfg(not(mistake))]
    // SAFETY: The device must have stopped: it was never programmed with the address.
    let mapping = unsafe { in_flight.complete() };

    Ok(mapping.unmap())
}
