// SPDX-License-Identifier: GPL-2.0

// The CPU cannot access two parts of a list at once: a sync of one may write to the other.

use kernel::prelude::*;

use crate::{
    dma::{
        DmaDevice,
        FromDevice, //
    },
    sg::SgTable, //
};

fn receive(dev: &DmaDevice, memory: VVec<u8>) -> Result<bool> {
    let mut list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<FromDevice>()?;
    let first = list.for_cpu(..32)?;

    #[cfg(not(mistake))]
    let first = first.len();

    let second = list.for_cpu(32..)?;
    //~[mistake]^ E0499
    //~[mistake]| ERROR: cannot borrow `list` as mutable more than once

    #[cfg(mistake)]
    let first = first.len();

    Ok(first == second.len())
}
