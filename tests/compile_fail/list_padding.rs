// SPDX-License-Identifier: GPL-2.0

// A type with padding cannot be in a table: the device would read old memory contents from it.

use kernel::prelude::*;
use zerocopy_derive::Immutable;

use crate::{
    dma::DmaDevice,
    sg::SgTable, //
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

fn send(dev: &DmaDevice, headers: VVec<Header>) -> Result {
    let _table = SgTable::new(dev, headers, GFP_KERNEL)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: `Header` is not plain data
    Ok(())
}
