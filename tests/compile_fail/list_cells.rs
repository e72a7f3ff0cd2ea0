// SPDX-License-Identifier: GPL-2.0

// A table cannot have elements with interior mutability: other references may change them.

use kernel::prelude::*;

use crate::{
    dma::DmaDevice,
    sg::SgTable, //
};

#[cfg(mistake)]
type Word = core::cell::Cell<u32>;
#[cfg(not(mistake))]
type Word = u32;

fn receive(dev: &DmaDevice, words: VVec<Word>) -> Result {
    let _table = SgTable::new(dev, words, GFP_KERNEL)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: `Cell<u32>` is not plain data
    Ok(())
}
