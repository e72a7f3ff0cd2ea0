// SPDX-License-Identifier: GPL-2.0

// The destination of a transfer must be mapped for writing. Otherwise an IOMMU blocks the write.

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
type Destination = ToDevice;
#[cfg(not(mistake))]
type Destination = FromDevice;

fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    span: CopyRange,
) -> Result {
    let source = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    let destination = Mapping::<_, Destination>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

    controller.copy(source, destination, span)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: the device may not write
    Ok(())
}
