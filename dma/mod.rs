// SPDX-License-Identifier: GPL-2.0

//! Streaming DMA mappings that own what they map.
//!
//! ```text
//! Buffer ──map──▶ Mapping<'dev, B, D> ──submit──▶ InFlight ──complete──▶ Mapping ──unmap──▶ Buffer
//! ```
//!
//! - A [`Buffer`] belongs to the CPU, which reads and writes it as a slice.
//! - A [`Mapping`] belongs to the device, which does not use it yet. The CPU has no way to the
//!   bytes. Dropping it unmaps and frees.
//! - An [`InFlight`](mapping::InFlight) is used by the device. It is the only source of the
//!   [`DmaAddress`](mapping::DmaAddress). Dropping it frees nothing, because the device may still be
//!   writing.
//! - What the device may do is a type: [`ToDevice`], [`FromDevice`] or [`Bidirectional`].
//! - `'dev` ties a mapping to the time during which the device is bound to its driver.
//!
//! # Examples
//!
//! ```ignore
//! let mut buffer = Buffer::zeroed(4096)?;
//! buffer.copy_from_slice(&message);
//!
//! let mapping = Mapping::<_, ToDevice>::new(dev, buffer)?;
//! let mapping = engine.send(mapping)?;   // owns it while the device reads, then gives it back
//!
//! let buffer = mapping.unmap();          // the CPU's again
//! ```
//!
//! C documentation: `Documentation/core-api/dma-api-howto.rst`, "Using Streaming DMA mappings".

mod buffer;
mod direction;
mod mapping;

pub(crate) use buffer::Buffer;
pub(crate) use direction::{
    Bidirectional,
    DeviceReads,
    DeviceWrites,
    Direction,
    FromDevice,
    ToDevice, //
};
pub(crate) use mapping::{
    MapError,
    Mapping,
    Memory, //
};
