// SPDX-License-Identifier: GPL-2.0

// A list cannot be submitted before the CPU's writes are synced for the device, when the guard is
// dropped.

use kernel::prelude::*;

use crate::{
    dma::{
        BusMaster,
        DmaDevice,
        InFlight,
        ToDevice, //
    },
    sg::{
        MappedSgTable,
        SgTable, //
    }, //
};

type Sent<'a> = InFlight<MappedSgTable<'a, VVec<u8>, ToDevice>, u32>;

fn send(dev: &DmaDevice, memory: VVec<u8>) -> Result<Sent<'_>> {
    let mut list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<ToDevice>()?;
    let mut bytes = list.for_cpu_mut(..4)?;

    bytes.copy_from(b"ping")?;
    #[cfg(not(mistake))]
    drop(bytes);

    Ok(BusMaster::<u32>::new(dev)?.submit(list)?)
    //~[mistake]^ E0505
    //~[mistake]| ERROR: cannot move out of `list` because it is borrowed
}
