// SPDX-License-Identifier: GPL-2.0

//! Accesses of the CPU to memory that stays mapped.
//!
//! The methods `for_cpu` and `for_cpu_as` read, `for_cpu_mut` and `for_cpu_as_mut` also write:
//!
//! | | on entry | on drop |
//! |---|---|---|
//! | reads of a `ToDevice` mapping | nothing: only the CPU writes the memory | nothing |
//! | reads of the others | sync for the CPU | nothing: the CPU did not write |
//! | writes of a `ToDevice` mapping | nothing | sync for the device |
//! | writes of a `Bidirectional` mapping | sync for the CPU | sync for the device |
//!
//! `Documentation/core-api/dma-api.rst` requires these syncs, at `dma_sync_single_for_cpu()`. For a
//! coherent device, a sync only tests a flag, unless the kernel has bounced memory for that device.
//!
//! C functions: `dma_sync_single_range_for_cpu()`, `dma_sync_single_range_for_device()`.

use core::{
    mem,
    ops::{
        Bound,
        Range,
        RangeBounds, //
    },
    slice, //
};

use kernel::prelude::*;

use super::{
    guard::CpuMut,
    plain::{
        ReadAs,
        WriteAs, //
    },
    raw::RawMapping,
    DeviceReads,
    Direction,
    Mapping,
    Memory, //
};

impl<'dev, M: Memory, D: Direction> Mapping<'dev, M, D> {
    /// Syncs the bytes of `range` for the CPU, and returns them.
    ///
    /// While the result is in use, the mapping cannot be submitted, unmapped or accessed in another
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
    /// ```
    /// # let mut mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64)?)?;
    /// # let len = 20;
    /// let checksum: u32 = mapping.for_cpu(..len)?.iter().map(|&byte| u32::from(byte)).sum();
    /// ```
    #[inline]
    pub(crate) fn for_cpu(&mut self, range: impl RangeBounds<usize>) -> Result<&[u8]> {
        let range = resolve(range, self.len())?;

        self.sync_for_cpu(&range);
        Ok(&self.split().1[range])
    }

    /// Syncs the bytes of `range` for the CPU, and returns them to be changed. Dropping the result
    /// syncs them for the device.
    ///
    /// If the result is leaked (`mem::forget`), the bytes are not synced: the device may read old
    /// bytes, and bytes that it writes into the same cache line may be lost. The next sync or
    /// unmapping of a [`Bidirectional`](super::Bidirectional) mapping then replaces the bytes of
    /// the CPU by those of the device.
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
    /// ```
    /// # let mut mapping = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(64)?)?;
    /// mapping.for_cpu_mut(..4)?.copy_from_slice(b"ping");
    /// let mapping = engine.send(mapping)?;
    /// ```
    #[inline]
    pub(crate) fn for_cpu_mut(
        &mut self,
        range: impl RangeBounds<usize>,
    ) -> Result<CpuMut<'_, 'dev, D>>
    where
        D: DeviceReads,
    {
        let range = resolve(range, self.len())?;

        self.sync_for_cpu(&range);

        let offset = range.start;
        let (raw, bytes) = self.split();

        // SAFETY: The bytes must be at `offset`, inside the memory: by `resolve`.
        Ok(unsafe { CpuMut::new(raw, offset, &mut bytes[range]) })
    }

    /// Syncs a `T` at byte `offset` for the CPU, and returns it.
    ///
    /// C function: as [`for_cpu`](Self::for_cpu).
    ///
    /// # Errors
    ///
    /// `EINVAL` if a `T` at `offset` is not inside the memory, or not aligned.
    ///
    /// # Examples
    ///
    /// ```
    /// # use zerocopy_derive::{Immutable, KnownLayout};
    /// # let mut mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64)?)?;
    /// #[derive(FromBytes, Immutable, KnownLayout)]
    /// #[repr(C)]
    /// struct Header {
    ///     kind: u16,
    ///     len: u16,
    /// }
    ///
    /// let len = mapping.for_cpu_as::<Header>(0)?.len;
    /// ```
    #[inline]
    pub(crate) fn for_cpu_as<T>(&mut self, offset: usize) -> Result<&T>
    where
        T: ReadAs,
    {
        let range = self.resolve_type::<T>(offset)?;

        T::ref_from_bytes(self.for_cpu(range)?).map_err(|_| EINVAL)
    }

    /// Syncs a `T` at byte `offset` for the CPU, and returns it to be changed. Dropping the result
    /// syncs it for the device.
    ///
    /// C functions: as [`for_cpu_mut`](Self::for_cpu_mut).
    ///
    /// # Errors
    ///
    /// `EINVAL` if a `T` at `offset` is not inside the memory, or not aligned.
    ///
    /// # Examples
    ///
    /// ```
    /// # use zerocopy_derive::KnownLayout;
    /// # #[derive(FromBytes, IntoBytes, KnownLayout)]
    /// # #[repr(C)]
    /// # struct Header { kind: u16, len: u16 }
    /// # let mut mapping = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(64)?)?;
    /// mapping.for_cpu_as_mut::<Header>(0)?.len = 42;
    /// ```
    #[inline]
    pub(crate) fn for_cpu_as_mut<T>(&mut self, offset: usize) -> Result<CpuMut<'_, 'dev, D, T>>
    where
        T: WriteAs,
        D: DeviceReads,
    {
        let range = self.resolve_type::<T>(offset)?;

        self.sync_for_cpu(&range);

        let (raw, bytes) = self.split();
        let value = T::mut_from_bytes(&mut bytes[range]).map_err(|_| EINVAL)?;

        // SAFETY: The value must be at `offset`, inside the memory: by `resolve_type`.
        Ok(unsafe { CpuMut::new(raw, offset, value) })
    }

    /// Syncs `range`, which is inside the memory, for the CPU, if the device may write.
    #[inline]
    pub(super) fn sync_for_cpu(&mut self, range: &Range<usize>) {
        if D::DEVICE_MAY_WRITE && !range.is_empty() {
            // SAFETY: The range must be inside the memory: by the callers. There must be no
            // references to the bytes: they would borrow the mapping, which `&mut self` excludes.
            unsafe { self.raw.sync_for_cpu(range.clone()) };
        }
    }

    /// Returns the range of a `T` at `offset`, if it is inside the memory and aligned.
    #[inline]
    fn resolve_type<T>(&mut self, offset: usize) -> Result<Range<usize>> {
        let end = offset.checked_add(mem::size_of::<T>()).ok_or(EINVAL)?;
        let range = resolve(offset..end, self.len())?;
        let address = self.memory.as_mut_ptr().addr().get() + offset;

        match address % mem::align_of::<T>() {
            0 => Ok(range),
            _ => Err(EINVAL),
        }
    }

    /// Returns the raw mapping, and the bytes of the memory.
    #[inline]
    fn split(&mut self) -> (&RawMapping<'dev, D>, &mut [u8]) {
        let len = self.len;
        let start = self.memory.as_mut_ptr();

        // SAFETY: These bytes must be initialized and have no other user. `Memory` requires the
        // former, and that they are accessed through the value only, which `&mut self` borrows. A
        // device does not use a mapping that is not in flight.
        (&self.raw, unsafe {
            slice::from_raw_parts_mut(start.as_ptr(), len)
        })
    }
}

/// Returns `range` as a `Range`, if it is inside `len` bytes.
///
/// # Errors
///
/// `EINVAL` if it is not.
#[inline]
pub(crate) fn resolve(range: impl RangeBounds<usize>, len: usize) -> Result<Range<usize>> {
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

#[cfg(CONFIG_KUNIT = "y")]
mod tests;
