// SPDX-License-Identifier: GPL-2.0

// A read-only view of a list cannot be written: the writes would not be synced for the device.

use kernel::prelude::*;

use crate::{
    dma::{
        Bidirectional,
        DmaDevice, //
    },
    sg::SgTable, //
};

fn send(dev: &DmaDevice, memory: VVec<u8>) -> Result {
    let mut list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<Bidirectional>()?;

    #[cfg(mistake)]
    let mut bytes = list.for_cpu(..4)?;
    #[cfg(not(mistake))]
    let mut bytes = list.for_cpu_mut(..4)?;

    bytes.copy_from(b"ping")?;
    //~[mistake]^ E0599
    //~[mistake]| ERROR: no method named `copy_from` found for struct
    Ok(())
}
