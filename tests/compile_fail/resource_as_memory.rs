// SPDX-License-Identifier: GPL-2.0

// Registers of another device cannot be copied as memory is: each access has an effect.

use kernel::prelude::*;

use crate::{
    dma::{
        Buffer,
        DmaDevice,
        FromDevice,
        Mapping,
        ResourceMapping,
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
    registers: ResourceMapping<'bound, ToDevice>,
    range: CopyRange,
) -> Result {
    #[cfg(mistake)]
    let source = registers;
    #[cfg(not(mistake))]
    drop(registers);
    #[cfg(not(mistake))]
    let source = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    let destination = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

    controller.copy(source, destination, range)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: cannot be submitted to a device
    Ok(())
}
