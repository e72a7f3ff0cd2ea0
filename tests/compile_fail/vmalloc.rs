// SPDX-License-Identifier: GPL-2.0

// vmalloc memory cannot be mapped in one piece: it is contiguous for the CPU only.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    Mapping,
    ToDevice, //
};

fn send(dev: &DmaDevice) -> Result {
    #[cfg(mistake)]
    let buffer = VVec::from_elem(0u8, 8192, GFP_KERNEL)?;
    #[cfg(not(mistake))]
    let buffer = Buffer::zeroed(8192, GFP_KERNEL)?;

    let _mapping = Mapping::<_, ToDevice>::new(dev, buffer)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: may not be mapped for DMA
    Ok(())
}
