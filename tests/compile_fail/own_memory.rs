// SPDX-License-Identifier: GPL-2.0

// A new kind of memory for mappings needs an `unsafe impl`, which promises what DMA requires.

use core::ptr::NonNull;

use crate::dma::{
    Buffer,
    MapFailure,
    Memory, //
};

struct Message {
    buffer: Buffer,
}

// SAFETY: The methods must meet the requirements of `Memory`: those of `Buffer` do, to which all
// forward.
#[cfg(not(mistake))]
unsafe impl Memory for Message {
    fn as_ptr(&self) -> NonNull<u8> {
        self.buffer.as_ptr()
    }

    fn as_mut_ptr(&mut self) -> NonNull<u8> {
        self.buffer.as_mut_ptr()
    }

    fn len(&self) -> usize {
        Memory::len(&self.buffer)
    }

    fn check(&self, device_may_write: bool) -> Result<(), MapFailure> {
        self.buffer.check(device_may_write)
    }
}

#[cfg(mistake)]
impl Memory for Message {
    //~[mistake]^ E0200
    //~[mistake]| ERROR: requires an `unsafe impl`
    fn as_ptr(&self) -> NonNull<u8> {
        self.buffer.as_ptr()
    }

    fn as_mut_ptr(&mut self) -> NonNull<u8> {
        self.buffer.as_mut_ptr()
    }

    fn len(&self) -> usize {
        Memory::len(&self.buffer)
    }

    fn check(&self, device_may_write: bool) -> Result<(), MapFailure> {
        self.buffer.check(device_may_write)
    }
}
