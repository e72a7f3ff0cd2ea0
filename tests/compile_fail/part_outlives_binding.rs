// SPDX-License-Identifier: GPL-2.0

// A part cannot outlive the binding of the device to its driver.

use kernel::prelude::*;

use crate::dma::{
    DmaDevice,
    FromDevice,
    MappedPart,
    Mapping,
    PageBuffer, //
};

struct Ring<'bound> {
    slot: Option<MappedPart<'bound, PageBuffer, FromDevice>>,
}

#[cfg(mistake)]
type Kept<'bound> = Ring<'static>;
#[cfg(not(mistake))]
type Kept<'bound> = Ring<'bound>;

fn refill<'bound>(dev: &'bound DmaDevice, ring: &mut Kept<'bound>) -> Result {
    let mapping = Mapping::<_, FromDevice>::new(dev, PageBuffer::zeroed(GFP_KERNEL)?)?;
    //~[mistake]^ E0521
    //~[mistake]| ERROR: borrowed data escapes outside of function
    let page = mapping.into_part(GFP_KERNEL).map_err(|_| ENOMEM)?;
    let (first, _second) = page.split(2048).map_err(|_| EINVAL)?;

    ring.slot.replace(first);
    Ok(())
}
