// SPDX-License-Identifier: GPL-2.0

//! Scatter-gather: streaming DMA mappings of memory that is not contiguous.
//!
//! A device that takes several addresses in one request can use memory that is not contiguous. In
//! C, `include/linux/scatterlist.h` describes such memory by a table, and
//! `include/linux/dma-mapping.h` maps it; the driver must know which of two numbers of entries a
//! function wants, and which fields of an entry are for the CPU and which for the device. Here a
//! table owns its memory, and no function takes a number of entries.
//!
//! Not here: memory of processes (`pin_user_pages()`), dma-buf, peer-to-peer DMA.
//!
//! ```text
//! memory ──new──▶ SgTable ──map──▶ MappedSgTable ──submit──▶ InFlight ──complete──▶ MappedSgTable
//!    ▲              │ ▲              │  ▲  │                    └─ segments: addresses and lengths
//!    └─into_memory──┘ └────unmap─────┼──┼──┘
//!                                    ▼  │
//!                                  for_cpu, for_cpu_mut: bytes of any entries
//! ```
//!
//! - [`SgMemory`]: [`Contiguous`], several [`Memory`](crate::dma::Memory) in a
//!   [`KVec`](kernel::prelude::KVec), vmalloc memory in a [`VVec`](kernel::prelude::VVec), or pairs
//!   of these.
//! - A [`SgTable`] owns it, and has entries within the limits of the device; a [`SgTableBuilder`]
//!   makes them shorter.
//! - A [`MappedSgTable`] is owned by the device, as a [`Mapping`](crate::dma::Mapping) is. It may
//!   have fewer segments than entries.
//! - The device uses a list in flight as any mapping, see [`InFlight`](crate::dma::InFlight).
//!   [`window`] cuts its segments.
//!
//! # Examples
//!
//! ```
//! # let mut header = [0; 64];
//! let table = SgTable::new(dev, VVec::from_elem(0u8, 1 << 20, GFP_KERNEL)?, GFP_KERNEL)?;
//! let list = table.map::<FromDevice>()?;
//! let mut list = engine.receive(list)?;           // owns it while the device writes
//!
//! list.for_cpu(..64)?.copy_to(&mut header)?;      // syncs 64 bytes
//! let memory = list.unmap().into_memory();        // syncs all bytes
//! ```
//!
//! C documentation: `Documentation/core-api/dma-api-howto.rst`, "Using Streaming DMA mappings".

#![allow(dead_code, unused_imports, reason = "made for more than one driver")]

mod access;
mod list;
mod memory;
mod raw;
mod runs;
mod segments;
mod shared;
mod split;
mod table;

pub(crate) use self::{
    list::MappedSgTable,
    memory::{
        Contiguous,
        SgMemory, //
    },
    runs::skip_before,
    segments::window,
    shared::MappedSharedSgTable,
    table::{
        SgTable,
        SgTableBuilder, //
    },
};

pub(crate) use self::access::{
    SgSlice,
    SgSliceMut, //
};
