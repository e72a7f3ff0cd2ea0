// SPDX-License-Identifier: GPL-2.0

// A wrapper of memory must forward `check`, which finds memory that shares a cache line.

use core::ptr::NonNull;

use kernel::prelude::*;

use crate::dma::{
    MapFailure,
    Memory, //
};

struct Message {
    bytes: KVec<u8>,
}

// SAFETY: The methods must meet the requirements of `Memory`: those of `KVec` do, to which all
// forward.
unsafe impl Memory for Message {
    //~[mistake]^ E0046
    //~[mistake]| ERROR: missing: `check`
    fn as_ptr(&self) -> NonNull<u8> {
        Memory::as_ptr(&self.bytes)
    }

    fn as_mut_ptr(&mut self) -> NonNull<u8> {
        Memory::as_mut_ptr(&mut self.bytes)
    }

    fn len(&self) -> usize {
        Memory::len(&self.bytes)
    }

    #[cfg(not(mistake))]
    fn check(&self, device_may_write: bool) -> Result<(), MapFailure> {
        self.bytes.check(device_may_write)
    }
}
