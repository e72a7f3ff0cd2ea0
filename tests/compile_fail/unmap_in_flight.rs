// SPDX-License-Identifier: GPL-2.0

// What the device may be using cannot be unmapped.

use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

use crate::dma::{
    Buffer,
    FromDevice,
    Mapping, //
};

fn receive(dev: &Device<Bound>) -> Result<Buffer> {
    let in_flight = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64)?)?.submit();

    #[cfg(not(mistake))]
    // SAFETY: The device was never told the address.
    let in_flight = unsafe { in_flight.complete() };

    Ok(in_flight.unmap()) //~ E0599: no method named `unmap` found for struct `InFlight`
}
