// SPDX-License-Identifier: GPL-2.0

// A list cannot be unmapped while the device owns it.

use kernel::prelude::*;

use crate::{
    dma::{
        BusMaster,
        DmaDevice,
        FromDevice, //
    },
    sg::SgTable, //
};

fn receive(dev: &DmaDevice, memory: VVec<u8>) -> Result<VVec<u8>> {
    let list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<FromDevice>()?;
    let in_flight = BusMaster::<u32>::new(dev)?.submit(list)?;

    #[cfg(not(mistake))]
    // SAFETY: The device must have stopped: it was never programmed with the address.
    let in_flight = unsafe { in_flight.complete() };

    let table = in_flight.unmap();
    //~[mistake]^ E0599
    //~[mistake]| ERROR: no method named `unmap` found for struct `InFlight

    Ok(table.into_memory())
}
