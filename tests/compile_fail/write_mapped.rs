// SPDX-License-Identifier: GPL-2.0

// The CPU cannot write a mapping without a sync for the device, which may have read the memory
// already.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    Mapping,
    ToDevice, //
};

fn send(dev: &DmaDevice) -> Result {
    let mut buffer = Buffer::zeroed(64, GFP_KERNEL)?;

    #[cfg(not(mistake))]
    buffer.fill(0xff);

    let mapping = Mapping::<_, ToDevice>::new(dev, buffer)?;

    #[cfg(mistake)]
    mapping.fill(0xff);
    //~[mistake]^ E0599
    //~[mistake]| ERROR: no method named `fill` found for struct `Mapping`

    drop(mapping);
    Ok(())
}
