// SPDX-License-Identifier: GPL-2.0

// Taking a list back is unsafe: the caller must know that the device has stopped.

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

    #[cfg(mistake)]
    let list = in_flight.complete();
    //~[mistake]^ E0133
    //~[mistake]| ERROR: is unsafe and requires unsafe
    #[cfg(not(mistake))]
    // SAFETY: The device must have stopped: it was never programmed with the address.
    let list = unsafe { in_flight.complete() };

    Ok(list.unmap().into_memory())
}
