// SPDX-License-Identifier: GPL-2.0

// The source of a transfer must be mapped for reading. Otherwise the CPU's caches are not written
// back before the device reads.

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
        CopyRange, //
    }, //
};

#[cfg(mistake)]
type Source = FromDevice;
#[cfg(not(mistake))]
type Source = ToDevice;

fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    span: CopyRange,
) -> Result {
    let source = Mapping::<_, Source>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    let destination = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

    controller.copy(source, destination, span)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: the device may not read
    Ok(())
}
