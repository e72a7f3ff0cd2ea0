// SPDX-License-Identifier: GPL-2.0

// A segment cannot be kept after the device's ownership of the list ends.

use kernel::prelude::*;

use crate::{
    dma::{
        BusMaster,
        DmaDevice,
        FromDevice, //
    },
    sg::SgTable, //
};

fn receive(dev: &DmaDevice, memory: VVec<u8>) -> Result<u32> {
    let list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<FromDevice>()?;
    let in_flight = BusMaster::<u32>::new(dev)?.submit(list)?;
    let first = in_flight.segments().next().ok_or(EINVAL)?;

    #[cfg(not(mistake))]
    let first = first.address();

    // SAFETY: The device must have stopped: it was never programmed with the address.
    let _list = unsafe { in_flight.complete() };
    //~[mistake]^ E0505
    //~[mistake]| ERROR: because it is borrowed

    #[cfg(mistake)]
    let first = first.address();

    Ok(first)
}
