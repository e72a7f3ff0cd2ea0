// SPDX-License-Identifier: GPL-2.0

// A mapping that the device only reads cannot be filled.

use kernel::prelude::*;

use crate::{
    dma::{
        Buffer,
        DmaDevice,
        FromDevice,
        Mapping,
        ToDevice, //
    },
    pl330::{
        Controller,
        Pattern, //
    }, //
};

#[cfg(mistake)]
type Filled = ToDevice;
#[cfg(not(mistake))]
type Filled = FromDevice;

fn clear<'bound>(dev: &'bound DmaDevice, controller: &Controller<'bound>) -> Result {
    let mapping = Mapping::<_, Filled>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

    controller.memset(mapping, 0, 64, Pattern::ZERO)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: the device may not write
    Ok(())
}
