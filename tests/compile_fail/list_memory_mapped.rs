// SPDX-License-Identifier: GPL-2.0

// A table's memory cannot be taken out while the table is mapped.

use kernel::prelude::*;

use crate::{
    dma::{
        DmaDevice,
        FromDevice, //
    },
    sg::SgTable, //
};

fn receive(dev: &DmaDevice, memory: VVec<u8>) -> Result<u8> {
    let list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<FromDevice>()?;

    #[cfg(not(mistake))]
    let list = list.unmap();

    let memory = list.into_memory();
    //~[mistake]^ E0599
    //~[mistake]| ERROR: no method named `into_memory` found for struct `MappedSgTable`

    memory.first().copied().ok_or(EINVAL)
}
