// SPDX-License-Identifier: GPL-2.0

// A pinned box cannot be mapped: its owner could access the memory by the pin.

use core::pin::Pin;

use kernel::prelude::*;

use crate::dma::{
    DmaDevice,
    FromDevice,
    Mapping, //
};

#[cfg(mistake)]
type Bytes = Pin<KBox<[u8; 64]>>;
#[cfg(not(mistake))]
type Bytes = KBox<[u8; 64]>;

fn receive(dev: &DmaDevice, bytes: Bytes) -> Result {
    let _mapping = Mapping::<_, FromDevice>::new(dev, bytes)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: may not be mapped for DMA
    Ok(())
}
