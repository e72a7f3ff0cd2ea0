// SPDX-License-Identifier: GPL-2.0

// A reference to a mapping cannot be submitted: the CPU would keep the mapping.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    BusMaster,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

    #[cfg(mistake)]
    let mapping = &mapping;

    let _in_flight = BusMaster::<u32>::new(dev)?.submit(mapping)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: cannot be submitted to a device
    Ok(())
}
