// SPDX-License-Identifier: GPL-2.0

//! Directions of a mapping, as types.
//!
//! C type: `enum dma_data_direction`.

use kernel::dma::DataDirection;

mod sealed {
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be made a direction of a DMA mapping",
        note = "the directions are `ToDevice`, `FromDevice` and `Bidirectional`"
    )]
    pub(crate) trait Sealed {}

    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be made a direction in which the device reads"
    )]
    pub(crate) trait Reads {}

    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be made a direction in which the device writes"
    )]
    pub(crate) trait Writes {}
}

/// Direction of a mapping.
///
/// Sealed: there are the three types below. `DMA_NONE`, with which the kernel calls `BUG()`, has no
/// type.
///
/// # Examples
///
/// ```
/// # let request = Buffer::zeroed(64, GFP_KERNEL)?;
/// # let descriptors = Buffer::zeroed(4096, GFP_KERNEL)?;
/// let request = Mapping::<_, ToDevice>::new(dev, request)?;
/// let response = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(512, GFP_KERNEL)?)?;
/// let ring = Mapping::<_, Bidirectional>::new(dev, descriptors)?;
///
/// /// Engine that reads a mapping, and does not take `response`.
/// trait Sender {
///     fn send<M: Memory, D: DeviceReads>(&self, mapping: Mapping<'_, M, D>) -> Result;
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a direction of a DMA mapping",
    note = "the directions are `ToDevice`, `FromDevice` and `Bidirectional`"
)]
pub(crate) trait Direction: sealed::Sealed + Send + Sync + Unpin + 'static {
    /// Value of the kernel crate for the direction.
    const DATA_DIRECTION: DataDirection;

    /// True if the device may write the memory, so that the CPU needs syncs.
    const DEVICE_MAY_WRITE: bool;
}

/// [`Direction`] in which the device reads the memory, and the CPU may change it.
#[diagnostic::on_unimplemented(
    message = "the device may not read a `{Self}` mapping",
    note = "map memory that the device reads, or that the CPU changes while it is mapped, as \
            `ToDevice` or `Bidirectional`"
)]
pub(crate) trait DeviceReads: Direction + sealed::Reads {}

/// [`Direction`] in which the device writes the memory.
#[diagnostic::on_unimplemented(
    message = "the device may not write a `{Self}` mapping",
    note = "map memory that the device writes as `FromDevice` or `Bidirectional`"
)]
pub(crate) trait DeviceWrites: Direction + sealed::Writes {}

/// The device reads, as in a transmission. C value: `DMA_TO_DEVICE`.
pub(crate) enum ToDevice {}

/// The device writes, as in a reception. C value: `DMA_FROM_DEVICE`.
pub(crate) enum FromDevice {}

/// The device reads and writes. C value: `DMA_BIDIRECTIONAL`.
///
/// Costs the cache maintenance of both other directions: use it only if the device does both.
pub(crate) enum Bidirectional {}

impl sealed::Sealed for ToDevice {}
impl sealed::Sealed for FromDevice {}
impl sealed::Sealed for Bidirectional {}

impl sealed::Reads for ToDevice {}
impl sealed::Reads for Bidirectional {}

impl sealed::Writes for FromDevice {}
impl sealed::Writes for Bidirectional {}

impl Direction for ToDevice {
    const DATA_DIRECTION: DataDirection = DataDirection::ToDevice;
    const DEVICE_MAY_WRITE: bool = false;
}

impl Direction for FromDevice {
    const DATA_DIRECTION: DataDirection = DataDirection::FromDevice;
    const DEVICE_MAY_WRITE: bool = true;
}

impl Direction for Bidirectional {
    const DATA_DIRECTION: DataDirection = DataDirection::Bidirectional;
    const DEVICE_MAY_WRITE: bool = true;
}

impl DeviceReads for ToDevice {}
impl DeviceReads for Bidirectional {}

impl DeviceWrites for FromDevice {}
impl DeviceWrites for Bidirectional {}
