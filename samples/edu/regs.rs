// SPDX-License-Identifier: GPL-2.0

//! Registers of the device.

use kernel::io::register;

/// Size of the used part of the register block in bytes.
pub(crate) const SIZE: usize = 0xa0;

register! {
    /// Identification and version.
    pub(crate) ID(u32) @ 0x00 {
        31:24   major;
        23:16   minor;
        /// Kind of device: [`KIND`].
        15:0    kind;
    }

    /// Source: a bus address, or an address in the device's buffer.
    pub(crate) SOURCE(u32) @ 0x80 {
        31:0    address;
    }

    /// Destination: a bus address, or an address in the device's buffer.
    pub(crate) DESTINATION(u32) @ 0x88 {
        31:0    address;
    }

    /// Number of bytes to copy.
    pub(crate) COUNT(u32) @ 0x90 {
        31:0    bytes;
    }

    /// Command. While one runs, the device ignores writes to these four registers.
    pub(crate) COMMAND(u32) @ 0x98 {
        /// True to copy from the buffer to memory, false to copy from memory to the buffer.
        1:1     to_memory => bool;
        /// Written as true to start; false when the command has ended.
        0:0     running => bool;
    }
}

/// Lower half of [`ID`](struct@ID) of an `edu` device.
pub(crate) const KIND: u32 = 0x00ed;
