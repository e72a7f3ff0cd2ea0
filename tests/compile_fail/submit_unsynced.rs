// SPDX-License-Identifier: GPL-2.0

// A mapping made without a sync (`DMA_ATTR_SKIP_CPU_SYNC`) cannot be submitted before a sync for
// the device.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    Mapping,
    ToDevice, //
};

fn send(dev: &DmaDevice) -> Result {
    let mut mapping = Mapping::<_, ToDevice>::new_for_cpu(dev, Buffer::zeroed(64)?)?;

    mapping.fill(0xff);
    #[cfg(not(mistake))]
    let mapping = mapping.hand_over(64).map_err(|_| EINVAL)?;

    let _in_flight = mapping.submit();
    //~[mistake]^ E0599
    //~[mistake]| ERROR: no method named `submit` found for struct `CpuOwned<
    Ok(())
}
