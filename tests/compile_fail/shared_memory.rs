// SPDX-License-Identifier: GPL-2.0

// Memory with several owners cannot be mapped: they could access it.

use kernel::{
    prelude::*,
    sync::Arc, //
};

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice, buffer: Buffer) -> Result {
    #[cfg(mistake)]
    let buffer = Arc::new(buffer, GFP_KERNEL)?;

    let _mapping = Mapping::<_, FromDevice>::new(dev, buffer)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: `Arc<Buffer>` may not be mapped for DMA
    Ok(())
}
