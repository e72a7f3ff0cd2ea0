// SPDX-License-Identifier: GPL-2.0

// A boxed slice cannot be mapped, because its length is not part of the type. Use a vector.

use kernel::prelude::*;

use crate::dma::{
    DmaDevice,
    FromDevice,
    Mapping, //
};

#[cfg(mistake)]
type Bytes = KBox<[u8]>;
#[cfg(not(mistake))]
type Bytes = KVec<u8>;

fn receive(dev: &DmaDevice, bytes: Bytes) -> Result {
    let _mapping = Mapping::<_, FromDevice>::new(dev, bytes)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: `[u8]` is not plain data
    Ok(())
}
