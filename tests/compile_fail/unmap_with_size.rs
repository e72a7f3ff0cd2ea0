// SPDX-License-Identifier: GPL-2.0

// Unmapping takes no size: the mapping knows it.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result<Buffer> {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

    #[cfg(mistake)]
    return Ok(mapping.unmap(32));
    //~[mistake]^ E0061
    //~[mistake]| ERROR: takes 0 arguments but 1 argument was supplied
    #[cfg(not(mistake))]
    Ok(mapping.unmap())
}
