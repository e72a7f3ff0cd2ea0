// SPDX-License-Identifier: GPL-2.0

// A mapping that failed has no bus address: the driver cannot ignore the error.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64)?);

    #[cfg(not(mistake))]
    let mapping = mapping?;

    let _in_flight = mapping.submit();
    //~[mistake]^ E0599
    //~[mistake]| ERROR: no method named `submit` found for enum
    Ok(())
}
