// SPDX-License-Identifier: GPL-2.0

// The CPU cannot access a buffer after it is mapped.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    Mapping,
    ToDevice, //
};

fn send(dev: &DmaDevice) -> Result {
    let mut buffer = Buffer::zeroed(64, GFP_KERNEL)?;

    #[cfg(not(mistake))]
    buffer.fill(0xff);

    let mapping = Mapping::<_, ToDevice>::new(dev, buffer)?;

    #[cfg(mistake)]
    buffer.fill(0xff);
    //~[mistake]^ E0382
    //~[mistake]| ERROR: borrow of moved value: `buffer`

    drop(mapping);
    Ok(())
}
