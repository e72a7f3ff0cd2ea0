// SPDX-License-Identifier: GPL-2.0

// A mapping cannot go back to its pool twice: two callers would get it.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    FromDevice,
    MappingPool, //
};

fn receive(pool: &mut MappingPool<'_, Buffer, FromDevice>) -> Result {
    let mapping = pool.take().ok_or(ENOBUFS)?;

    pool.put(mapping);
    #[cfg(mistake)]
    pool.put(mapping);
    //~[mistake]^ E0382
    //~[mistake]| ERROR: use of moved value: `mapping`
    Ok(())
}
