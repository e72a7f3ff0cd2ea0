// SPDX-License-Identifier: GPL-2.0

// A list exists only if mapping succeeded: the driver cannot ignore the error.

use kernel::prelude::*;

use crate::{
    dma::{
        DmaDevice,
        FromDevice, //
    },
    sg::SgTable, //
};

fn receive(dev: &DmaDevice, memory: VVec<u8>) -> Result<VVec<u8>> {
    let list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<FromDevice>();

    #[cfg(not(mistake))]
    let list = list?;

    let table = list.unmap();
    //~[mistake]^ E0599
    //~[mistake]| ERROR: no method named `unmap` found for enum

    Ok(table.into_memory())
}
