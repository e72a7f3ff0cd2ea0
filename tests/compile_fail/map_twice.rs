// SPDX-License-Identifier: GPL-2.0

// Memory cannot be mapped a second time while it is mapped.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping,
    ToDevice, //
};

fn send_and_receive(dev: &DmaDevice) -> Result {
    let buffer = Buffer::zeroed(64, GFP_KERNEL)?;
    let sent = Mapping::<_, ToDevice>::new(dev, buffer)?;

    #[cfg(not(mistake))]
    let buffer = sent.unmap();

    let _mapping = Mapping::<_, FromDevice>::new(dev, buffer)?;
    //~[mistake]^ E0382
    //~[mistake]| ERROR: use of moved value: `buffer`

    #[cfg(mistake)]
    sent.unmap();

    Ok(())
}
