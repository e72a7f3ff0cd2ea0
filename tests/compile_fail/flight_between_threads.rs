// SPDX-License-Identifier: GPL-2.0

// Two threads cannot share a mapping in flight, because its state is not atomic.

use kernel::{
    prelude::*,
    sync::Arc, //
};

use crate::dma::{
    Buffer,
    BusMaster,
    DmaDevice,
    FromDevice,
    InFlight,
    Mapping, //
};

type Received<'a> = InFlight<Mapping<'a, Buffer, FromDevice>, u32>;

/// Moves a value to the interrupt handler.
fn send(_: impl Send) {}

fn receive(dev: &DmaDevice) -> Result {
    let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    let in_flight: Received<'_> = BusMaster::<u32>::new(dev)?.submit(mapping)?;

    #[cfg(mistake)]
    let in_flight = Arc::new(in_flight, GFP_KERNEL)?;

    send(in_flight);
    //~[mistake]^ E0277
    //~[mistake]| ERROR: cannot be shared between threads safely
    Ok(())
}
