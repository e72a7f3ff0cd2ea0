// SPDX-License-Identifier: GPL-2.0

//! What may be mapped.

use core::{
    mem,
    ptr::NonNull, //
};

use kernel::prelude::*;
use zerocopy::Immutable;

pub(crate) use super::raw::Location;

/// Owned memory that a device may be given.
///
/// Implemented for [`Buffer`](super::Buffer), [`PageBuffer`](super::PageBuffer), [`KBox`] and
/// [`KVec`]. Not for `&mut [u8]`, which can be given back before the device is done
/// (`mem::forget`); not for arrays, which may be on the stack; not for [`VVec`] and [`KVVec`], whose
/// pages lie anywhere; not for statics.
///
/// # Safety
///
/// - [`location`](Self::location), [`as_mut_ptr`](Self::as_mut_ptr) and
///   [`padded_len`](Self::padded_len) describe the same initialized, physically contiguous memory,
///   in the kernel's linear map: not the stack, not vmalloc memory, not part of the kernel image.
///   Any bytes are valid in it.
/// - It is a whole allocation by `kmalloc()`, or shares no cache line (`ARCH_DMA_MINALIGN`) with
///   anything that is used while the value exists. Of allocations by `kmalloc()` the kernel knows
///   itself which share a line, and bounces what the device writes.
/// - [`len`](Self::len) is not more than `padded_len`.
/// - The memory is valid, and stays where it is, until the value is dropped, wherever the value is
///   moved.
/// - While the value is neither borrowed nor consumed nobody reads or writes the memory, and while it
///   is borrowed shared nobody writes it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` may not be mapped for DMA",
    label = "not an owned, physically contiguous allocation",
    note = "map a `Buffer`, `PageBuffer`, `KBox` or `KVec` of plain data: a mapping owns its memory, \
            which must not be on the stack, in vmalloc memory or in the kernel image"
)]
pub(crate) unsafe trait Memory: Send {
    /// Where it is, for the kernel.
    fn location(&mut self) -> Location {
        Location::Linear(self.as_mut_ptr())
    }

    /// Where it is, for the CPU: the first byte.
    fn as_mut_ptr(&mut self) -> NonNull<u8>;

    /// The bytes that the CPU and an engine may use.
    fn len(&self) -> usize;

    /// The bytes that are mapped: these, with what pads them to whole cache lines where there is
    /// such padding.
    fn padded_len(&self) -> usize {
        self.len()
    }
}

// SAFETY:
// - A `KVec` with elements is an allocation by `kmalloc()`, which owns its memory and does not move
//   it. `T` has no bytes that are not initialized, takes any bytes, and has no cells through which
//   others could reach it.
// - A `KVec` without elements, or with elements of no size, has a length of 0.
unsafe impl<T: FromBytes + IntoBytes + Immutable + Send> Memory for KVec<T> {
    fn as_mut_ptr(&mut self) -> NonNull<u8> {
        NonNull::from(&mut **self).cast()
    }

    fn len(&self) -> usize {
        mem::size_of_val(&**self)
    }
}

// SAFETY:
// - A `KBox` of something that has a size is an allocation by `kmalloc()`, which owns its memory and
//   does not move it. `T` has no bytes that are not initialized, takes any bytes, and has no cells
//   through which others could reach it.
// - A `KBox` of something that has no size has a length of 0.
unsafe impl<T: FromBytes + IntoBytes + Immutable + Send> Memory for KBox<T> {
    fn as_mut_ptr(&mut self) -> NonNull<u8> {
        NonNull::from(&mut **self).cast()
    }

    fn len(&self) -> usize {
        mem::size_of::<T>()
    }
}
