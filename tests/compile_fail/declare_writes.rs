// SPDX-License-Identifier: GPL-2.0

// Code outside `dma` cannot declare that a device writes a `DMA_TO_DEVICE` mapping.

use kernel::prelude::*;

use crate::dma::{
    DeviceWrites,
    Direction,
    ToDevice, //
};

#[cfg(mistake)]
impl DeviceWrites for ToDevice {}
//~[mistake]^ E0277
//~[mistake]| ERROR: cannot be made a direction in which the device writes

fn direction_of<D: Direction>() -> kernel::dma::DataDirection {
    D::DATA_DIRECTION
}
