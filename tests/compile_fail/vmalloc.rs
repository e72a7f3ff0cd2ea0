// SPDX-License-Identifier: GPL-2.0

// vmalloc memory cannot be mapped in one piece: it is one for the CPU only.

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

fn send(dev: &Device<Bound>) -> Result {
    #[cfg(mistake)]
    let buffer = VVec::from_elem(0u8, 8192, GFP_KERNEL)?;
    #[cfg(not(mistake))]
    let buffer = Buffer::zeroed(8192)?;

    Mapping::<_, ToDevice>::new(dev, buffer)?; //~ E0277: the trait `Memory` is not implemented
    Ok(())
}
