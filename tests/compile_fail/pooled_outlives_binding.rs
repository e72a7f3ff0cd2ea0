// SPDX-License-Identifier: GPL-2.0

// A mapping of a pool cannot outlive the binding of the device to its driver.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    MappingPool,
    PooledMapping, //
};

struct Ring<'bound> {
    slot: Option<PooledMapping<'bound, Buffer, FromDevice>>,
}

#[cfg(mistake)]
type Kept<'bound> = Ring<'static>;
#[cfg(not(mistake))]
type Kept<'bound> = Ring<'bound>;

fn refill<'bound>(dev: &'bound DmaDevice, ring: &mut Kept<'bound>) -> Result {
    let buffer = || Buffer::zeroed(64, GFP_KERNEL);
    let mut pool = MappingPool::<_, FromDevice>::new(dev, 4, GFP_KERNEL, buffer)?;
    //~[mistake]^ E0521
    //~[mistake]| ERROR: borrowed data escapes outside of function

    ring.slot = pool.take();
    Ok(())
}
