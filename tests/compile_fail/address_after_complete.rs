// SPDX-License-Identifier: GPL-2.0

// A segment cannot be kept after the device's ownership of the mapping ends.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    BusMaster,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result<u32> {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    let in_flight = BusMaster::<u32>::new(dev)?.submit(mapping)?;
    let segment = in_flight.segments().next().ok_or(EINVAL)?;

    #[cfg(not(mistake))]
    let address = segment.address();

    // SAFETY: The device must have stopped: it was never programmed with the address.
    let _mapping = unsafe { in_flight.complete() };
    //~[mistake]^ E0505
    //~[mistake]| ERROR: because it is borrowed

    #[cfg(mistake)]
    let address = segment.address();

    Ok(address)
}
