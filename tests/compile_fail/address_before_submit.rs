// SPDX-License-Identifier: GPL-2.0

// A mapping has no bus address before it is submitted to the device.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    Mapping, //
};

fn receive(dev: &DmaDevice) -> Result<u32> {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64)?)?;

    #[cfg(not(mistake))]
    let mapping = mapping.submit();

    mapping.address().to_bus32(0)
    //~[mistake]^ E0599
    //~[mistake]| ERROR: no method named `address` found for struct `Mapping`
}
