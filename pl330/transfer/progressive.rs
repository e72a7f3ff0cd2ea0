// SPDX-License-Identifier: GPL-2.0

//! Copies that report progress.

use core::ops::Range;

use kernel::{
    alloc::Flags,
    prelude::*, //
};

use super::{
    super::engine::{
        Operation,
        TransferError, //
    },
    shape::{
        Addresses,
        CopyRange,
        CopyShape,
        Flight, //
    }, //
};
use crate::dma::MappedMemory;

/// Progress of a copy of one range.
pub(crate) struct Progress {
    /// Distance of two reports in bytes.
    pub(super) every: usize,
    /// Bytes of the destination that are written.
    pub(super) range: Range<usize>,
}

/// Range of bytes to copy, of which the CPU reads the first ones while the copy goes on.
///
/// Made by [`CopyRange::with_progress`].
#[derive(Clone, Copy)]
pub(crate) struct ProgressiveCopy {
    range: CopyRange,
    every: usize,
}

impl CopyRange {
    /// Returns the same copy, which reports progress each time that `every` bytes have reached
    /// memory.
    ///
    /// Each report is an interrupt, and a barrier and an event in the program. The bytes between
    /// two reports are bursts of their own, so `every` should be a multiple of a cache line, and
    /// some KiB at least. On a controller without an event for it, there are no reports before the
    /// end.
    ///
    /// # Examples
    ///
    /// ```
    /// # use crate::{dma::{Buffer, FromDevice, Mapping, ToDevice}, pl330::Controller};
    /// # fn copy<'bound>(
    /// #     controller: &Controller<'bound>,
    /// #     source: Mapping<'bound, Buffer, ToDevice>,
    /// #     destination: Mapping<'bound, Buffer, FromDevice>,
    /// #     range: CopyRange,
    /// # ) -> Result {
    /// # let half = range.len / 2;
    /// let mut transfer = controller
    ///     .prepare(source, destination, range.with_progress(half), GFP_KERNEL)?
    ///     .submit();
    ///
    /// transfer.wait_for(half);
    /// let first = transfer.for_cpu(range.dst_offset..range.dst_offset + half)?;
    /// # let _ = first;
    /// # Ok(())
    /// # }
    /// ```
    pub(crate) fn with_progress(self, every: usize) -> ProgressiveCopy {
        ProgressiveCopy { range: self, every }
    }
}

// SAFETY: The operation is that of the range, whose programs write it from its beginning to its
// end.
unsafe impl CopyShape for ProgressiveCopy {
    fn bytes(&self) -> usize {
        self.range.len
    }

    fn progress(&self) -> Option<Progress> {
        Some(Progress {
            every: self.every,
            range: self.range.dst_offset..self.range.dst_offset.saturating_add(self.range.len),
        })
    }

    fn operation(
        self,
        source: Flight<'_, impl MappedMemory>,
        destination: Flight<'_, impl MappedMemory>,
        flags: Flags,
    ) -> Result<(Operation, Addresses), TransferError> {
        if self.every == 0 {
            return Err(TransferError::OutOfRange);
        }
        self.range.operation(source, destination, flags)
    }
}
