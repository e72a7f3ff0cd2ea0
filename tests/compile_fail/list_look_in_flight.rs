// SPDX-License-Identifier: GPL-2.0

// The CPU cannot access a list that the device owns.

use kernel::prelude::*;

use crate::{
    dma::{
        BusMaster,
        DmaDevice,
        FromDevice, //
    },
    sg::SgTable, //
};

fn receive(dev: &DmaDevice, memory: VVec<u8>) -> Result<usize> {
    let list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<FromDevice>()?;
    let in_flight = BusMaster::<u32>::new(dev)?.submit(list)?;

    #[cfg(mistake)]
    let mut list = in_flight;
    #[cfg(not(mistake))]
    // SAFETY: The device must have stopped: it was never programmed with the address.
    let mut list = unsafe { in_flight.complete() };

    Ok(list.for_cpu(..)?.len())
    //~[mistake]^ E0133
    //~[mistake]| ERROR: call to unsafe function `InFlight::<T, A>::for_cpu`
}
