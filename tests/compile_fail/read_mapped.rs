// SPDX-License-Identifier: GPL-2.0

// The CPU cannot read a mapping without a sync: its caches may have old data.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result<u8> {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

    #[cfg(not(mistake))]
    let mapping = mapping.unmap();

    Ok(mapping[0])
    //~[mistake]^ E0608
    //~[mistake]| ERROR: cannot index into a value of type `Mapping<
}
