// SPDX-License-Identifier: GPL-2.0

// A boxed trait object cannot be mapped: its memory is that of the value behind the pointer.

use kernel::prelude::*;

#[cfg(not(mistake))]
use crate::dma::Buffer;
use crate::dma::{
    DmaDevice,
    FromDevice,
    Mapping, //
};

#[cfg(mistake)]
type Any = KBox<dyn crate::dma::Memory>;
#[cfg(not(mistake))]
type Any = Buffer;

fn receive(dev: &DmaDevice, memory: Any) -> Result {
    let _mapping = Mapping::<_, FromDevice>::new(dev, memory)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: is not plain data
    Ok(())
}
