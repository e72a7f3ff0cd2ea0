// SPDX-License-Identifier: GPL-2.0

// A list cannot be submitted to the device while the CPU has access to it.

use kernel::prelude::*;

use crate::{
    dma::{
        BusMaster,
        DmaDevice,
        FromDevice,
        InFlight, //
    },
    sg::{
        MappedSgTable,
        SgTable, //
    }, //
};

type Received<'a> = InFlight<MappedSgTable<'a, VVec<u8>, FromDevice>, u32>;

fn receive(dev: &DmaDevice, memory: VVec<u8>) -> Result<(usize, Received<'_>)> {
    let mut list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<FromDevice>()?;
    let bytes = list.for_cpu(..)?;

    #[cfg(not(mistake))]
    let bytes = bytes.iter().next();
    #[cfg(not(mistake))]
    let bytes = bytes.ok_or(EINVAL)?;
    #[cfg(not(mistake))]
    let bytes = [bytes.len(); 3];

    let in_flight = BusMaster::<u32>::new(dev)?.submit(list)?;
    //~[mistake]^ E0505
    //~[mistake]| ERROR: cannot move out of `list` because it is borrowed

    Ok((bytes.len(), in_flight))
}
