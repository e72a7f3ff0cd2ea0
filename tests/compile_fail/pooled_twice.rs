// SPDX-License-Identifier: GPL-2.0

// A mapping cannot go back to its pool twice: two callers would get it.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    FromDevice,
    MappingPool, //
};

fn receive(pool: &MappingPool<'_, Buffer, FromDevice>) -> Result {
    let mapping = pool.take().ok_or(ENOBUFS)?;

    drop(mapping);
    #[cfg(mistake)]
    drop(mapping);
    //~[mistake]^ E0382
    //~[mistake]| ERROR: use of moved value: `mapping`
    Ok(())
}
