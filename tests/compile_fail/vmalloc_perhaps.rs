// SPDX-License-Identifier: GPL-2.0

// A `KVVec` cannot be mapped: it may be vmalloc memory, by its length and the free memory.

use kernel::prelude::*;

use crate::dma::{
    DmaDevice,
    Mapping,
    ToDevice, //
};

#[cfg(mistake)]
type Vector = KVVec<u8>;
#[cfg(not(mistake))]
type Vector = KVec<u8>;

fn send(dev: &DmaDevice, bytes: Vector) -> Result {
    let _mapping = Mapping::<_, ToDevice>::new(dev, bytes)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: may not be mapped for DMA
    Ok(())
}
