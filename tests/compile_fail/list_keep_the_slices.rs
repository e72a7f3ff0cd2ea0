// SPDX-License-Identifier: GPL-2.0

// A slice of a list cannot outlive the CPU's access, after which the device may own the bytes.

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
    let bytes = list.for_cpu(..)?;
    let first = bytes.iter().next().ok_or(EINVAL)?;

    #[cfg(not(mistake))]
    let first = [first[0]];

    drop(bytes);
    //~[mistake]^ E0505
    //~[mistake]| ERROR: cannot move out of `bytes` because it is borrowed
    Ok(first[0])
}
