// SPDX-License-Identifier: GPL-2.0

// The CPU cannot sync a mapping that the device owns. An engine can, which states by `unsafe` that
// the device does not write these bytes.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    BusMaster,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result<u8> {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    let in_flight = BusMaster::<u32>::new(dev)?.submit(mapping)?;

    #[cfg(mistake)]
    let mut mapping = in_flight;
    #[cfg(not(mistake))]
    // SAFETY: The device must have stopped: it was never programmed with the address.
    let mut mapping = unsafe { in_flight.complete() };

    Ok(mapping.for_cpu(..)?[0])
    //~[mistake]^ E0133
    //~[mistake]| ERROR: call to unsafe function `InFlight::<T, A>::for_cpu`
}
