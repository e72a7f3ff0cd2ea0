// SPDX-License-Identifier: GPL-2.0

// The CPU cannot write a `DMA_FROM_DEVICE` mapping, even while the CPU owns it.

use kernel::prelude::*;

use crate::dma::{
    Bidirectional,
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping, //
};

#[cfg(mistake)]
type Direction = FromDevice;
#[cfg(not(mistake))]
type Direction = Bidirectional;

fn receive(dev: &DmaDevice) -> Result {
    let mut mapping = Mapping::<_, Direction>::new_unsynced(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

    mapping.fill(0);
    //~[mistake]^ E0596
    //~[mistake]| ERROR: cannot borrow data in dereference
    Ok(())
}
