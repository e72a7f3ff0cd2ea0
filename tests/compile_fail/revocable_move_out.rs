// SPDX-License-Identifier: GPL-2.0

// A mapping that may be unmapped at any time cannot be moved out of its place. To take it out, the
// driver shows that the device is bound.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    RevocableMapping, //
};

fn stop(dev: &DmaDevice, status: &RevocableMapping<Buffer, FromDevice>) -> Option<Buffer> {
    #[cfg(mistake)]
    return status.with(|mapping| mapping.unmap());
    //~[mistake]^ E0507
    //~[mistake]| ERROR: cannot move out of `*mapping` which is behind a mutable reference
    #[cfg(not(mistake))]
    status.take(dev).map(|mapping| mapping.unmap())
}
