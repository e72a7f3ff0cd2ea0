// SPDX-License-Identifier: GPL-2.0

// Mapping requires proof that the device is bound and that its DMA mask is set.

use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping, //
};

#[cfg(mistake)]
type Handle = Device<Bound>;
#[cfg(not(mistake))]
type Handle = DmaDevice;

fn receive(dev: &Handle) -> Result {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    //~[mistake]^ E0308
    //~[mistake]| ERROR: mismatched types
    //~[mistake]| NOTE: expected reference `&DmaDevice`

    drop(mapping);
    Ok(())
}
