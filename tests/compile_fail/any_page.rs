// SPDX-License-Identifier: GPL-2.0

// An arbitrary page cannot be mapped: other code may share it, and its old contents are unknown.

use kernel::{
    page::Page,
    prelude::*, //
};

use crate::dma::{
    DmaDevice,
    FromDevice,
    Mapping,
    PageBuffer, //
};

fn receive(dev: &DmaDevice, page: Page) -> Result {
    #[cfg(not(mistake))]
    let page = PageBuffer::new(page)?;

    let _mapping = Mapping::<_, FromDevice>::new(dev, page)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: may not be mapped for DMA
    Ok(())
}
