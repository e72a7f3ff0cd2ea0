// SPDX-License-Identifier: GPL-2.0

// A table of the kernel crate is mapped already, in a direction that its type does not say, and others may
// have its pages: it is no memory for a list.

use kernel::{
    prelude::*,
    scatterlist::{
        Owned,
        SGTable, //
    }, //
};

use crate::{
    dma::DmaDevice,
    sg::Table, //
};

#[cfg(mistake)]
type Memory = SGTable<Owned<VVec<u8>>>;
#[cfg(not(mistake))]
type Memory = VVec<u8>;

fn receive(dev: &DmaDevice, memory: Memory) -> Result {
    let _table = Table::new(dev, memory, GFP_KERNEL)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: cannot be made a scatter-gather table
    Ok(())
}
