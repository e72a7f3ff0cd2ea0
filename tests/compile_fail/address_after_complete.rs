// SPDX-License-Identifier: GPL-2.0

// An address cannot be kept for longer than the device has it.

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

    // SAFETY: The device was never told the address.
    let _mapping = unsafe { in_flight.complete() };
    //~[mistake]^ E0505
    //~[mistake]| ERROR: because it is borrowed

    #[cfg(mistake)]
    let address = address.to_bus32(0)?;

    Ok(address)
}
