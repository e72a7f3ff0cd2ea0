// SPDX-License-Identifier: GPL-2.0

// A reference to a buffer cannot be mapped as shared memory. After `mem::forget` of the mapping the
// borrow ends, and the buffer could be freed or changed while the device reads it.

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
    let image = &*image;

    let _mapping = SharedMapping::new(dev, image)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: `&Buffer` may not be mapped for DMA with other readers
    Ok(())
}
