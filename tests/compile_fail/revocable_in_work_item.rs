// SPDX-License-Identifier: GPL-2.0

// A mapping that was taken cannot be moved into a work item, which may run after the device is
// unbound. The place that it was taken from can.

use kernel::{
    prelude::*,
    sync::Arc,
    workqueue, //
};

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    RevocableMapping, //
};

fn receive(dev: &DmaDevice, status: Arc<RevocableMapping<Buffer, FromDevice>>) -> Result {
    let mapping = status.take(dev).ok_or(EBUSY)?;
    //~[mistake]^ E0521
    //~[mistake]| ERROR: borrowed data escapes outside of function
    #[cfg(mistake)]
    let moved = mapping;
    #[cfg(not(mistake))]
    let moved = {
        drop(status.put(mapping));
        status
    };

    workqueue::system().try_spawn(GFP_KERNEL, move || drop(moved))?;
    Ok(())
}
