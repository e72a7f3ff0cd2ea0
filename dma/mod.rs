// SPDX-License-Identifier: GPL-2.0

//! Streaming DMA mappings of one piece of memory.
//!
//! A driver maps memory for a device, passes the address to it, syncs the memory when it changes
//! hands, and unmaps it. In C, `include/linux/dma-mapping.h` has functions for these steps, and the
//! driver must pass the right address, length and direction to each, in the right order. Mistakes
//! corrupt memory silently. Here a mapping is a value that owns the memory and knows the rest, and
//! most mistakes do not compile.
//!
//! Not here: coherent memory, which the kernel crate has (`kernel::dma::Coherent`); memory that
//! processes use; peer-to-peer DMA; highmem. Lists are in `sg`.
//!
//! Other modules can take this directory, with `sg`: see `dma.mk`.
//!
//! ```text
//! Buffer ──new──▶ Mapping<'dev, M, D> ──submit──▶ InFlight ──complete──▶ Mapping ──unmap──▶ Buffer
//!                     │  ▲
//!                     ▼  │
//!                   for_cpu, for_cpu_mut: the CPU reads or changes a part of it
//! ```
//!
//! - [`DmaDevice`]: a device whose mask is set. Made in probe; all mappings are for one.
//! - [`Buffer`], [`PageBuffer`], [`KBox`](kernel::prelude::KBox) and
//!   [`KVec`](kernel::prelude::KVec) are [`Memory`]: they belong to the CPU.
//! - A [`Mapping`] belongs to the device, which does not use it yet. The CPU reads the bytes by
//!   [`for_cpu`](Mapping::for_cpu) and [`for_cpu_as`](Mapping::for_cpu_as), and writes them by
//!   [`for_cpu_mut`](Mapping::for_cpu_mut) and [`for_cpu_as_mut`](Mapping::for_cpu_as_mut), which
//!   sync them. Dropping it unmaps and frees.
//! - An [`InFlight`] is used by the device, a [`BusMaster`]. Only it has addresses to program the
//!   device with, as [`Segment`]s. Dropped after an address was read, it frees nothing: the device
//!   may still write.
//! - What the device may do is a type: [`ToDevice`], [`FromDevice`] or [`Bidirectional`].
//! - `'dev` ties a mapping to the time during which the device is bound to its driver.
//! - A [`CpuOwned`] mapping is made without a sync; a [`SyncedPart`] of it is for the device.
//! - A [`MemoryRange`] maps a part of its memory. [`MappedPart`]s of a mapping are in flight
//!   separately.
//! - A [`SharedMapping`] is of memory with other readers, which the device reads.
//! - A [`MappingPool`] keeps mappings for the next use. A [`RevocableMapping`] may outlive the
//!   binding, and is unmapped at its end.
//! - A [`ResourceMapping`] is of registers of another device.
//! - A failure returns the memory: [`MapError`].
//!
//! A driver's code needs one `unsafe`: [`DmaDevice::new`], as setting a mask is upstream. Its
//! engine needs [`InFlight::complete`], by which it states that the device has stopped, or
//! [`InFlight::for_cpu`], by which it states that the device has written some bytes. References to
//! what the types do not own are `unsafe` to make: [`PageRef::new`], [`ResourceMapping::new`].
//! Programming the device is not: the types know neither its registers nor what it does, so an
//! engine must be reviewed for lengths, directions and numbers that it keeps.
//!
//! # Examples
//!
//! ```
//! # use kernel::{device::Core, dma::DmaMask, platform};
//! # fn send(pdev: &platform::Device<Core<'_>>, engine: &impl Engine, message: &[u8]) -> Result {
//! # let limits = Limits::new(DmaMask::new::<32>());
//! // SAFETY: Only this call of the driver sets limits. In probe no other code uses the
//! // device, so nothing is mapped or allocated for it meanwhile.
//! let dev = unsafe { DmaDevice::new(pdev, limits)? };
//! let mut buffer = Buffer::zeroed(4096, GFP_KERNEL)?;
//!
//! buffer[..message.len()].copy_from_slice(message);
//!
//! let mapping = Mapping::<_, ToDevice>::new(dev, buffer)?;
//! let mut mapping = engine.send(mapping)?;    // owns it while the device reads, then returns it
//!
//! mapping.for_cpu_mut(..4)?.copy_from_slice(b"ping");
//! let mapping = engine.send(mapping)?;
//!
//! let buffer = mapping.unmap();               // the CPU owns it again
//! # Ok(())
//! # }
//! ```
//!
//! C documentation: `Documentation/core-api/dma-api-howto.rst`, "Using Streaming DMA mappings".

#![allow(dead_code, unused_imports, reason = "made for more than one driver")]

mod access;
mod buffer;
mod device;
mod direction;
mod error;
mod ffi;
mod gfp;
mod guard;
mod in_flight;
mod mapping;
mod memory;
mod owned;
mod page;
mod part;
mod plain;
mod pool;
mod range;
mod raw;
mod recycle;
mod resource;
mod revocable;
mod segment;
mod shared;
mod view;

pub(crate) use buffer::Buffer;
pub(crate) use device::{
    DmaDevice,
    Limits, //
};
pub(crate) use direction::{
    Bidirectional,
    DeviceReads,
    DeviceWrites,
    Direction,
    FromDevice,
    ToDevice, //
};
pub(crate) use error::{
    MapError,
    MapFailure, //
};
pub(crate) use ffi::{
    as_raw,
    c, //
};
pub(crate) use gfp::as_gfp;
pub(crate) use guard::CpuMut;
pub(crate) use in_flight::{
    BusMaster,
    InFlight,
    InFlightRef,
    Mapped,
    MappedMemory,
    Pair,
    ReadInFlight,
    Submitted,
    WrongDevice, //
};
pub(crate) use mapping::Mapping;
pub(crate) use memory::{
    Location,
    Memory, //
};
pub(crate) use owned::{
    CpuOwned,
    SyncedPart, //
};
pub(crate) use page::{
    PageBuffer,
    SharedPage, //
};
pub(crate) use part::MappedPart;
pub(crate) use plain::PlainData;
pub(crate) use pool::{
    CoherentBlock,
    CoherentPool, //
};
pub(crate) use range::MemoryRange;
pub(crate) use raw::{
    sync_for_cpu,
    sync_for_device, //
};
pub(crate) use recycle::{
    MappingPool,
    PooledMapping, //
};
pub(crate) use resource::ResourceMapping;
pub(crate) use revocable::RevocableMapping;
pub(crate) use segment::{
    BusAddress,
    RawSegment,
    Segment, //
};
pub(crate) use shared::{
    PageRef,
    SharedMapping,
    SharedMemory, //
};
pub(crate) use view::resolve;
