// SPDX-License-Identifier: GPL-2.0

// A table is mapped at most once at a time.

use kernel::prelude::*;

use crate::{
    dma::{
        DmaDevice,
        FromDevice,
        ToDevice, //
    },
    sg::SgTable, //
};

fn exchange(dev: &DmaDevice, memory: VVec<u8>) -> Result {
    let table = SgTable::new(dev, memory, GFP_KERNEL)?;
    let list = table.map::<FromDevice>()?;

    #[cfg(not(mistake))]
    let table = list.unmap();

    let _other = table.map::<ToDevice>()?;
    //~[mistake]^ E0382
    //~[mistake]| ERROR: use of moved value: `table`
    Ok(())
}
