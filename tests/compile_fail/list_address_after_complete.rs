// SPDX-License-Identifier: GPL-2.0

// Segments cannot be kept for longer than the device has the list.

use kernel::prelude::*;

use crate::{
    dma::{
        DmaDevice,
        FromDevice, //
    },
    sg::Table, //
};

fn receive(dev: &DmaDevice, memory: VVec<u8>) -> Result<u32> {
    let in_flight = Table::new(dev, memory, GFP_KERNEL)?
        .map::<FromDevice>()?
        .submit();
    let first = in_flight.segments().next().ok_or(EINVAL)?;

    #[cfg(not(mistake))]
    let first = first.address().to_bus32(0)?;

    // SAFETY: The device was never told the address.
    let _list = unsafe { in_flight.complete() };
    //~[mistake]^ E0505
    //~[mistake]| ERROR: because it is borrowed

    #[cfg(mistake)]
    let first = first.address().to_bus32(0)?;

    Ok(first)
}
