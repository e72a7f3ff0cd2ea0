// SPDX-License-Identifier: GPL-2.0

// A buffer on the stack cannot be mapped: it may be outside the linear map, and it shares cache
// lines with data that the CPU uses.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    Mapping,
    ToDevice, //
};

fn send(dev: &DmaDevice) -> Result {
    #[cfg(mistake)]
    let buffer = [0u8; 64];
    #[cfg(not(mistake))]
    let buffer = Buffer::zeroed(64, GFP_KERNEL)?;

    let _mapping = Mapping::<_, ToDevice>::new(dev, buffer)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: may not be mapped for DMA
    Ok(())
}
