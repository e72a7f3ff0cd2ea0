// SPDX-License-Identifier: GPL-2.0

// A bus address cannot be kept after the device's ownership of the mapping ends.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result<u32> {
    let in_flight = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64)?)?.submit();
    let address = in_flight.address();

    #[cfg(not(mistake))]
    let address = address.to_bus32(0)?;

    // SAFETY: The device must have stopped: it was never programmed with the address.
    let _mapping = unsafe { in_flight.complete() };
    //~[mistake]^ E0505
    //~[mistake]| ERROR: because it is borrowed

    #[cfg(mistake)]
    let address = address.to_bus32(0)?;

    Ok(address)
}
