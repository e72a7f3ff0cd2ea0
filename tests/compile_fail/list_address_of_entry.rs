// SPDX-License-Identifier: GPL-2.0

// A device is programmed with segments. Table entries, of which there may be more, have no bus
// address.

use kernel::prelude::*;

use crate::{
    dma::{
        DmaDevice,
        FromDevice, //
    },
    sg::{
        ListInFlight,
        Table, //
    }, //
};

fn receive<'a>(
    dev: &'a DmaDevice,
    memory: VVec<u8>,
) -> Result<ListInFlight<'a, VVec<u8>, FromDevice>> {
    let in_flight = Table::new(dev, memory, GFP_KERNEL)?
        .map::<FromDevice>()?
        .submit();

    #[cfg(mistake)]
    let mut told = in_flight.entries();
    //~[mistake]^ E0599
    //~[mistake]| ERROR: no method named `entries` found for struct `ListInFlight`
    #[cfg(not(mistake))]
    let mut told = in_flight.segments();

    let _address = told.next().ok_or(EINVAL)?.address().to_bus32(0)?;

    Ok(in_flight)
}
