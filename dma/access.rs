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

use core::ops::RangeBounds;

use kernel::prelude::*;

use super::{
    guard::CpuMut,
    plain::{
        ReadAs,
        WriteAs, //
    },
    view::View,
    DeviceReads,
    Direction,
    Mapping,
    Memory,
    ReadInFlight, //
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
    /// # let mut mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    /// # let len = 20;
    /// let checksum: u32 = mapping.for_cpu(..len)?.iter().map(|&byte| u32::from(byte)).sum();
    /// ```
    #[inline]
    pub(crate) fn for_cpu(&mut self, range: impl RangeBounds<usize>) -> Result<&[u8]> {
        // SAFETY: The bytes must have no other reference, and the device must not use them: the
        // result borrows the mapping, which is not in flight.
        unsafe { self.view().for_cpu(range) }
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
    /// # let mut mapping = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
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
        // SAFETY: As in `for_cpu`.
        unsafe { self.view().for_cpu_mut(range) }
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
    /// # let mut mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
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
        // SAFETY: As in `for_cpu`.
        unsafe { self.view().for_cpu_as(offset) }
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
    /// # let mut mapping = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    /// mapping.for_cpu_as_mut::<Header>(0)?.len = 42;
    /// ```
    #[inline]
    pub(crate) fn for_cpu_as_mut<T>(&mut self, offset: usize) -> Result<CpuMut<'_, 'dev, D, T>>
    where
        T: WriteAs,
        D: DeviceReads,
    {
        // SAFETY: As in `for_cpu`.
        unsafe { self.view().for_cpu_as_mut(offset) }
    }

    /// Returns a view of all bytes, to be used while the mapping is borrowed.
    #[inline]
    pub(super) fn view(&mut self) -> View<'dev, D> {
        let start = self.memory.as_mut_ptr();

        // SAFETY: The bytes must be mapped, initialized, and those at `start`: the memory stays
        // mapped while the mapping is borrowed, and `Memory` requires the rest.
        unsafe { View::new(self.raw.dev(), self.raw.address(), start, self.len) }
    }
}

// SAFETY: `View::for_cpu` accesses the bytes of its range.
unsafe impl<M: Memory, D: Direction> ReadInFlight for Mapping<'_, M, D> {
    type Bytes<'a>
        = &'a [u8]
    where
        Self: 'a;

    #[inline]
    unsafe fn for_cpu_in_flight(&mut self, range: impl RangeBounds<usize>) -> Result<&[u8]> {
        // SAFETY: The result borrows the mapping. The device must not write the bytes: the caller
        // guarantees it.
        unsafe { self.view().for_cpu(range) }
    }
}

/// Implements the accesses of a [`Mapping`] for another type, whose method `view` returns the bytes
/// that it owns.
macro_rules! impl_cpu_access {
    ($type:ident) => {
        impl<'dev, M: Memory, D: Direction> $type<'dev, M, D> {
            /// Syncs the bytes of `range` for the CPU, and returns them.
            ///
            /// # Errors
            ///
            /// As [`Mapping::for_cpu`](crate::dma::Mapping::for_cpu).
            #[inline]
            pub(crate) fn for_cpu(&mut self, range: impl RangeBounds<usize>) -> Result<&[u8]> {
                // SAFETY: The bytes must have no other reference, and the device must not use them:
                // the result borrows the value, which owns them and is not in flight.
                unsafe { self.view().for_cpu(range) }
            }

            /// Syncs the bytes of `range` for the CPU, and returns them to be changed. Dropping the
            /// result syncs them for the device.
            ///
            /// # Errors
            ///
            /// As [`Mapping::for_cpu_mut`](crate::dma::Mapping::for_cpu_mut).
            #[inline]
            pub(crate) fn for_cpu_mut(
                &mut self,
                range: impl RangeBounds<usize>,
            ) -> Result<CpuMut<'_, 'dev, D>>
            where
                D: DeviceReads,
            {
                // SAFETY: As in `for_cpu`.
                unsafe { self.view().for_cpu_mut(range) }
            }

            /// Syncs a `T` at byte `offset` for the CPU, and returns it.
            ///
            /// # Errors
            ///
            /// As [`Mapping::for_cpu_as`](crate::dma::Mapping::for_cpu_as).
            #[inline]
            pub(crate) fn for_cpu_as<T: ReadAs>(&mut self, offset: usize) -> Result<&T> {
                // SAFETY: As in `for_cpu`.
                unsafe { self.view().for_cpu_as(offset) }
            }

            /// Syncs a `T` at byte `offset` for the CPU, and returns it to be changed. Dropping the
            /// result syncs it for the device.
            ///
            /// # Errors
            ///
            /// As [`Mapping::for_cpu_as_mut`](crate::dma::Mapping::for_cpu_as_mut).
            #[inline]
            pub(crate) fn for_cpu_as_mut<T>(
                &mut self,
                offset: usize,
            ) -> Result<CpuMut<'_, 'dev, D, T>>
            where
                T: WriteAs,
                D: DeviceReads,
            {
                // SAFETY: As in `for_cpu`.
                unsafe { self.view().for_cpu_as_mut(offset) }
            }
        }

        // SAFETY: `View::for_cpu` accesses the bytes of its range.
        unsafe impl<M: Memory, D: Direction> ReadInFlight for $type<'_, M, D> {
            type Bytes<'a>
                = &'a [u8]
            where
                Self: 'a;

            #[inline]
            unsafe fn for_cpu_in_flight(
                &mut self,
                range: impl RangeBounds<usize>,
            ) -> Result<&[u8]> {
                // SAFETY: The result borrows the value. The device must not write the bytes: the
                // caller guarantees it.
                unsafe { self.view().for_cpu(range) }
            }
        }
    };
}

pub(super) use impl_cpu_access;

#[cfg(kunit_fixture)]
mod tests;
