// SPDX-License-Identifier: GPL-2.0

// A part cannot be submitted to the device while the CPU has access to it.

use kernel::prelude::*;

use crate::dma::{
    BusMaster,
    DmaDevice,
    FromDevice,
    InFlight,
    MappedPart,
    PageBuffer, //
};

type Part<'a> = MappedPart<'a, PageBuffer, FromDevice>;

fn receive<'a>(dev: &'a DmaDevice, mut part: Part<'a>) -> Result<(u8, InFlight<Part<'a>, u32>)> {
    let bytes = part.for_cpu(..)?;

    #[cfg(not(mistake))]
    let bytes = [bytes[0]];

    let in_flight = BusMaster::<u32>::new(dev)?.submit(part)?;
    //~[mistake]^ E0505
    //~[mistake]| ERROR: cannot move out of `part` because it is borrowed

    Ok((bytes[0], in_flight))
}
