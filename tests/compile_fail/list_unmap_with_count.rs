// SPDX-License-Identifier: GPL-2.0

// Unmapping a list asks for no count: not for that of its entries, which is right, nor for that of its
// segments, which the mapping returned.

use kernel::prelude::*;

use crate::{
    dma::{
        DmaDevice,
        FromDevice, //
    },
    sg::Table, //
};

fn receive(dev: &DmaDevice, memory: VVec<u8>) -> Result<VVec<u8>> {
    let list = Table::new(dev, memory, GFP_KERNEL)?.map::<FromDevice>()?;

    #[cfg(mistake)]
    let table = list.unmap(list.segments());
    //~[mistake]^ E0061
    //~[mistake]| ERROR: takes 0 arguments but 1 argument was supplied
    #[cfg(not(mistake))]
    let table = list.unmap();

    Ok(table.into_memory())
}
