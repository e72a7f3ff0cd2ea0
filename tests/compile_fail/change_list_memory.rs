// SPDX-License-Identifier: GPL-2.0

// The pages of a table cannot be changed: the table owns them.

use kernel::prelude::*;

use crate::{
    dma::{
        DmaDevice,
        FromDevice,
        PageBuffer, //
    },
    sg::SgTable, //
};

fn receive(dev: &DmaDevice, mut pages: KVec<PageBuffer>) -> Result {
    #[cfg(mistake)]
    let page = pages.first_mut().ok_or(EINVAL)?;
    #[cfg(not(mistake))]
    let mut page = pages.pop().ok_or(EINVAL)?;

    let table = SgTable::new(dev, pages, GFP_KERNEL)?;
    //~[mistake]^ E0505
    //~[mistake]| ERROR: cannot move out of `pages` because it is borrowed
    let _list = table.map::<FromDevice>()?;

    page.set_range(0..16)?;
    Ok(())
}
