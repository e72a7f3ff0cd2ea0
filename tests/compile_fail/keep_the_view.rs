// SPDX-License-Identifier: GPL-2.0

// A reference into a mapping cannot outlive the mapping.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result<u8> {
    let mut mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    let bytes = mapping.for_cpu(..)?;

    #[cfg(not(mistake))]
    let bytes = [bytes[0]];

    drop(mapping);
    //~[mistake]^ E0505
    //~[mistake]| ERROR: cannot move out of `mapping` because it is borrowed
    Ok(bytes[0])
}
