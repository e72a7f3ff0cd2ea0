// SPDX-License-Identifier: GPL-2.0

// A list cannot be unmapped while the device owns it.

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
    // SAFETY: The device must have stopped: it was never programmed with the address.
    let in_flight = unsafe { in_flight.complete() };

    let table = in_flight.unmap();
    //~[mistake]^ E0599
    //~[mistake]| ERROR: no method named `unmap` found for struct `ListInFlight`

    Ok(table.into_memory())
}
