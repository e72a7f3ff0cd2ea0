// SPDX-License-Identifier: GPL-2.0

// Data from a device cannot be viewed as a type that has invalid bit patterns.

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
    let mut mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

    mapping.for_cpu_as::<Status>(0)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: the CPU cannot read bytes of a mapping as
    Ok(())
}
