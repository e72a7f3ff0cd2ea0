// SPDX-License-Identifier: GPL-2.0

// Uninitialized memory cannot be mapped: the device would read its old contents.

use kernel::prelude::*;

use crate::dma::{
    DmaDevice,
    Mapping,
    ToDevice, //
};

#[cfg(mistake)]
type Byte = core::mem::MaybeUninit<u8>;
#[cfg(not(mistake))]
type Byte = u8;

fn send(dev: &DmaDevice, bytes: KVec<Byte>) -> Result {
    let _mapping = Mapping::<_, ToDevice>::new(dev, bytes)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: MaybeUninit<u8>` is not plain data
    Ok(())
}
