// SPDX-License-Identifier: GPL-2.0

// A driver cannot implement the conversion of addresses, which could truncate them.

use kernel::{
    bindings,
    prelude::*, //
};

use crate::dma::{
    BusAddress,
    BusMaster,
    DmaDevice, //
};

#[cfg(mistake)]
#[derive(Clone, Copy)]
struct Address(u32);
#[cfg(not(mistake))]
type Address = u32;

#[cfg(mistake)]
impl BusAddress for Address {
    //~[mistake]^ E0277
    //~[mistake]| ERROR: cannot be made a type of bus addresses
    const MAX: u64 = u64::MAX;

    fn from_dma_addr(address: bindings::dma_addr_t) -> Self {
        Self(address as u32)
    }
}

fn probe(dev: &DmaDevice) -> Result {
    let _bus = BusMaster::<Address>::new(dev)?;
    Ok(())
}
