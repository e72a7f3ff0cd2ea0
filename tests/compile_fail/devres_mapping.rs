// SPDX-License-Identifier: GPL-2.0

// A mapping cannot be moved to `Devres`, which may keep it after unbind. Keep it in the driver's
// data.

use kernel::{
    devres::Devres,
    prelude::*, //
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
    let kept = mapping;
    #[cfg(not(mistake))]
    let kept = mapping.unmap();

    let _devres = Devres::new(dev.as_device(), kept)?;
    Ok(())
}
