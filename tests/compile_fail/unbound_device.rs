// SPDX-License-Identifier: GPL-2.0

// Without the proof that a driver is bound to the device nothing can be mapped for it.

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

#[cfg(mistake)]
type Handle = Device;
#[cfg(not(mistake))]
type Handle = Device<Bound>;

fn receive(dev: &Handle) -> Result {
    Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64)?)?; //~ E0308: expected `&Device<Bound>`
    Ok(())
}
