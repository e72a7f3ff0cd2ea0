// SPDX-License-Identifier: GPL-2.0

// The CPU cannot read a mapped list without a sync: its caches may have old data.

use kernel::prelude::*;

use crate::{
    dma::{
        DmaDevice,
        FromDevice, //
    },
    sg::SgTable, //
};

fn receive(dev: &DmaDevice, memory: VVec<u8>) -> Result<u8> {
    let mut list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<FromDevice>()?;
    let mut first = [0];

    #[cfg(mistake)]
    first.copy_from_slice(&list[..1]);
    //~[mistake]^ E0608
    //~[mistake]| ERROR: cannot index into a value of type `MappedSgTable
    #[cfg(not(mistake))]
    list.for_cpu(..1)?.copy_to(&mut first)?;

    Ok(first[0])
}
