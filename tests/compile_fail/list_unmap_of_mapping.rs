// SPDX-License-Identifier: GPL-2.0

// A single mapping cannot be unmapped as a list.

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
        MappedSgTable, //
    }, //
};

fn receive(dev: &DmaDevice) -> Result<Buffer> {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

    #[cfg(mistake)]
    let mapping = MappedSgTable::<Contiguous<Buffer>, _>::unmap(mapping);
    //~[mistake]^ E0308
    //~[mistake]| ERROR: mismatched types
    //~[mistake]| NOTE: found struct `Mapping<
    #[cfg(mistake)]
    let buffer = mapping.into_memory().0;
    #[cfg(not(mistake))]
    let buffer = mapping.unmap();

    Ok(buffer)
}
