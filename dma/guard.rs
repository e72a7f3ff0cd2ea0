// SPDX-License-Identifier: GPL-2.0

//! Bytes of a mapping that the CPU changes, until they are synced for the device.

use core::{
    mem,
    ops::{
        Deref,
        DerefMut, //
    },
};

use super::{
    raw::RawMapping,
    Direction, //
};

/// Bytes of a mapping, or a `T` made of them, while the CPU may change them.
///
/// Made by [`Mapping::for_cpu_mut`](super::Mapping::for_cpu_mut) and
/// [`Mapping::for_cpu_as_mut`](super::Mapping::for_cpu_as_mut). Dropping it syncs the bytes for the
/// device.
///
/// C function: `dma_sync_single_range_for_device()`.
///
/// # Examples
///
/// ```
/// # let mut mapping = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(64)?)?;
/// let mut bytes = mapping.for_cpu_mut(..64)?;
///
/// bytes.fill(0);
/// bytes[0] = 1;
/// drop(bytes);                        // syncs them for the device
/// let mapping = engine.send(mapping)?;
/// ```
///
/// # Invariants
///
/// `value` is in the memory of `raw`, at `offset`, and ends inside it.
#[must_use = "the device sees the changes when this is dropped"]
pub(crate) struct CpuMut<'a, 'dev, D: Direction, T: ?Sized = [u8]> {
    raw: &'a RawMapping<'dev, D>,
    offset: usize,
    value: &'a mut T,
}

impl<'a, 'dev, D: Direction, T: ?Sized> CpuMut<'a, 'dev, D, T> {
    /// Makes the guard of `value`, which was synced for the CPU.
    ///
    /// # Safety
    ///
    /// `value` is in the memory of `raw`, at `offset`, and ends inside it.
    #[inline]
    pub(super) unsafe fn new(
        raw: &'a RawMapping<'dev, D>,
        offset: usize,
        value: &'a mut T,
    ) -> Self {
        // INVARIANT: The caller guarantees it.
        Self { raw, offset, value }
    }
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
            // SAFETY: The range must be inside the mapping: by the type invariant.
            unsafe { self.raw.sync_for_device(self.offset..self.offset + len) };
        }
    }
}
