// SPDX-License-Identifier: GPL-2.0

// A mapping cannot be submitted to the device while the CPU has access to it.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    BusMaster,
    DmaDevice,
    FromDevice,
    InFlight,
    Mapping, //
};

type Received<'a> = InFlight<Mapping<'a, Buffer, FromDevice>, u32>;

fn receive(dev: &DmaDevice) -> Result<(u8, Received<'_>)> {
    let mut mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    let bytes = mapping.for_cpu(..)?;

    #[cfg(not(mistake))]
    let bytes = [bytes[0]];

    let in_flight = BusMaster::<u32>::new(dev)?.submit(mapping)?;
    //~[mistake]^ E0505
    //~[mistake]| ERROR: cannot move out of `mapping` because it is borrowed

    Ok((bytes[0], in_flight))
}
