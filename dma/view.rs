// SPDX-License-Identifier: GPL-2.0

//! Bytes of a mapping, in memory and on the bus: what accesses of the CPU have in common.

use core::{
    marker::PhantomData,
    mem,
    ops::{
        Bound,
        Range,
        RangeBounds, //
    },
    ptr::NonNull,
    slice, //
};

use kernel::{
    bindings,
    prelude::*, //
};

use super::{
    guard::CpuMut,
    plain::{
        ReadAs,
        WriteAs, //
    },
    raw::{
        sync_for_cpu,
        sync_for_device,
        warn_leaked, //
    },
    Direction,
    DmaDevice, //
};

/// Bytes that are mapped for `dev` in direction `D`.
///
/// Its methods borrow nothing: the caller, a type that owns the mapping, borrows that.
///
/// # Invariants
///
/// The `len` bytes at `address` are part of a mapping for `dev` in direction `D`. They are those at
/// `start` in memory, which are initialized.
pub(super) struct View<'dev, D: Direction> {
    dev: &'dev DmaDevice,
    address: bindings::dma_addr_t,
    start: NonNull<u8>,
    len: usize,
    direction: PhantomData<D>,
}

impl<D: Direction> Clone for View<'_, D> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Direction> Copy for View<'_, D> {}

impl<'dev, D: Direction> View<'dev, D> {
    /// Makes a view.
    ///
    /// # Safety
    ///
    /// The type invariant holds until the last use of the view.
    #[inline]
    pub(super) unsafe fn new(
        dev: &'dev DmaDevice,
        address: bindings::dma_addr_t,
        start: NonNull<u8>,
        len: usize,
    ) -> Self {
        // INVARIANT: The caller guarantees it.
        Self {
            dev,
            address,
            start,
            len,
            direction: PhantomData,
        }
    }

