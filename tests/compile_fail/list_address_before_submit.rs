// SPDX-License-Identifier: GPL-2.0

// A list has no bus addresses before it is submitted to the device, only a number of segments.

use kernel::prelude::*;

use crate::{
    dma::{
        BusMaster,
        DmaDevice,
        FromDevice, //
    },
    sg::SgTable, //
};

fn receive(dev: &DmaDevice, memory: VVec<u8>) -> Result<u32> {
    let list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<FromDevice>()?;

    #[cfg(not(mistake))]
    let list = BusMaster::<u32>::new(dev)?.submit(list)?;

    let first = list.segments().next();
    //~[mistake]^ E0599
    //~[mistake]| ERROR: no method named `segments` found for struct `MappedSgTable

    Ok(first.ok_or(EINVAL)?.address())
}
