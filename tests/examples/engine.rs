// SPDX-License-Identifier: GPL-2.0

//! Engine of the examples in doc comments, each of which has a parameter `engine`.
//!
//! An engine is the code of a driver that programs its device with bus addresses, like `Edu` in
//! `samples/edu/device.rs`. On failure, the mapping is unmapped, and its memory is freed.

use kernel::prelude::*;

use crate::dma::{
    DeviceReads,
    DeviceWrites,
    MappedMemory, //
};

/// Engine that returns a mapping when the device has stopped using it.
pub(crate) trait Engine {
    /// Waits until the device has read `mapped`.
    fn send<T>(&self, mapped: T) -> Result<T>
    where
        T: MappedMemory<Direction: DeviceReads>;

    /// Waits until the device has written `mapped`.
    fn receive<T>(&self, mapped: T) -> Result<T>
    where
        T: MappedMemory<Direction: DeviceWrites>;
}
