// SPDX-License-Identifier: GPL-2.0

// A device with addresses of 16 bits is not a bus master: addresses would be truncated.

use kernel::prelude::*;

use crate::dma::{
    BusMaster,
    DmaDevice, //
};

#[cfg(mistake)]
type Address = u16;
#[cfg(not(mistake))]
type Address = u32;

fn probe(dev: &DmaDevice) -> Result {
    let _bus = BusMaster::<Address>::new(dev)?;
    //~[mistake]^ E0599
    //~[mistake]| ERROR: its trait bounds were not satisfied
    //~[mistake]| E0277
    //~[mistake]| ERROR: `u16` is not a type of bus addresses
    Ok(())
}
