// SPDX-License-Identifier: GPL-2.0

// A mapping cannot be moved into a work item, which may run after the device is unbound. Move its
// memory, and map it again.

use kernel::{
    prelude::*,
    workqueue, //
};

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    //~[mistake]^ E0521
    //~[mistake]| ERROR: borrowed data escapes outside of function
    #[cfg(mistake)]
    let moved = mapping;
    #[cfg(not(mistake))]
    let moved = mapping.unmap();

    workqueue::system().try_spawn(GFP_KERNEL, move || drop(moved))?;
    Ok(())
}
