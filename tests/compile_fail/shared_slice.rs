// SPDX-License-Identifier: GPL-2.0

// A slice cannot be mapped as shared memory: it ends before the device has read it.

use kernel::{
    prelude::*,
    sync::Arc, //
};

use crate::dma::{
    Buffer,
    DmaDevice,
    SharedMapping, //
};

fn send(dev: &DmaDevice, image: Arc<Buffer>) -> Result {
    #[cfg(mistake)]
    let image = &image[..64];

    let _mapping = SharedMapping::new(dev, image)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: `&[u8]` may not be mapped for DMA with other readers
    Ok(())
}
