// SPDX-License-Identifier: GPL-2.0

// A type that implements `Drop` cannot be mapped: a dropped mapping is freed without a sync, so
// `drop` would read old data.

use kernel::prelude::*;
use zerocopy_derive::Immutable;

use crate::dma::{
    DmaDevice,
    FromDevice,
    Mapping, //
};

#[derive(FromBytes, Immutable, IntoBytes)]
#[cfg_attr(not(mistake), derive(Clone, Copy))]
#[repr(C)]
struct Status(u32);

#[cfg(mistake)]
impl Drop for Status {
    fn drop(&mut self) {
        if self.0 != 0 {
            pr_info!("error not handled\n");
        }
    }
}

fn receive(dev: &DmaDevice, status: KBox<Status>) -> Result {
    let _mapping = Mapping::<_, FromDevice>::new(dev, status)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: `Status` is not plain data
    Ok(())
}
