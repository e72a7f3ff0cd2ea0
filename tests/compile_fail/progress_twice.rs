// SPDX-License-Identifier: GPL-2.0

// The bytes of a transfer that goes on are borrowed once: the sync of a range could write to a
// reference into another one.

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

fn receive<'a>(transfer: &mut Transfer<'_, 'a, Copied<'a>>) -> Result<u8> {
    let first = transfer.for_cpu(..64)?;

    #[cfg(not(mistake))]
    let first = [first[0]];

    let second = transfer.for_cpu(32..96)?;
    //~[mistake]^ E0499
    //~[mistake]| ERROR: cannot borrow `*transfer` as mutable more than once at a time
    Ok(first[0] ^ second[0])
}
