// SPDX-License-Identifier: GPL-2.0

//! Bytes of a mapping that the CPU changes, until they are synced for the device.

use core::{
    marker::PhantomData,
    mem,
    ops::{
        Deref,
        DerefMut, //
    },
};

use kernel::bindings;

use super::{
    raw::sync_for_device,
    Direction,
    DmaDevice, //
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
/// # let mut mapping = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
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
/// `value` is in memory that is mapped for `dev` in direction `D`, at `address`.
#[must_use = "the device sees the changes when this is dropped"]
pub(crate) struct CpuMut<'a, 'dev, D: Direction, T: ?Sized = [u8]> {
    dev: &'dev DmaDevice,
    address: bindings::dma_addr_t,
    value: &'a mut T,
    direction: PhantomData<D>,
}

impl<'a, 'dev, D: Direction, T: ?Sized> CpuMut<'a, 'dev, D, T> {
    /// Makes the guard of `value`, which was synced for the CPU.
    ///
    /// # Safety
    ///
    /// `value` is in memory that is mapped for `dev` in direction `D`, at `address`, for `'a`.
    #[inline]
    pub(super) unsafe fn new(
        dev: &'dev DmaDevice,
        address: bindings::dma_addr_t,
        value: &'a mut T,
    ) -> Self {
        // INVARIANT: The caller guarantees it.
        Self {
            dev,
            address,
            value,
            direction: PhantomData,
        }
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
            // SAFETY: The bytes must be part of a mapping: by the type invariant.
            unsafe { sync_for_device::<D>(self.dev, self.address, len) };
        }
    }
}
