// SPDX-License-Identifier: GPL-2.0

//! A list of memory with other readers gives the CPU no bytes to change.

use kernel::prelude::*;

use crate::{
    dma::{
        DmaDevice,
        PageRef, //
    },
    sg::MappedSharedSgTable, //
};

fn send(dev: &DmaDevice, pages: KVec<PageRef>) -> Result {
    let list = MappedSharedSgTable::new(dev, pages, GFP_KERNEL);
    #[allow(unused_mut)]
    let mut list = list.map_err(|error| Error::from(error.failure))?;

    #[cfg(mistake)]
    list.for_cpu_mut(..)?;
    //~[mistake]^ E0599
    //~[mistake]| ERROR: no method named `for_cpu_mut` found

    drop(list.unmap());
    Ok(())
}
