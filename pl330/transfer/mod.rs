// SPDX-License-Identifier: GPL-2.0

//! Transfers: mappings go in, programs run over them, and the mappings come back.
//!
//! ```text
//!   mappings ──prepare──▶ Descriptor ──submit──▶ Transfer ──wait──▶ mappings
//!                            │                     └──drop──▶ (terminated, unmapped)
//!                            └──with_callback──▶ CallbackDescriptor ──submit──▶ Ticket
//!                                                    └──▶ callback(mappings)
//! ```
//!
//! The shape of a copy says which bytes go where: a [`CopyRange`], [`Copy2d`], or a vector of
//! ranges. Mappings may be single ones or mapped tables, in any number of segments.

mod bus;
mod copy;
mod descriptor;
mod in_progress;
mod limit;
mod parcel;
mod progressive;
mod queue;
mod shape;

pub(crate) use bus::{
    BusQueue,
    BusTransfer,
    BusTransferEnd, //
};
pub(crate) use copy::Transfers;
pub(crate) use descriptor::{
    Descriptor,
    PrepareResult, //
};
pub(crate) use in_progress::Transfer;
pub(crate) use parcel::{
    Completed,
    Failed,
    TransferResult,
    TransferStats, //
};
pub(crate) use queue::Queue;
pub(crate) use shape::{
    Copy2d,
    CopyRange,
    CopyShape, //
};
