// SPDX-License-Identifier: GPL-2.0

// Code for any direction cannot change the bytes of a mapping.

use kernel::prelude::*;

#[cfg(not(mistake))]
use crate::dma::DeviceReads as Any;
#[cfg(mistake)]
use crate::dma::Direction as Any;
use crate::dma::{
    Mapping,
    Memory, //
};

fn clear<M: Memory, D: Any>(mapping: &mut Mapping<'_, M, D>) -> Result {
    mapping.for_cpu_mut(..)?.fill(0);
    //~[mistake]^ E0277
    //~[mistake]| ERROR: the device may not read a `D` mapping
    Ok(())
}
