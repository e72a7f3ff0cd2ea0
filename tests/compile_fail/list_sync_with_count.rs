// SPDX-License-Identifier: GPL-2.0

// A sync takes a range of bytes. It takes no number of entries or segments.

use kernel::prelude::*;

use crate::{
    dma::{
        DmaDevice,
        FromDevice, //
    },
    sg::SgTable, //
};

fn receive(dev: &DmaDevice, memory: VVec<u8>) -> Result<usize> {
    let mut list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<FromDevice>()?;
    let segments = list.nents();

    #[cfg(mistake)]
    let bytes = list.for_cpu(.., segments)?;
    //~[mistake]^ E0061
    //~[mistake]| ERROR: takes 1 argument but 2 arguments were supplied
    #[cfg(not(mistake))]
    let bytes = list.for_cpu(..)?;

    Ok(bytes.len() / segments)
}
