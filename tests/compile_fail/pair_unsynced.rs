// SPDX-License-Identifier: GPL-2.0

// A mapping that was not synced for the device cannot be submitted in a pair.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    BusMaster,
    DmaDevice,
    FromDevice,
    Mapping,
    Pair,
    ToDevice, //
};

fn copy(dev: &DmaDevice) -> Result {
    let source = Mapping::<_, ToDevice>::new_unsynced(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    let destination = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

    #[cfg(not(mistake))]
    let source = source.sync_for_device(64).map_err(|_| EINVAL)?;

    let pair = Pair {
        source,
        destination,
    };
    let _in_flight = BusMaster::<u32>::new(dev)?.submit(pair)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: `CpuOwned<'_, Buffer, direction::ToDevice>` cannot be submitted to a device
    Ok(())
}
