// SPDX-License-Identifier: GPL-2.0

// A device is programmed with segments. SgTable entries, of which there may be more, have no bus
// address.

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

fn receive<'a>(
    dev: &'a DmaDevice,
    memory: VVec<u8>,
) -> Result<InFlight<MappedSgTable<'a, VVec<u8>, FromDevice>, u32>> {
    let list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<FromDevice>()?;
    let in_flight = BusMaster::<u32>::new(dev)?.submit(list)?;

    #[cfg(mistake)]
    let mut addresses = in_flight.orig_nents();
    //~[mistake]^ E0599
    //~[mistake]| ERROR: no method named `orig_nents` found for struct `InFlight
    #[cfg(not(mistake))]
    let mut addresses = in_flight.segments();

    let _address = addresses.next().ok_or(EINVAL)?.address();

    drop(addresses);
    Ok(in_flight)
}
