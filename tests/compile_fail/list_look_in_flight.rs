// SPDX-License-Identifier: GPL-2.0

// The CPU cannot access a list that the device owns.

use kernel::prelude::*;

use crate::{
    dma::{
        DmaDevice,
        FromDevice, //
    },
    sg::Table, //
};

fn receive(dev: &DmaDevice, memory: VVec<u8>) -> Result<usize> {
    let in_flight = Table::new(dev, memory, GFP_KERNEL)?
        .map::<FromDevice>()?
        .submit();

    #[cfg(mistake)]
    let mut list = in_flight;
    #[cfg(not(mistake))]
    // SAFETY: The device must have stopped: it was never programmed with the address.
    let mut list = unsafe { in_flight.complete() };

    Ok(list.cpu(..)?.len())
    //~[mistake]^ E0599
    //~[mistake]| ERROR: no method named `cpu` found for struct `ListInFlight`
}