    /// Returns the device.
    #[inline]
    pub(super) fn dev(&self) -> &'dev DmaDevice {
        self.dev
    }

    /// Returns the bus address of the first byte.
    #[inline]
    pub(super) fn address(&self) -> bindings::dma_addr_t {
        self.address
    }

    /// Returns the number of bytes.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Returns the address of the first byte in memory.
    #[inline]
    pub(super) fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// Warns in the kernel log that the bytes are leaked.
    pub(super) fn warn_leaked(&self) {
        warn_leaked(self.dev, self.address, self.len);
    }

    /// Returns the view of the bytes of `range`.
    ///
    /// # Safety
    ///
    /// `range` is inside the view.
    #[inline]
    pub(super) unsafe fn slice(self, range: Range<usize>) -> Self {
        // INVARIANT: The caller guarantees that the range is inside.
        Self {
            address: self.address_of(range.start),
            // SAFETY: The sum must be in the same memory: by the type invariant.
            start: unsafe { self.start.add(range.start) },
            len: range.len(),
            ..self
        }
    }

    /// Syncs the bytes of `range` for the CPU, and returns them.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `range` is not inside the view.
    ///
    /// # Safety
    ///
    /// Before the call there is no reference to the bytes, because the sync may write them. For
    /// `'a` there is none that permits to write them, and the device does not write them.
    #[inline]
    pub(super) unsafe fn for_cpu<'a>(self, range: impl RangeBounds<usize>) -> Result<&'a [u8]> {
        let range = resolve(range, self.len)?;

        // SAFETY: The range must be inside: resolved above. The caller guarantees the rest.
        unsafe {
            self.sync_for_cpu(&range);
            Ok(slice::from_raw_parts(
                self.start.as_ptr().add(range.start),
                range.len(),
            ))
        }
    }

    /// Syncs the bytes of `range` for the CPU, and returns them to be changed.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `range` is not inside the view.
    ///
    /// # Safety
    ///
    /// For `'a`, there is no other reference to the bytes, and the device does not use them.
    #[inline]
    pub(super) unsafe fn for_cpu_mut<'a>(
        self,
        range: impl RangeBounds<usize>,
    ) -> Result<CpuMut<'a, 'dev, D>> {
        let range = resolve(range, self.len)?;

        // SAFETY: As in `for_cpu`, and the bytes have no other reference: the caller guarantees it.
        unsafe {
            self.sync_for_cpu(&range);

            let bytes =
                slice::from_raw_parts_mut(self.start.as_ptr().add(range.start), range.len());

            Ok(CpuMut::new(self.dev, self.address_of(range.start), bytes))
        }
    }

    /// Syncs a `T` at byte `offset` for the CPU, and returns it.
    ///
    /// # Errors
    ///
    /// `EINVAL` if a `T` at `offset` is not inside the view, or not aligned.
    ///
    /// # Safety
    ///
    /// That of [`for_cpu`](Self::for_cpu).
    #[inline]
    pub(super) unsafe fn for_cpu_as<'a, T>(self, offset: usize) -> Result<&'a T>
    where
        T: ReadAs,
    {
        let range = self.resolve_type::<T>(offset)?;

        // SAFETY: The requirements are those of this function.
        T::ref_from_bytes(unsafe { self.for_cpu(range)? }).map_err(|_| EINVAL)
    }

    /// Syncs a `T` at byte `offset` for the CPU, and returns it to be changed.
    ///
    /// # Errors
    ///
    /// `EINVAL` if a `T` at `offset` is not inside the view, or not aligned.
    ///
    /// # Safety
    ///
    /// That of [`for_cpu_mut`](Self::for_cpu_mut).
    #[inline]
    pub(super) unsafe fn for_cpu_as_mut<'a, T>(
        self,
        offset: usize,
    ) -> Result<CpuMut<'a, 'dev, D, T>>
    where
        T: WriteAs,
    {
        let range = self.resolve_type::<T>(offset)?;
        let address = self.address_of(range.start);

        // SAFETY: As in `for_cpu_mut`; `resolve_type` has checked the range.
        unsafe {
            self.sync_for_cpu(&range);

            let bytes =
                slice::from_raw_parts_mut(self.start.as_ptr().add(range.start), range.len());
            let value = T::mut_from_bytes(bytes).map_err(|_| EINVAL)?;

            Ok(CpuMut::new(self.dev, address, value))
        }
    }

    /// Syncs `range` for the CPU, if the device may write.
    ///
    /// # Safety
    ///
    /// `range` is inside the view. There are no references to its bytes.
    #[inline]
    pub(super) unsafe fn sync_for_cpu(self, range: &Range<usize>) {
        if D::DEVICE_MAY_WRITE && !range.is_empty() {
            // SAFETY: Requires a part of a mapping without references: by the type invariant it is
            // one, and the caller guarantees the rest.
            unsafe { sync_for_cpu::<D>(self.dev, self.address_of(range.start), range.len()) };
        }
    }

    /// Syncs `range`, which is not empty, for the device.
    ///
    /// # Safety
    ///
    /// `range` is inside the view.
    #[inline]
    pub(super) unsafe fn sync_for_device(self, range: Range<usize>) {
        // SAFETY: Requires a part of a mapping: by the type invariant it is one.
        unsafe { sync_for_device::<D>(self.dev, self.address_of(range.start), range.len()) };
    }

    #[inline]
    fn address_of(self, offset: usize) -> bindings::dma_addr_t {
        // CAST: `usize` has at most 64 bits. The sum does not overflow, because the mapping ends
        // inside the device's mask.
        self.address + offset as bindings::dma_addr_t
    }

    /// Returns the range of a `T` at `offset`, if it is inside the view and aligned.
    #[inline]
    fn resolve_type<T>(self, offset: usize) -> Result<Range<usize>> {
        let end = offset.checked_add(mem::size_of::<T>()).ok_or(EINVAL)?;
        let range = resolve(offset..end, self.len)?;
        let address = self.start.addr().get() + offset;

        if address % mem::align_of::<T>() == 0 {
            Ok(range)
        } else {
            Err(EINVAL)
        }
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

    if start <= end && end <= len {
        Ok(start..end)
    } else {
        Err(EINVAL)
    }
}
