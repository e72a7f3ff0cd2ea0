// SPDX-License-Identifier: GPL-2.0

// What is part of the module's image cannot be mapped: it is vmalloc memory, and read-only.

use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

use crate::dma::{
    Buffer,
    Mapping,
    ToDevice, //
};

static GREETING: [u8; 64] = *b"................................................................";

fn send(dev: &Device<Bound>) -> Result {
    #[cfg(mistake)]
    let buffer = &GREETING;
    #[cfg(not(mistake))]
    let buffer = {
        let mut buffer = Buffer::zeroed(GREETING.len())?;

        buffer.copy_from_slice(&GREETING);
        buffer
    };

    Mapping::<_, ToDevice>::new(dev, buffer)?; //~ E0277: the trait `Memory` is not implemented
    Ok(())
}
