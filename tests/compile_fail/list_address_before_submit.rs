// SPDX-License-Identifier: GPL-2.0

// There are no addresses to be told to the device before the list is lent to it: until then there is only
// the number of its segments.

use kernel::prelude::*;

use crate::{
    dma::{
        DmaDevice,
        FromDevice, //
    },
    sg::Table, //
};

fn receive(dev: &DmaDevice, memory: VVec<u8>) -> Result<u32> {
    let list = Table::new(dev, memory, GFP_KERNEL)?.map::<FromDevice>()?;

    #[cfg(not(mistake))]
    let list = list.submit();

    let first = list.segments().next();
    //~[mistake]^ E0599
    //~[mistake]| ERROR: no method named `next` found for type `usize`

    first.ok_or(EINVAL)?.address().to_bus32(0)
}
