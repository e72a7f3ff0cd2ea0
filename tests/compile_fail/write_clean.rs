// SPDX-License-Identifier: GPL-2.0

// Memory that is mapped without a sync cannot have been changed: it can only be read.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    Clean,
    DmaDevice,
    Mapping,
    ToDevice, //
};

fn send_again(dev: &DmaDevice, clean: Clean<Buffer>) -> Result {
    #[cfg(mistake)]
    let mut buffer = clean;
    #[cfg(not(mistake))]
    let mut buffer = clean.into_inner();

    buffer[0] = 1; //~ E0596: cannot borrow data in dereference of `Clean<Buffer>` as mutable

    #[cfg(mistake)]
    let mapping = Mapping::new_clean(dev, buffer)?;
    #[cfg(not(mistake))]
    let mapping = Mapping::<_, ToDevice>::new(dev, buffer)?;

    drop(mapping);
    Ok(())
}
