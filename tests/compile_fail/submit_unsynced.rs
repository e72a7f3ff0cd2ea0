// SPDX-License-Identifier: GPL-2.0

// A mapping made without a sync (`DMA_ATTR_SKIP_CPU_SYNC`) cannot be submitted before a sync for
// the device.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    BusMaster,
    DmaDevice,
    Mapping,
    ToDevice, //
};

fn send(dev: &DmaDevice) -> Result {
    let mut mapping = Mapping::<_, ToDevice>::new_unsynced(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

    mapping.fill(0xff);
    #[cfg(not(mistake))]
    let mapping = mapping.sync_for_device(64).map_err(|_| EINVAL)?;

    let _in_flight = BusMaster::<u32>::new(dev)?.submit(mapping)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: cannot be submitted to a device
    Ok(())
}
