// SPDX-License-Identifier: GPL-2.0

// A mapping cannot be unmapped twice: unmapping consumes it.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

    mapping.unmap();

    #[cfg(mistake)]
    mapping.unmap();
    //~[mistake]^ E0382
    //~[mistake]| ERROR: use of moved value: `mapping`

    Ok(())
}
