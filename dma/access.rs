// SPDX-License-Identifier: GPL-2.0

//! The CPU's way to memory that stays mapped.
//!
//! | | on entry | on drop |
//! |---|---|---|
//! | `cpu`, `view` of a `ToDevice` mapping | nothing: only the CPU writes there | nothing |
//! | `cpu`, `view` of the others | sync for the CPU | nothing: nothing has changed |
//! | `cpu_mut`, `view_mut` of a `ToDevice` mapping | nothing | sync for the device |
//! | `cpu_mut`, `view_mut` of a `Bidirectional` mapping | sync for the CPU | sync for the device |
//!
//! That is what `Documentation/core-api/dma-api.rst` asks for at `dma_sync_single_for_cpu()`. On a
//! device that sees what the CPU sees, a sync is a load and a branch.
//!
//! C functions: `dma_sync_single_range_for_cpu()`, `dma_sync_single_range_for_device()`.

use core::{
    mem,
    ops::{
        Bound,
        Deref,
        DerefMut,
        Range,
        RangeBounds, //
    },
    slice, //
};

use kernel::prelude::*;
use zerocopy::{
    Immutable,
    KnownLayout, //
};

use super::{
    raw::RawMapping,
    DeviceReads,
    Direction,
    Mapping,
    Memory, //
};

impl<'dev, M: Memory, D: Direction> Mapping<'dev, M, D> {
    /// Shows the bytes of `range` to the CPU, as they are now.
    ///
    /// While the result is in use the mapping cannot be submitted, unmapped or looked at in another
    /// way.
    ///
    /// C function: `dma_sync_single_range_for_cpu()`, for `range` alone, unless the direction is
    /// [`ToDevice`](super::ToDevice).
    ///
    /// # Errors
    ///
    /// `EINVAL` if `range` is not inside the memory.
    ///
    /// # Examples
    ///
    /// ```ignore
    /// let checksum: u32 = mapping.cpu(..len)?.iter().map(|&byte| u32::from(byte)).sum();
    /// ```
    #[inline]
    pub(crate) fn cpu(&mut self, range: impl RangeBounds<usize>) -> Result<&[u8]> {
        let range = resolve(range, self.len())?;

        self.sync_for_cpu(&range);
        Ok(&self.split().1[range])
    }

    /// Shows the bytes of `range` to the CPU to change them; the device sees the changes when the
    /// result is dropped.
    ///
    /// If the result is leaked (`mem::forget`) the device may see the old bytes.
    ///
    /// C functions: `dma_sync_single_range_for_cpu()` where the direction is
    /// [`Bidirectional`](super::Bidirectional), then `dma_sync_single_range_for_device()`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `range` is not inside the memory.
    ///
    /// # Examples
    ///
    /// ```ignore
    /// mapping.cpu_mut(..4)?.copy_from_slice(b"ping");
    /// let mapping = engine.send(mapping)?;
    /// ```
    #[inline]
    pub(crate) fn cpu_mut(&mut self, range: impl RangeBounds<usize>) -> Result<CpuMut<'_, 'dev, D>>
    where
        D: DeviceReads,
    {
        let range = resolve(range, self.len())?;

        self.sync_for_cpu(&range);

        let offset = range.start;
        let (raw, bytes) = self.split();

        // INVARIANT: These are the bytes from `offset` on, and `resolve` has found them inside.
        Ok(CpuMut {
            raw,
            offset,
            value: &mut bytes[range],
        })
    }

    /// Shows the bytes from `offset` on to the CPU, as a `T`.
    ///
    /// C function: as [`cpu`](Self::cpu).
    ///
    /// # Errors
    ///
    /// `EINVAL` if a `T` at `offset` is not inside the memory, or not aligned.
    ///
    /// # Examples
    ///
    /// ```ignore
    /// #[derive(FromBytes, Immutable, KnownLayout)]
    /// #[repr(C)]
    /// struct Header {
    ///     kind: u16,
    ///     len: u16,
    /// }
    ///
    /// let len = mapping.view::<Header>(0)?.len;
    /// ```
    #[inline]
    pub(crate) fn view<T>(&mut self, offset: usize) -> Result<&T>
    where
        T: FromBytes + Immutable + KnownLayout,
    {
        let end = offset.checked_add(mem::size_of::<T>()).ok_or(EINVAL)?;

        T::ref_from_bytes(self.cpu(offset..end)?).map_err(|_| EINVAL)
    }

