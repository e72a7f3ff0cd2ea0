// SPDX-License-Identifier: GPL-2.0

// A mapping cannot borrow its memory: leaked, it would end the borrow without the unmapping, and
// the device go on writing.

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

fn receive(dev: &Device<Bound>) -> Result {
    #[cfg(mistake)]
    let mut buffer = Buffer::zeroed(64)?;
    #[cfg(mistake)]
    let buffer = &mut buffer;
    #[cfg(not(mistake))]
    let buffer = Buffer::zeroed(64)?;

    Mapping::<_, FromDevice>::new(dev, buffer)?; //~ E0277: the trait `Memory` is not implemented
    Ok(())
}
