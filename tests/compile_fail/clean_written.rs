// SPDX-License-Identifier: GPL-2.0

// Memory that a device has written is not clean: the caches may hold what was there before.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping,
    ToDevice, //
};

#[cfg(mistake)]
type Direction = FromDevice;
#[cfg(not(mistake))]
type Direction = ToDevice;

fn send(dev: &DmaDevice) -> Result {
    let mapping = Mapping::<_, Direction>::new(dev, Buffer::zeroed(64)?)?;
    let clean = mapping.unmap_clean(); //~ E0599: method not found in `Mapping<'_, Buffer, FromDevice>`

    drop(clean.into_inner());
    Ok(())
}
