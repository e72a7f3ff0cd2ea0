// SPDX-License-Identifier: GPL-2.0

// A mapping cannot borrow its memory. Leaking the mapping would end the borrow without an unmap,
// and the device would still write.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result {
    #[cfg(mistake)]
    let mut buffer = Buffer::zeroed(64, GFP_KERNEL)?;
    #[cfg(mistake)]
    let buffer = &mut buffer;
    #[cfg(not(mistake))]
    let buffer = Buffer::zeroed(64, GFP_KERNEL)?;

    let _mapping = Mapping::<_, FromDevice>::new(dev, buffer)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: may not be mapped for DMA
    Ok(())
}
