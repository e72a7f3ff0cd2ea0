// SPDX-License-Identifier: GPL-2.0

// Memory of the module's image cannot be mapped: it is vmalloc memory and read-only.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    Mapping,
    ToDevice, //
};

static GREETING: [u8; 64] = *b"................................................................";

fn send(dev: &DmaDevice) -> Result {
    #[cfg(mistake)]
    let buffer = &GREETING;
    #[cfg(not(mistake))]
    let buffer = {
        let mut buffer = Buffer::zeroed(GREETING.len(), GFP_KERNEL)?;

        buffer.copy_from_slice(&GREETING);
        buffer
    };

    let _mapping = Mapping::<_, ToDevice>::new(dev, buffer)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: may not be mapped for DMA
    Ok(())
}
