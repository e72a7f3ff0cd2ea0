// SPDX-License-Identifier: GPL-2.0

// A mapping has no bus address before it is submitted to the device.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    BusMaster,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result<u32> {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

    #[cfg(not(mistake))]
    let mapping = BusMaster::<u32>::new(dev)?.submit(mapping)?;

    let segment = mapping.segments().next().ok_or(EINVAL)?;
    //~[mistake]^ E0599
    //~[mistake]| ERROR: no method named `segments` found for struct `Mapping

    Ok(segment.address())
}
