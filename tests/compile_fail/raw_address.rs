// SPDX-License-Identifier: GPL-2.0

// A transfer takes mappings, not numbers: a physical address may not be a bus address.

use kernel::{
    bindings,
    prelude::*, //
};

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

fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    physical: bindings::phys_addr_t,
    span: CopyRange,
) -> Result {
    let destination = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    #[cfg(mistake)]
    let source = physical;
    #[cfg(not(mistake))]
    let source = {
        let _ = physical;

        Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?
    };

    controller.copy(source, destination, span)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: `u64` cannot be submitted to a device
    Ok(())
}
