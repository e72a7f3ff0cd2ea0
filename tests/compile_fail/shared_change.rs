// SPDX-License-Identifier: GPL-2.0

// Memory that is mapped with other readers cannot be changed.

use kernel::{
    prelude::*,
    sync::Arc, //
};

use crate::dma::{
    Buffer,
    DmaDevice,
    SharedMapping, //
};

fn send(dev: &DmaDevice, image: Buffer) -> Result {
    #[cfg(not(mistake))]
    let mut image = image;
    #[cfg(not(mistake))]
    image.fill(0);

    let image = Arc::new(image, GFP_KERNEL)?;
    let _mapping = SharedMapping::new(dev, image.clone())?;

    #[cfg(mistake)]
    image.fill(0);
    //~[mistake]^ E0596
    //~[mistake]| ERROR: cannot borrow data in dereference of `Arc<Buffer>` as mutable
    Ok(())
}
