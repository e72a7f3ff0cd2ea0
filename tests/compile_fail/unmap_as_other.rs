// SPDX-License-Identifier: GPL-2.0

// A mapping cannot be unmapped in another direction.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping,
    ToDevice, //
};

#[cfg(mistake)]
type Direction = ToDevice;
#[cfg(not(mistake))]
type Direction = FromDevice;

fn receive(dev: &DmaDevice) -> Result<Buffer> {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

    Ok(Mapping::<_, Direction>::unmap(mapping))
    //~[mistake]^ E0308
    //~[mistake]| ERROR: mismatched types
    //~[mistake]| NOTE: expected struct `Mapping<'_, _, direction::ToDevice>`
}
