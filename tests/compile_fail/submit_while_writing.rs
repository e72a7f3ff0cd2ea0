// SPDX-License-Identifier: GPL-2.0

// A mapping cannot be submitted before the CPU's writes are synced for the device, when the guard
// is dropped.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    BusMaster,
    DmaDevice,
    InFlight,
    Mapping,
    ToDevice, //
};

fn send(dev: &DmaDevice) -> Result<InFlight<Mapping<'_, Buffer, ToDevice>, u32>> {
    let mut mapping = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    let mut bytes = mapping.for_cpu_mut(..)?;

    bytes.fill(0xff);
    #[cfg(not(mistake))]
    drop(bytes);

    Ok(BusMaster::<u32>::new(dev)?.submit(mapping)?)
    //~[mistake]^ E0505
    //~[mistake]| ERROR: cannot move out of `mapping` because it is borrowed
}
