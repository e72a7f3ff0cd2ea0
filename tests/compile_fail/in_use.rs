// SPDX-License-Identifier: GPL-2.0

// A transfer owns its mappings until it returns them.

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

fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    span: CopyRange,
) -> Result {
    let source = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    let destination = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    let done = controller.copy(source, destination, span)?;

    #[cfg(not(mistake))]
    let source = done.mappings.source;

    source.unmap();
    //~[mistake]^ E0382
    //~[mistake]| ERROR: use of moved value: `source`
    done.mappings.destination.unmap();
    Ok(())
}
