// SPDX-License-Identifier: GPL-2.0

// A part does not exist after it was split: its bytes would have two owners.

use kernel::prelude::*;

use crate::dma::{
    FromDevice,
    MappedPart,
    PageBuffer, //
};

fn parse(page: MappedPart<'_, PageBuffer, FromDevice>) -> Result<u8> {
    let (first, _second) = page.split(2048).map_err(|_| EINVAL)?;
    #[cfg(mistake)]
    let mut first = page;
    //~[mistake]^ E0382
    //~[mistake]| ERROR: use of moved value: `page`
    #[cfg(not(mistake))]
    let mut first = first;

    Ok(first.for_cpu(..)?[0])
}
