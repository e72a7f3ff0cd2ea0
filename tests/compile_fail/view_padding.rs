// SPDX-License-Identifier: GPL-2.0

// Bytes of a mapping cannot be changed as a type with padding, which the device would read.

use kernel::prelude::*;
use zerocopy_derive::KnownLayout;

use crate::dma::{
    Buffer,
    DmaDevice,
    Mapping,
    ToDevice, //
};

#[derive(FromBytes, KnownLayout)]
#[cfg_attr(not(mistake), derive(IntoBytes))]
#[repr(C)]
struct Command {
    code: u8,
    #[cfg(not(mistake))]
    reserved: [u8; 3],
    address: u32,
}

fn send(dev: &DmaDevice) -> Result {
    let mut mapping = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

    mapping.for_cpu_as_mut::<Command>(0)?.code = 1;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: the CPU cannot change bytes of a mapping as
    Ok(())
}
