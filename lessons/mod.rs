// SPDX-License-Identifier: GPL-2.0

//! Lessons: one small file for each subject, without `unsafe`.
//!
//! A lesson is the code that a driver would have, for one transfer or a few. Its header shows the
//! C that it replaces, what goes wrong there, what the type does about it, and a change to try. The
//! directory `demo` runs the lessons and reports their transfers.
//!
//! - [`single`]: buffers that the device only reads or only writes;
//! - [`bidirectional`]: buffers that it reads and writes;
//! - [`change`]: buffers that stay mapped while the CPU accesses a part of them;
//! - [`sync`]: a buffer whose first half the CPU reads while the device writes the second half;
//! - [`page`]: a part of a page;
//! - [`fragments`]: two frames in one page;
//! - [`shared`]: memory that two transfers and the CPU read at the same time;
//! - [`table`]: a part of a vector;
//! - [`deferred`]: a mapping in a work item;
//! - [`part`]: a long buffer that stays mapped, with a part used at a time;
//! - [`data`]: structs and vectors;
//! - [`fill`]: a buffer that the device fills;
//! - [`rows`]: a part of an image;
//! - [`pieces`]: many chunks of a buffer in one program;
//! - [`list`]: several buffers as one side of a transfer;
//! - [`split`]: a list from one buffer;
//! - [`pages`]: from pages to pages;
//! - [`segments`]: iteration over the entries of a table, and the segments that the device gets;
//! - [`zero_copy`]: a packet of a header and a payload in different memory;
//! - [`together`]: transfers at the same time;
//! - [`order`]: transfers in order, with callbacks;
//! - [`chain`]: transfers that callbacks submit;
//! - [`failure`]: transfers that fail, and the next ones in the same buffers.
//!
//! `pattern` has the test data, which a driver would not have.

pub(crate) mod bidirectional;
pub(crate) mod chain;
pub(crate) mod change;
pub(crate) mod data;
pub(crate) mod deferred;
pub(crate) mod failure;
pub(crate) mod fill;
pub(crate) mod fragments;
pub(crate) mod list;
pub(crate) mod order;
pub(crate) mod page;
pub(crate) mod pages;
pub(crate) mod part;
mod pattern;
pub(crate) mod pieces;
pub(crate) mod rows;
pub(crate) mod segments;
pub(crate) mod shared;
pub(crate) mod single;
pub(crate) mod split;
pub(crate) mod sync;
pub(crate) mod table;
pub(crate) mod together;
pub(crate) mod zero_copy;

use kernel::{
    alloc::AllocError,
    prelude::*, //
};

use crate::{
    dma::{
        MapError,
        MapFailure,
        SharedPage, //
    },
    pl330::{
        Failed,
        TransferError, //
    }, //
};
use pattern::Mismatch;

/// Number of bytes after the last copied one that must not change.
pub(crate) const MARGIN: usize = 64;

/// Error of a lesson.
pub(crate) enum Failure {
    /// The kernel returned an error: it has no memory, for example.
    Kernel(Error),
    /// The kernel could not map the memory, which came back.
    Mapping(MapFailure),
    /// The transfer failed; true if its buffers came back.
    Transfer(TransferError, bool),
    /// A byte is wrong.
    Data(Mismatch),
    /// A received message differs from the sent one.
    Message,
    /// The pattern is invalid.
    Pattern,
    /// A transfer ended out of order.
    Order {
        /// Number of transfers that ended before.
        place: usize,
        /// Number of transfers that were submitted before.
        number: usize,
    },
    /// An expected error did not occur.
    NoError,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Kernel(error)
    }
}

impl From<AllocError> for Failure {
    fn from(error: AllocError) -> Self {
        Self::Kernel(error.into())
    }
}

impl From<SharedPage> for Failure {
    fn from(shared: SharedPage) -> Self {
        Self::Kernel(shared.into())
    }
}

impl<M> From<MapError<M>> for Failure {
    fn from(error: MapError<M>) -> Self {
        Self::Mapping(error.failure)
    }
}

impl<M> From<Failed<M>> for Failure {
    fn from(failed: Failed<M>) -> Self {
        Self::Transfer(failed.error, failed.mappings.is_some())
    }
}

impl From<Mismatch> for Failure {
    fn from(mismatch: Mismatch) -> Self {
        Self::Data(mismatch)
    }
}
