// SPDX-License-Identifier: GPL-2.0

// What a device wrote is not looked at as a type that not all bytes are valid for.

use kernel::prelude::*;
use zerocopy_derive::{
    Immutable,
    KnownLayout, //
};

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping, //
};

#[derive(Immutable, KnownLayout)]
#[cfg_attr(not(mistake), derive(FromBytes))]
#[repr(C)]
struct Status {
    #[cfg(mistake)]
    is_done: bool,
    #[cfg(not(mistake))]
    is_done: u8,
}

fn receive(dev: &DmaDevice) -> Result {
    let mut mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64)?)?;

    mapping.view::<Status>(0)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: `Status: zerocopy::FromBytes` is not satisfied
    Ok(())
}
