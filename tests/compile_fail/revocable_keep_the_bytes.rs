// SPDX-License-Identifier: GPL-2.0

// Bytes of a mapping that may be unmapped at any time cannot be kept.

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    FromDevice,
    RevocableMapping, //
};

fn read(status: &RevocableMapping<Buffer, FromDevice>) -> Result<u8> {
    let mut first = None;

    status.with(|mapping| {
        #[cfg(mistake)]
        let kept = mapping.for_cpu(..4).ok();
        #[cfg(not(mistake))]
        let kept = mapping.for_cpu(..4).ok().map(|bytes| [bytes[0]]);

        first = kept;
        //~[mistake]^ E0521
        //~[mistake]| ERROR: borrowed data escapes outside of closure
    });
    Ok(first.ok_or(ENODEV)?[0])
}
