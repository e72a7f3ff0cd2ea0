// SPDX-License-Identifier: GPL-2.0

// A vector of bytes is no list of pieces. Wrap it in `Contiguous`.

use kernel::prelude::*;

use crate::{
    dma::{
        DmaDevice,
        FromDevice, //
    },
    sg::{
        Contiguous,
        SgTable, //
    }, //
};

fn receive(dev: &DmaDevice, memory: KVec<u8>) -> Result {
    #[cfg(not(mistake))]
    let memory = Contiguous(memory);

    let _list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<FromDevice>()?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: cannot be made a scatter-gather table
    //~[mistake]| E0599
    //~[mistake]| ERROR: the method `map` exists
    Ok(())
}
