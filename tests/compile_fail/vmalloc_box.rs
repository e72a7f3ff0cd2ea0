// SPDX-License-Identifier: GPL-2.0

// A single value in vmalloc memory cannot be mapped, however short: it is outside the linear map.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    Mapping,
    ToDevice, //
};

fn send(dev: &DmaDevice) -> Result {
    #[cfg(mistake)]
    let buffer = VBox::new([0u8; 64], GFP_KERNEL)?;
    #[cfg(not(mistake))]
    let buffer = Buffer::zeroed(64, GFP_KERNEL)?;

    let _mapping = Mapping::<_, ToDevice>::new(dev, buffer)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: may not be mapped for DMA
    Ok(())
}
