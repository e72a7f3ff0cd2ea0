// SPDX-License-Identifier: GPL-2.0

// The CPU cannot read a part that the device owns.

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

fn receive<'a>(dev: &'a DmaDevice, page: Part<'a>) -> Result<u8> {
    let (first, _second) = page.split(2048).map_err(|_| EINVAL)?;
    let first = BusMaster::<u32>::new(dev)?.submit(first)?;
    #[cfg(not(mistake))]
    // SAFETY: The device must have stopped: it was never programmed with the address.
    let first = unsafe { first.complete() };
    let mut first = first;

    Ok(first.for_cpu(..)?[0])
    //~[mistake]^ E0133
    //~[mistake]| ERROR: call to unsafe function `InFlight::<T, A>::for_cpu`
}
