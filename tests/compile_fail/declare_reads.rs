// SPDX-License-Identifier: GPL-2.0

// Code outside `dma` cannot declare that a device reads a `DMA_FROM_DEVICE` mapping.

use kernel::prelude::*;

use crate::dma::{
    DeviceReads,
    Direction,
    FromDevice, //
};

#[cfg(mistake)]
impl DeviceReads for FromDevice {}
//~[mistake]^ E0277
//~[mistake]| ERROR: cannot be made a direction in which the device reads

fn direction_of<D: Direction>() -> kernel::dma::DataDirection {
    D::DATA_DIRECTION
}
