// SPDX-License-Identifier: GPL-2.0

//! What a device may do with a mapping, as types.
//!
//! C type: `enum dma_data_direction`.

use kernel::dma::DataDirection;

mod sealed {
    pub(crate) trait Sealed {}
}

/// A data direction.
///
/// Sealed: the three below are all there are. `DMA_NONE`, on which the kernel ends in a `BUG()`,
/// cannot be said.
pub(crate) trait Direction: sealed::Sealed + Send + Sync + 'static {
    /// The kernel crate's value for it.
    const DATA_DIRECTION: DataDirection;
}

/// A [`Direction`] in which the device reads the memory.
#[diagnostic::on_unimplemented(
    message = "the device may not read a `{Self}` mapping",
    note = "map what the device reads as `ToDevice` or `Bidirectional`"
)]
pub(crate) trait DeviceReads: Direction {}

/// A [`Direction`] in which the device writes the memory.
#[diagnostic::on_unimplemented(
    message = "the device may not write a `{Self}` mapping",
    note = "map what the device writes as `FromDevice` or `Bidirectional`"
)]
pub(crate) trait DeviceWrites: Direction {}

/// The device reads, as in a transmission. C value: `DMA_TO_DEVICE`.
pub(crate) enum ToDevice {}

/// The device writes, as in a reception. C value: `DMA_FROM_DEVICE`.
pub(crate) enum FromDevice {}

/// The device reads and writes. C value: `DMA_BIDIRECTIONAL`.
///
/// Costs the cache work of both others; use it where the device does both.
pub(crate) enum Bidirectional {}

impl sealed::Sealed for ToDevice {}
impl sealed::Sealed for FromDevice {}
impl sealed::Sealed for Bidirectional {}

impl Direction for ToDevice {
    const DATA_DIRECTION: DataDirection = DataDirection::ToDevice;
}

impl Direction for FromDevice {
    const DATA_DIRECTION: DataDirection = DataDirection::FromDevice;
}

impl Direction for Bidirectional {
    const DATA_DIRECTION: DataDirection = DataDirection::Bidirectional;
}

impl DeviceReads for ToDevice {}
impl DeviceReads for Bidirectional {}

impl DeviceWrites for FromDevice {}
impl DeviceWrites for Bidirectional {}
