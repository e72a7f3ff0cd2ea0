// SPDX-License-Identifier: GPL-2.0

//! The PL330 as a provider of the kernel's DMA engine framework.
//!
//! The kernel's other drivers, and its test module `dmatest`, use the engine of [`pl330`] by this,
//! through the abstractions of [`dmaengine`].
//!
//! C driver: `drivers/dma/pl330.c`.
//!
//! [`pl330`]: crate::pl330
//! [`dmaengine`]: crate::dmaengine

mod memory;

pub(crate) use memory::MemoryDevice;
