// SPDX-License-Identifier: GPL-2.0

// A mapping cannot be replaced, and submitted, while its bytes are borrowed.

use core::mem;

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    BusMaster,
    FromDevice,
    InFlight,
    Mapping, //
};

type Frame<'a> = Mapping<'a, Buffer, FromDevice>;

fn receive<'a>(
    bus: &BusMaster<'a, u32>,
    slot: &mut Frame<'a>,
    spare: Frame<'a>,
) -> Result<(u8, InFlight<Frame<'a>, u32>)> {
    let bytes = slot.for_cpu(..)?;

    #[cfg(not(mistake))]
    let bytes = [bytes[0]];

    let in_flight = bus.submit(mem::replace(slot, spare))?;
    //~[mistake]^ E0499
    //~[mistake]| ERROR: cannot borrow `*slot` as mutable more than once

    Ok((bytes[0], in_flight))
}