    /// Shows the bytes from `offset` on to the CPU, as a `T` to change.
    ///
    /// C functions: as [`cpu_mut`](Self::cpu_mut).
    ///
    /// # Errors
    ///
    /// `EINVAL` if a `T` at `offset` is not inside the memory, or not aligned.
    ///
    /// # Examples
    ///
    /// ```ignore
    /// mapping.view_mut::<Header>(0)?.len = 42;
    /// ```
    #[inline]
    pub(crate) fn view_mut<T>(&mut self, offset: usize) -> Result<CpuMut<'_, 'dev, D, T>>
    where
        T: FromBytes + IntoBytes + KnownLayout,
        D: DeviceReads,
    {
        let end = offset.checked_add(mem::size_of::<T>()).ok_or(EINVAL)?;
        let range = resolve(offset..end, self.len())?;

        self.sync_for_cpu(&range);

        let (raw, bytes) = self.split();
        let value = T::mut_from_bytes(&mut bytes[range]).map_err(|_| EINVAL)?;

        // INVARIANT: These are the bytes from `offset` on, and `resolve` has found them inside.
        Ok(CpuMut { raw, offset, value })
    }

    /// Lets the CPU see what the device wrote into `range`, which is inside the memory.
    #[inline]
    fn sync_for_cpu(&mut self, range: &Range<usize>) {
        if D::DEVICE_MAY_WRITE && !range.is_empty() {
            // SAFETY: `resolve` gave the range. What refers to the bytes borrows the mapping, and
            // `&mut self` says that nothing does.
            unsafe { self.raw.sync_for_cpu(range.clone()) };
        }
    }

    /// The mapping and the bytes of the memory.
    #[inline]
    fn split(&mut self) -> (&RawMapping<'dev, D>, &mut [u8]) {
        let len = self.memory.len();
        let start = self.memory.as_mut_ptr();

        // SAFETY: By the contract of `Memory` these bytes are initialized and reached by nobody but
        // through the value, which `&mut self` has to itself. A device does not use a mapping that
        // is not in flight.
        (&self.raw, unsafe {
            slice::from_raw_parts_mut(start.as_ptr(), len)
        })
    }
}

/// The bytes of `range` in `len` bytes, if that is where they are.
#[inline]
fn resolve(range: impl RangeBounds<usize>, len: usize) -> Result<Range<usize>> {
    let start = match range.start_bound() {
        Bound::Included(&start) => start,
        Bound::Excluded(&before) => before.checked_add(1).ok_or(EINVAL)?,
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(&last) => last.checked_add(1).ok_or(EINVAL)?,
        Bound::Excluded(&end) => end,
        Bound::Unbounded => len,
    };

    match start <= end && end <= len {
        true => Ok(start..end),
        false => Err(EINVAL),
    }
}

/// Bytes of a mapping, or a `T` made of them, while the CPU may change them.
///
/// # Invariants
///
/// `value` is what lies from `offset` on in the memory of `raw`, and inside of it.
#[must_use = "the device sees the changes when this is dropped"]
pub(crate) struct CpuMut<'a, 'dev, D: Direction, T: ?Sized = [u8]> {
    raw: &'a RawMapping<'dev, D>,
    offset: usize,
    value: &'a mut T,
}

impl<D: Direction, T: ?Sized> Deref for CpuMut<'_, '_, D, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.value
    }
}

impl<D: Direction, T: ?Sized> DerefMut for CpuMut<'_, '_, D, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.value
    }
}

impl<D: Direction, T: ?Sized> Drop for CpuMut<'_, '_, D, T> {
    #[inline]
    fn drop(&mut self) {
        let len = mem::size_of_val(self.value);

        if len != 0 {
            // SAFETY: By the type invariant the range is inside the mapping.
            unsafe { self.raw.sync_for_device(self.offset..self.offset + len) };
        }
    }
}
