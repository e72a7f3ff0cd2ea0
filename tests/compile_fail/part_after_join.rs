// SPDX-License-Identifier: GPL-2.0

// A part does not exist after it was joined.

use kernel::prelude::*;

use crate::dma::{
    BusMaster,
    DmaDevice,
    FromDevice,
    MappedPart,
    PageBuffer, //
};

type Part<'a> = MappedPart<'a, PageBuffer, FromDevice>;

fn receive<'a>(dev: &'a DmaDevice, first: Part<'a>, second: Part<'a>) -> Result {
    let page = first.join(second).map_err(|_| EINVAL)?;

    #[cfg(not(mistake))]
    let Ok((_first, second)) = page.split(2048) else {
        return Err(EINVAL);
    };

    let _flight = BusMaster::<u32>::new(dev)?.submit(second)?;
    //~[mistake]^ E0382
    //~[mistake]| ERROR: use of moved value: `second`
    #[cfg(mistake)]
    drop(page);
    Ok(())
}
