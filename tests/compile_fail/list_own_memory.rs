// SPDX-License-Identifier: GPL-2.0

// A new kind of memory for tables needs an `unsafe impl`, which promises what DMA requires.

use crate::{
    dma::{
        Buffer,
        Location,
        MapFailure, //
    },
    sg::{
        Contiguous,
        SgMemory, //
    }, //
};

struct Frame {
    buffer: Contiguous<Buffer>,
}

// SAFETY: The methods must meet the requirements of `SgMemory`: those of `Buffer` do, to which all
// forward.
#[cfg(not(mistake))]
unsafe impl SgMemory for Frame {
    fn len(&self) -> usize {
        self.buffer.len()
    }

    fn check(&self, device_may_write: bool) -> Result<(), MapFailure> {
        self.buffer.check(device_may_write)
    }

    fn pieces(&mut self) -> impl Iterator<Item = (Location, usize)> + '_ {
        self.buffer.pieces()
    }
}

#[cfg(mistake)]
impl SgMemory for Frame {
    //~[mistake]^ E0200
    //~[mistake]| ERROR: requires an `unsafe impl`
    fn len(&self) -> usize {
        self.buffer.len()
    }

    fn check(&self, device_may_write: bool) -> Result<(), MapFailure> {
        self.buffer.check(device_may_write)
    }

    fn pieces(&mut self) -> impl Iterator<Item = (Location, usize)> + '_ {
        self.buffer.pieces()
    }
}
