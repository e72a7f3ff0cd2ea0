// SPDX-License-Identifier: GPL-2.0

//! Accesses of the CPU to bytes of a mapped list, in any entries.
//!
//! Syncs the requested bytes only, where `dma_sync_sg_for_cpu()` syncs the whole list.

use core::{
    ops::{
        Range,
        RangeBounds, //
    },
    slice, //
};

use kernel::prelude::*;

use super::{
    list::RawList,
    raw::Entries,
    runs::Window,
    MappedSgTable,
    SgMemory, //
};
use crate::dma::{
    resolve,
    DeviceReads,
    Direction,
    ReadInFlight, //
};

impl<'dev, M: SgMemory, D: Direction> MappedSgTable<'dev, M, D> {
    /// Syncs the bytes of `range` for the CPU, and returns them.
    ///
    /// This takes time in proportion to the number of entries up to the end of the range. It syncs
    /// parts of a list as those of single mappings, as both are made of the same by the kernel's
    /// direct and IOMMU mappings.
    ///
    /// C function: `dma_sync_single_for_cpu()`, for each part of the range that is contiguous,
    /// unless the direction is [`ToDevice`](crate::dma::ToDevice).
    ///
    /// # Errors
    ///
    /// `EINVAL` if `range` is not inside the memory.
    ///
    /// # Examples
    ///
    /// ```
    /// # let memory = VVec::from_elem(0u8, 8192, GFP_KERNEL)?;
    /// # let mut list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<FromDevice>()?;
    /// let mut header = [0; 64];
    ///
    /// list.for_cpu(..64)?.copy_to(&mut header)?;
    /// ```
    pub(crate) fn for_cpu(
        &mut self,
        range: impl RangeBounds<usize>,
    ) -> Result<SgSlice<'_, 'dev, D>> {
        let range = self.resolve_and_sync(range)?;

        // INVARIANT: Synced above, and the list is borrowed mutably.
        Ok(SgSlice {
            raw: &self.raw,
            range,
        })
    }

    /// Syncs the bytes of `range` for the CPU, and returns them to be changed. Dropping the result
    /// syncs them for the device.
    ///
    /// C functions: `dma_sync_single_for_cpu()` where the direction is
    /// [`Bidirectional`](crate::dma::Bidirectional), then `dma_sync_single_for_device()`, for each
    /// part of the range that is contiguous.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `range` is not inside the memory.
    ///
    /// # Examples
    ///
    /// ```
    /// # let memory = VVec::from_elem(0u8, 8192, GFP_KERNEL)?;
    /// # let mut list = SgTable::new(dev, memory, GFP_KERNEL)?.map::<ToDevice>()?;
    /// list.for_cpu_mut(4090..4100)?.copy_from(b"two pages!")?;
    /// ```
    pub(crate) fn for_cpu_mut(
        &mut self,
        range: impl RangeBounds<usize>,
    ) -> Result<SgSliceMut<'_, 'dev, D>>
    where
        D: DeviceReads,
    {
        let range = self.resolve_and_sync(range)?;

        // INVARIANT: As in `for_cpu`.
        Ok(SgSliceMut {
            bytes: SgSlice {
                raw: &self.raw,
                range,
            },
        })
    }

    fn resolve_and_sync(&mut self, range: impl RangeBounds<usize>) -> Result<Range<usize>> {
        let range = resolve(range, self.len())?;

        if D::DEVICE_MAY_WRITE {
            // SAFETY: The range must be inside the list: by `resolve`. There must be no references
            // to the bytes: they would borrow the list, which `&mut self` excludes.
            unsafe { self.raw.sync_for_cpu(range.clone()) };
        }
        Ok(range)
    }
}

// SAFETY: `SgSlice` accesses the bytes of its range.
unsafe impl<'dev, M: SgMemory, D: Direction> ReadInFlight for MappedSgTable<'dev, M, D> {
    type Bytes<'a>
        = SgSlice<'a, 'dev, D>
    where
        Self: 'a;

    unsafe fn for_cpu_in_flight(
        &mut self,
        range: impl RangeBounds<usize>,
    ) -> Result<SgSlice<'_, 'dev, D>> {
        let range = self.resolve_and_sync(range)?;

        // INVARIANT: Synced above, and the list is borrowed mutably. The device does not write the
        // bytes: the caller guarantees it.
        Ok(SgSlice {
            raw: &self.raw,
            range,
        })
    }
}

/// Bytes of a list while the CPU may read them.
///
/// # Invariants
///
/// `range` is inside the list, which this value borrows mutably, and was synced for the CPU. The
/// device does not write these bytes.
pub(crate) struct SgSlice<'a, 'dev, D: Direction> {
    raw: &'a RawList<'dev, D>,
    range: Range<usize>,
}

impl<D: Direction> SgSlice<'_, '_, D> {
    /// Returns the number of bytes.
    pub(crate) fn len(&self) -> usize {
        self.range.len()
    }

    /// Returns an iterator over the bytes, one slice per entry.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.window().map(|(entry, len)| {
            // SAFETY: The bytes must be initialized, and not written while the slice exists.
            // `SgMemory` requires the former. By the type invariants only the list has the memory,
            // and the device does not write these bytes; `&self` excludes `iter_mut`. The bytes may
            // be of several allocations, but are in the linear map, which is one object: the
            // pointer is to an address in it.
            unsafe { slice::from_raw_parts(entry.start().as_ptr(), len) }
        })
    }

    /// Copies the bytes to `to`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `to` has another length.
    pub(crate) fn copy_to(&self, mut to: &mut [u8]) -> Result {
        if to.len() != self.len() {
            return Err(EINVAL);
        }
        for bytes in self.iter() {
            let (head, rest) = to.split_at_mut(bytes.len());

            head.copy_from_slice(bytes);
            to = rest;
        }
        Ok(())
    }

    fn window(&self) -> Window<Entries<'_>> {
        Window::new(self.raw.table.iter(), self.range.clone())
    }
}

/// Bytes of a list while the CPU may change them. Dropping it syncs them for the device.
///
/// If it is leaked (`mem::forget`), the bytes are not synced, as with
/// [`CpuMut`](crate::dma::CpuMut).
#[must_use = "the device sees the changes when this is dropped"]
pub(crate) struct SgSliceMut<'a, 'dev, D: Direction> {
    bytes: SgSlice<'a, 'dev, D>,
}

impl<D: Direction> SgSliceMut<'_, '_, D> {
    /// Returns the number of bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Returns an iterator over the bytes to be changed, one slice per entry.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.bytes.window().map(|(entry, len)| {
            // SAFETY: As in `SgSlice::iter`. `&mut self` excludes other slices, and no two entries
            // have a byte in common: `SgMemory` requires this of pieces.
            unsafe { slice::from_raw_parts_mut(entry.start().as_ptr(), len) }
        })
    }

    /// Copies `from` to the bytes.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `from` has another length.
    pub(crate) fn copy_from(&mut self, mut from: &[u8]) -> Result {
        if from.len() != self.len() {
            return Err(EINVAL);
        }
        for bytes in self.iter_mut() {
            let (head, rest) = from.split_at(bytes.len());

            bytes.copy_from_slice(head);
            from = rest;
        }
        Ok(())
    }
}

impl<D: Direction> Drop for SgSliceMut<'_, '_, D> {
    fn drop(&mut self) {
        self.bytes.raw.sync_for_device(self.bytes.range.clone());
    }
}

#[cfg(kunit_fixture)]
mod tests;
