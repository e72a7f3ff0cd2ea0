// SPDX-License-Identifier: GPL-2.0

// A vector of `bool` cannot be mapped: a device may write bytes that are no `bool`.

use kernel::prelude::*;

use crate::dma::{
    DmaDevice,
    FromDevice,
    Mapping, //
};

#[cfg(mistake)]
type Flag = bool;
#[cfg(not(mistake))]
type Flag = u8;

fn receive(dev: &DmaDevice, flags: KVec<Flag>) -> Result {
    let _mapping = Mapping::<_, FromDevice>::new(dev, flags)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: `bool` is not plain data
    Ok(())
}
