// SPDX-License-Identifier: GPL-2.0

// There is no fourth direction, so `DMA_NONE` never reaches the kernel, which calls `BUG()` on it.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    Direction,
    DmaDevice,
    Mapping,
    ToDevice, //
};

#[cfg(mistake)]
enum Nowhere {}
#[cfg(not(mistake))]
type Nowhere = ToDevice;

#[cfg(mistake)]
impl Direction for Nowhere {
    //~[mistake]^ E0277
    //~[mistake]| ERROR: `Nowhere` cannot be made a direction
    const DATA_DIRECTION: kernel::dma::DataDirection = kernel::dma::DataDirection::None;
    const DEVICE_MAY_WRITE: bool = true;
}

fn direction_of<D: Direction>(_: &Mapping<'_, Buffer, D>) -> kernel::dma::DataDirection {
    D::DATA_DIRECTION
}

fn map(dev: &DmaDevice) -> Result {
    direction_of(&Mapping::<_, Nowhere>::new(
        dev,
        Buffer::zeroed(64, GFP_KERNEL)?,
    )?);
    Ok(())
}
