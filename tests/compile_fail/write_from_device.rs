// SPDX-License-Identifier: GPL-2.0

// The CPU can read a `DMA_FROM_DEVICE` mapping, but cannot write it: the write would be lost, or
// overwrite data of the device in the same cache line.

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
    let mut mapping = Mapping::<_, Direction>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

    mapping.for_cpu_mut(..)?.fill(0);
    //~[mistake]^ E0277
    //~[mistake]| ERROR: the device may not read a
    Ok(())
}
