// SPDX-License-Identifier: GPL-2.0

// The segments of a mapping cannot be read before it is submitted, with a value made for it.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    BusMaster,
    DmaDevice,
    FromDevice,
    MappedMemory,
    Mapping,
    Submitted, //
};

fn receive(dev: &DmaDevice) -> Result<Option<u64>> {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

    #[cfg(mistake)]
    let mut segments = mapping.segments(&Submitted { _private: () });
    //~[mistake]^ E0451
    //~[mistake]| ERROR: is private
    #[cfg(not(mistake))]
    let in_flight = BusMaster::<u64>::new(dev)?.submit(mapping)?;
    #[cfg(not(mistake))]
    let mut segments = in_flight.segments();

    Ok(segments.next().map(|it| it.address()))
}
