// SPDX-License-Identifier: GPL-2.0

// The CPU cannot access two parts of a mapping at once: a sync of one may write to the other.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result<bool> {
    let mut mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    let first = mapping.for_cpu(..32)?;

    #[cfg(not(mistake))]
    let first = first.first().copied();

    let second = mapping.for_cpu(32..)?;
    //~[mistake]^ E0499
    //~[mistake]| ERROR: cannot borrow `mapping` as mutable more than once

    #[cfg(mistake)]
    let first = first.first().copied();

    Ok(first == second.first().copied())
}
