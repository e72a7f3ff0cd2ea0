// SPDX-License-Identifier: GPL-2.0

// Whoever makes another kind of memory that can be mapped has to promise what a device asks of it.

use core::ptr::NonNull;

use crate::dma::{
    Buffer,
    Memory, //
};

struct Message {
    buffer: Buffer,
}

// SAFETY: As for `Buffer`, which this is.
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
}
