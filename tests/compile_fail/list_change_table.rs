// SPDX-License-Identifier: GPL-2.0

// A table's memory cannot be resized in place. The driver takes it out and makes a new table of it.

use kernel::prelude::*;

use crate::{
    dma::{
        DmaDevice,
        ToDevice, //
    },
    sg::SgTable, //
};

fn send(dev: &DmaDevice, memory: VVec<u8>) -> Result {
    let table = SgTable::new(dev, memory, GFP_KERNEL)?;

    #[cfg(mistake)]
    table.memory.truncate(1);
    //~[mistake]^ E0616
    //~[mistake]| ERROR: field `memory` of struct
    #[cfg(not(mistake))]
    let table = {
        let mut memory = table.into_memory();

        memory.truncate(1);
        SgTable::new(dev, memory, GFP_KERNEL)?
    };

    let _list = table.map::<ToDevice>()?;

    Ok(())
}
