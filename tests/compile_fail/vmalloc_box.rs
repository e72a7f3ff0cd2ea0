// SPDX-License-Identifier: GPL-2.0

// Nor can a single value in vmalloc memory, however short: whether it crosses a page is chance.

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
    let buffer = VBox::new([0u8; 64], GFP_KERNEL)?;
    #[cfg(not(mistake))]
    let buffer = Buffer::zeroed(64)?;

    Mapping::<_, ToDevice>::new(dev, buffer)?; //~ E0277: the trait `Memory` is not implemented
    Ok(())
}
