// SPDX-License-Identifier: GPL-2.0

// The CPU cannot write a part of a `DMA_FROM_DEVICE` mapping.

use kernel::prelude::*;

use crate::dma::{
    Bidirectional,
    FromDevice,
    MappedPart,
    PageBuffer, //
};

#[cfg(mistake)]
type Direction = FromDevice;
#[cfg(not(mistake))]
type Direction = Bidirectional;

fn clear(page: MappedPart<'_, PageBuffer, Direction>) -> Result {
    let (_first, mut second) = page.split(2048).map_err(|_| EINVAL)?;

    second.for_cpu_mut(..)?.fill(0);
    //~[mistake]^ E0277
    //~[mistake]| ERROR: the device may not read a
    Ok(())
}
