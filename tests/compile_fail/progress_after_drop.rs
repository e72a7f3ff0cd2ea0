// SPDX-License-Identifier: GPL-2.0

// Bytes of a transfer that goes on cannot be kept after it was terminated: its memory is freed.

use kernel::prelude::*;

use crate::{
    dma::{
        Buffer,
        FromDevice,
        Mapping,
        Pair,
        ToDevice, //
    },
    pl330::Transfer, //
};

type Copied<'a> = Pair<Mapping<'a, Buffer, ToDevice>, Mapping<'a, Buffer, FromDevice>>;

fn receive<'a>(mut transfer: Transfer<'_, 'a, Copied<'a>>) -> Result<u8> {
    let bytes = transfer.for_cpu(..64)?;

    #[cfg(not(mistake))]
    let bytes = [bytes[0]];

    drop(transfer);
    //~[mistake]^ E0505
    //~[mistake]| ERROR: cannot move out of `transfer` because it is borrowed
    Ok(bytes[0])
}
