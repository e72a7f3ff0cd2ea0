// SPDX-License-Identifier: GPL-2.0

// A mapping that failed has no bus address: the driver cannot ignore the error.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    BusMaster,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?);

    #[cfg(not(mistake))]
    let mapping = mapping?;

    let _in_flight = BusMaster::<u32>::new(dev)?.submit(mapping)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: cannot be submitted to a device
    Ok(())
}
