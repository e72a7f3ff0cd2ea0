// SPDX-License-Identifier: GPL-2.0

// A page from anywhere is not mapped as it is: who else has it, and what is in it?

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
