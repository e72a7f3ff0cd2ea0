// SPDX-License-Identifier: GPL-2.0

// The CPU cannot read a mapping that the device owns.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    BusMaster,
    DmaDevice,
    FromDevice,
    InFlight,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result<u8> {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    let in_flight = BusMaster::<u32>::new(dev)?.submit(mapping)?;

    #[cfg(not(mistake))]
    // SAFETY: The device must have stopped: it was never programmed with the address.
    let in_flight = unsafe { in_flight.complete() }.unmap();

    Ok(in_flight[0])
    //~[mistake]^ E0608
    //~[mistake]| ERROR: cannot index into a value of type `InFlight<
}
