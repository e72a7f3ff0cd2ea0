// SPDX-License-Identifier: GPL-2.0

// Memory with interior mutability cannot be mapped: other references may change it.

use kernel::prelude::*;

use crate::dma::{
    DmaDevice,
    FromDevice,
    Mapping, //
};

#[cfg(mistake)]
type Word = core::cell::Cell<u32>;
#[cfg(not(mistake))]
type Word = u32;

fn receive(dev: &DmaDevice, word: KBox<Word>) -> Result {
    let _mapping = Mapping::<_, FromDevice>::new(dev, word)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: `Cell<u32>` is not plain data
    Ok(())
}
