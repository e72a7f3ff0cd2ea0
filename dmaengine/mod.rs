// SPDX-License-Identifier: GPL-2.0

//! Providers of the DMA engine framework.

#![allow(dead_code, unused_imports, reason = "made for more than one driver")]

mod channel;
mod config;
mod cookie;
mod descriptor;
mod device;
mod ffi;
mod issued;
mod memory;
mod of;
mod provider;
mod registration;
mod segments;
mod slave;
mod vchan;
mod wait;

#[cfg(kunit_fixture)]
mod tests;

pub(crate) use config::{
    BusWidths,
    ResidueGranularity,
    SlaveCaps,
    SlaveConfig,
    TransferDirection, //
};
pub(crate) use issued::{
    Issued,
    TxError,
    TxResult, //
};
pub(crate) use memory::{
    Memcpy,
    Memory,
    Memset, //
};
pub(crate) use provider::Provider;
pub(crate) use registration::Registration;
pub(crate) use segments::{
    Ring,
    Segment,
    Segments, //
};
pub(crate) use slave::Slave;
