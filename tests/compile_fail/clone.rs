// SPDX-License-Identifier: GPL-2.0

// A mapping cannot be cloned: memory has one owner, and is unmapped once.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

    #[cfg(mistake)]
    drop(mapping.clone());
    //~[mistake]^ E0599
    //~[mistake]| ERROR: no method named `clone` found for struct `Mapping
    drop(mapping);
    Ok(())
}
