// SPDX-License-Identifier: GPL-2.0

// A list cannot be unmapped in another direction.

use kernel::prelude::*;

use crate::{
    dma::{
        DmaDevice,
        FromDevice,
        ToDevice, //
    },
    sg::{
        MappedSgTable,
        SgTable, //
    }, //
};

#[cfg(mistake)]
type Direction = ToDevice;
#[cfg(not(mistake))]
type Direction = FromDevice;

fn receive(dev: &DmaDevice, memory: VVec<u8>) -> Result<VVec<u8>> {
    let list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<FromDevice>()?;
    let table = MappedSgTable::<VVec<u8>, Direction>::unmap(list);
    //~[mistake]^ E0308
    //~[mistake]| ERROR: mismatched types
    //~[mistake]| NOTE: found struct `MappedSgTable<'_, _, direction::FromDevice>

    Ok(table.into_memory())
}
