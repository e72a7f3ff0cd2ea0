// SPDX-License-Identifier: GPL-2.0

// The CPU can read a `DMA_FROM_DEVICE` list, but cannot write it.

use kernel::prelude::*;

use crate::{
    dma::{
        Bidirectional,
        DmaDevice,
        FromDevice, //
    },
    sg::SgTable, //
};

#[cfg(mistake)]
type Direction = FromDevice;
#[cfg(not(mistake))]
type Direction = Bidirectional;

fn receive(dev: &DmaDevice, memory: VVec<u8>) -> Result {
    let mut list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<Direction>()?;

    list.for_cpu_mut(..4)?.copy_from(&[0; 4])?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: the device may not read a
    Ok(())
}
