// SPDX-License-Identifier: GPL-2.0

// Unmapping a list takes no count. `dma_unmap_sg()` takes the number of entries, and is often given
// the number of segments that `dma_map_sg()` returned.

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

    #[cfg(mistake)]
    let table = list.unmap(list.nents());
    //~[mistake]^ E0061
    //~[mistake]| ERROR: takes 0 arguments but 1 argument was supplied
    #[cfg(not(mistake))]
    let table = list.unmap();

    Ok(table.into_memory())
}
