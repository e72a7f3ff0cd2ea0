// SPDX-License-Identifier: GPL-2.0

// What the device may be using cannot be unmapped.

use kernel::prelude::*;

use crate::{
    dma::{
        DmaDevice,
        FromDevice, //
    },
    sg::Table, //
};

fn receive(dev: &DmaDevice, memory: VVec<u8>) -> Result<VVec<u8>> {
    let in_flight = Table::new(dev, memory, GFP_KERNEL)?
        .map::<FromDevice>()?
        .submit();

    #[cfg(not(mistake))]
    // SAFETY: The device was never told the address.
    let in_flight = unsafe { in_flight.complete() };

    let table = in_flight.unmap();
    //~[mistake]^ E0599
    //~[mistake]| ERROR: no method named `unmap` found for struct `ListInFlight`

    Ok(table.into_memory())
}
