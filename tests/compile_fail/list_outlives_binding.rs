// SPDX-License-Identifier: GPL-2.0

// A list cannot outlive the binding of the device to its driver.

use kernel::prelude::*;

use crate::{
    dma::{
        DmaDevice,
        FromDevice, //
    },
    sg::{
        MappedSgTable,
        SgTable, //
    }, //
};

struct Ring<'bound> {
    slot: Option<MappedSgTable<'bound, VVec<u8>, FromDevice>>,
}

#[cfg(mistake)]
type Kept<'bound> = Ring<'static>;
#[cfg(not(mistake))]
type Kept<'bound> = Ring<'bound>;

fn refill<'bound>(dev: &'bound DmaDevice, ring: &mut Kept<'bound>, memory: VVec<u8>) -> Result {
    let table = SgTable::new(dev, memory, GFP_KERNEL)?;
    //~[mistake]^ E0521
    //~[mistake]| ERROR: borrowed data escapes outside of function

    ring.slot.replace(table.map()?);
    Ok(())
}
