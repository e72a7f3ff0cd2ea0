// SPDX-License-Identifier: GPL-2.0

// A mapping cannot be unmapped while the device owns it.

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

    #[cfg(not(mistake))]
    // SAFETY: The device must have stopped: it was never programmed with the address.
    let in_flight = unsafe { in_flight.complete() };

    Ok(in_flight.unmap())
    //~[mistake]^ E0599
    //~[mistake]| ERROR: no method named `unmap` found for struct `InFlight
}
