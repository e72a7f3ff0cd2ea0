// SPDX-License-Identifier: GPL-2.0

// Nobody can declare that a device reads what is mapped for writing only.

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
