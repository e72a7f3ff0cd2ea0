// SPDX-License-Identifier: GPL-2.0

// A mapping that failed has no address to be used by mistake: there is nothing but the error.

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
