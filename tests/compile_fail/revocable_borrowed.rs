// SPDX-License-Identifier: GPL-2.0

// Memory that borrows cannot be in a mapping that may outlive the borrow.

use core::ptr::NonNull;

use kernel::prelude::*;

use crate::dma::{
    Buffer,
    DmaDevice,
    FromDevice,
    MapFailure,
    Mapping,
    Memory,
    RevocableMapping, //
};

struct Named<'a> {
    buffer: Buffer,
    _name: &'a str,
}

// SAFETY: `Buffer` meets all requirements, and the methods are those of the buffer.
unsafe impl Memory for Named<'_> {
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
type Kept<'a> = Named<'a>;
#[cfg(not(mistake))]
type Kept<'a> = Named<'static>;

fn keep<'a>(dev: &DmaDevice, memory: Kept<'a>) -> Result {
    let mapping = Mapping::<_, FromDevice>::new(dev, memory)?;
    //~[mistake]^ E0521
    //~[mistake]| ERROR: borrowed data escapes outside of function
    let _status = mapping.into_revocable(dev).map_err(|_| ENOMEM)?;

    Ok(())
}
