// SPDX-License-Identifier: GPL-2.0

// Slices of a list cannot be kept without the guard, which syncs their bytes.

use kernel::prelude::*;

use crate::{
    dma::{
        DmaDevice,
        ToDevice, //
    },
    sg::SgTable, //
};

fn send(dev: &DmaDevice, memory: VVec<u8>) -> Result {
    let mut list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<ToDevice>()?;

    #[cfg(mistake)]
    let mut slices = list.for_cpu_mut(..)?.iter_mut();
    //~[mistake]^ E0716
    //~[mistake]| ERROR: temporary value dropped while borrowed
    #[cfg(not(mistake))]
    let mut guard = list.for_cpu_mut(..)?;
    #[cfg(not(mistake))]
    let mut slices = guard.iter_mut();

    slices.next().ok_or(EINVAL)?.fill(1);
    Ok(())
}
