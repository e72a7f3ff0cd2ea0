// SPDX-License-Identifier: GPL-2.0

// A table of the kernel crate cannot become the memory of a table: it is mapped already, its type
// does not state the direction, and other code may share its pages.

use kernel::{
    prelude::*,
    scatterlist::{
        Owned,
        SGTable, //
    }, //
};

use crate::{
    dma::DmaDevice,
    sg::SgTable, //
};

#[cfg(mistake)]
type Memory = SGTable<Owned<VVec<u8>>>;
#[cfg(not(mistake))]
type Memory = VVec<u8>;

fn receive(dev: &DmaDevice, memory: Memory) -> Result {
    let _table = SgTable::new(dev, memory, GFP_KERNEL)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: cannot be made a scatter-gather table
    Ok(())
}
