// SPDX-License-Identifier: GPL-2.0

// A mapping cannot outlive the binding of the device to its driver.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping, //
};

struct Ring<'bound> {
    slot: Option<Mapping<'bound, Buffer, FromDevice>>,
}

#[cfg(mistake)]
type Kept<'bound> = Ring<'static>;
#[cfg(not(mistake))]
type Kept<'bound> = Ring<'bound>;

fn refill<'bound>(dev: &'bound DmaDevice, ring: &mut Kept<'bound>) -> Result {
    let buffer = Buffer::zeroed(64, GFP_KERNEL)?;
    let mapping = Mapping::<_, FromDevice>::new(dev, buffer)?;
    //~[mistake]^ E0521
    //~[mistake]| ERROR: borrowed data escapes outside of function

    ring.slot.replace(mapping);
    Ok(())
}
