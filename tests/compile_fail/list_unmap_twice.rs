// SPDX-License-Identifier: GPL-2.0

// A list cannot be unmapped twice: unmapping consumes it.

use kernel::prelude::*;

use crate::{
    dma::{
        DmaDevice,
        FromDevice, //
    },
    sg::SgTable, //
};

fn receive(dev: &DmaDevice, memory: VVec<u8>) -> Result<VVec<u8>> {
    let list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<FromDevice>()?;
    let table = list.unmap();

    #[cfg(mistake)]
    let table = list.unmap();
    //~[mistake]^ E0382
    //~[mistake]| ERROR: use of moved value: `list`

    Ok(table.into_memory())
}
