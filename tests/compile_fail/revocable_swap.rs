// SPDX-License-Identifier: GPL-2.0

// A mapping that may be unmapped at any time cannot be exchanged for another one, and so be kept.

use core::mem;

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping,
    RevocableMapping, //
};

fn exchange(dev: &DmaDevice, status: &RevocableMapping<Buffer, FromDevice>) -> Result {
    let mut other = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    //~[mistake]^ E0521
    //~[mistake]| ERROR: borrowed data escapes outside of function

    #[cfg(mistake)]
    let result = status.with(|mapping| mem::swap(mapping, &mut other));
    //~[mistake]^ E0521
    //~[mistake]| ERROR: borrowed data escapes outside of closure
    #[cfg(not(mistake))]
    let result = status
        .take(dev)
        .map(|mut mapping| mem::swap(&mut mapping, &mut other));

    result.ok_or(ENODEV)
}
