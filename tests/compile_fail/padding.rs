// SPDX-License-Identifier: GPL-2.0

// A struct with padding cannot be mapped: the device would read old stack contents from the
// padding.

use kernel::prelude::*;
use zerocopy_derive::Immutable;

use crate::dma::{
    DmaDevice,
    Mapping,
    ToDevice, //
};

#[derive(Clone, Copy, FromBytes, Immutable)]
#[cfg_attr(not(mistake), derive(IntoBytes))]
#[repr(C)]
struct Header {
    kind: u8,
    #[cfg(not(mistake))]
    reserved: [u8; 3],
    len: u32,
}

fn send(dev: &DmaDevice, header: KBox<Header>) -> Result {
    let _mapping = Mapping::<_, ToDevice>::new(dev, header)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: `Header` is not plain data
    Ok(())
}
