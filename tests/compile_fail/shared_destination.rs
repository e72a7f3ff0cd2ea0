// SPDX-License-Identifier: GPL-2.0

// The device cannot write memory that others read.

use kernel::{
    prelude::*,
    sync::Arc, //
};

use crate::{
    dma::{
        Buffer,
        DmaDevice,
        FromDevice,
        Mapping,
        SharedMapping,
        ToDevice, //
    },
    pl330::{
        Controller,
        CopyRange, //
    }, //
};

fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
) -> Result {
    let source = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    let destination = Buffer::zeroed(64, GFP_KERNEL)?;
    #[cfg(mistake)]
    let destination = SharedMapping::new(dev, Arc::new(destination, GFP_KERNEL)?)?;
    #[cfg(not(mistake))]
    let destination = Mapping::<_, FromDevice>::new(dev, destination)?;

    controller.copy(source, destination, range)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: the device may not write
    Ok(())
}
