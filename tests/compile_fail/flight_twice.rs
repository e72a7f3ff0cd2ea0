// SPDX-License-Identifier: GPL-2.0

// A mapping in flight cannot be submitted again, for two engines to use it at once.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    BusMaster,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    let bus = BusMaster::<u32>::new(dev)?;
    let in_flight = bus.submit(mapping)?;

    #[cfg(not(mistake))]
    let Ok(in_flight) = in_flight.cancel() else {
        return Err(EBUSY);
    };

    let _again = bus.submit(in_flight)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: cannot be submitted to a device
    Ok(())
}
