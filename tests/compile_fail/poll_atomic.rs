// SPDX-License-Identifier: GPL-2.0

// Bytes of a mapping cannot be read as an atomic, to poll them without a sync.

use core::sync::atomic::{
    AtomicU32,
    Ordering, //
};

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result<u32> {
    let mut mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;

    #[cfg(mistake)]
    let status = mapping.for_cpu_as::<AtomicU32>(0)?.load(Ordering::Acquire);
    //~[mistake]^ E0277
    //~[mistake]| ERROR: the CPU cannot read bytes of a mapping as `AtomicU32`
    #[cfg(not(mistake))]
    let status = *mapping.for_cpu_as::<u32>(0)?;

    Ok(status)
}
