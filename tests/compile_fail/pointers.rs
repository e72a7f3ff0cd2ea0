// SPDX-License-Identifier: GPL-2.0

// Pointers cannot be mapped: the device could replace them, or read addresses of the kernel.

use kernel::prelude::*;

use crate::dma::{
    Bidirectional,
    DmaDevice,
    Mapping, //
};

#[cfg(mistake)]
type Cookie = *mut u8;
#[cfg(not(mistake))]
type Cookie = usize;

fn exchange(dev: &DmaDevice, ring: KVec<Cookie>) -> Result {
    let _mapping = Mapping::<_, Bidirectional>::new(dev, ring)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: `*mut u8` is not plain data
    Ok(())
}
