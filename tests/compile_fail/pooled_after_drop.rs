// SPDX-License-Identifier: GPL-2.0

// A mapping that went back to its pool cannot be used: the next caller has it.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    FromDevice,
    MappingPool, //
};

fn receive(pool: &mut MappingPool<'_, Buffer, FromDevice>) -> Result<u8> {
    let mapping = pool.take().ok_or(ENOBUFS)?;

    pool.put(mapping);
    #[cfg(not(mistake))]
    let mapping = pool.take().ok_or(ENOBUFS)?;
    let mut again = mapping;
    //~[mistake]^ E0382
    //~[mistake]| ERROR: use of moved value: `mapping`

    Ok(again.for_cpu(..)?[0])
}
