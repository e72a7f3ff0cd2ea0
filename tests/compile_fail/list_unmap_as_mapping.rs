// SPDX-License-Identifier: GPL-2.0

// Memory mapped as a list cannot be unmapped as a single mapping.

use kernel::prelude::*;

use crate::{
    dma::{
        Buffer,
        DmaDevice,
        FromDevice,
        Mapping, //
    },
    sg::{
        Contiguous,
        SgTable, //
    }, //
};

fn receive(dev: &DmaDevice) -> Result<Buffer> {
    let buffer = Contiguous(Buffer::zeroed(64, GFP_KERNEL)?);
    let list = SgTable::new(dev, buffer, GFP_KERNEL)?.map::<FromDevice>()?;

    #[cfg(mistake)]
    return Ok(Mapping::<Buffer, FromDevice>::unmap(list));
    //~[mistake]^ E0308
    //~[mistake]| ERROR: mismatched types
    //~[mistake]| NOTE: found struct `MappedSgTable<
    #[cfg(not(mistake))]
    Ok(list.unmap().into_memory().0)
}
