// SPDX-License-Identifier: GPL-2.0

// A table cannot borrow its memory. Leaking the mapped list would end the borrow without an unmap.

use kernel::prelude::*;

use crate::{
    dma::{
        Buffer,
        DmaDevice, //
    },
    sg::SgTable, //
};

#[cfg(mistake)]
type Piece<'a> = &'a mut [u8];
#[cfg(not(mistake))]
type Piece<'a> = Buffer;

fn receive(dev: &DmaDevice, pieces: KVec<Piece<'_>>) -> Result {
    let _table = SgTable::new(dev, pieces, GFP_KERNEL)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: cannot be made a scatter-gather table
    Ok(())
}
