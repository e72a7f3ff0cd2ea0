// SPDX-License-Identifier: GPL-2.0

// Segments cannot be kept after `cancel`: the memory may be freed.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    BusMaster,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result<(Option<u32>, Buffer)> {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    let in_flight = BusMaster::<u32>::new(dev)?.submit(mapping)?;

    #[cfg(mistake)]
    let reference = in_flight.as_ref();

    let Ok(mapping) = in_flight.cancel() else {
        //~[mistake]^ E0505
        //~[mistake]| ERROR: cannot move out of `in_flight` because it is borrowed
        return Err(EBUSY);
    };

    #[cfg(mistake)]
    let address = reference.segments().next().map(|it| it.address());
    #[cfg(not(mistake))]
    let address = None;

    Ok((address, mapping.unmap()))
}
