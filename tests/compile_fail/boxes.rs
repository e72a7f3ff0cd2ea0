// SPDX-License-Identifier: GPL-2.0

// A vector of boxes cannot be mapped: the device would get their addresses. It can be a table.

use kernel::prelude::*;

#[cfg(mistake)]
use crate::dma::Mapping;
use crate::dma::{
    DmaDevice,
    FromDevice, //
};
#[cfg(not(mistake))]
use crate::sg::SgTable;

fn receive(dev: &DmaDevice, boxes: KVec<KBox<[u8; 64]>>) -> Result {
    #[cfg(mistake)]
    let _mapping = Mapping::<_, FromDevice>::new(dev, boxes)?;
    //~[mistake]^ E0277
    //~[mistake]| ERROR: is not plain data
    #[cfg(not(mistake))]
    let _list = SgTable::new(dev, boxes, GFP_KERNEL)?.map::<FromDevice>()?;
    Ok(())
}
