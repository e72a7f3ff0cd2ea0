// SPDX-License-Identifier: GPL-2.0

//! Memory of which a table may be made.

use core::{
    iter,
    mem,
    ptr::NonNull, //
};

use kernel::{
    page::{
        AsPageIter,
        PAGE_SIZE, //
    },
    prelude::*, //
};

use crate::dma::{
    Location,
    MapFailure,
    Memory,
    PlainData, //
};

/// Owned memory in any number of pieces, which a device may be given.
///
/// Implemented for
///
/// - [`Contiguous`], one [`Memory`];
/// - [`KVec`] of [`Memory`]: several buffers, or pages;
/// - [`VVec`]: vmalloc memory, page by page;
/// - a pair of these, one behind the other: a header and its payload.
///
/// Not for the kernel crate's `SGTable`, which is mapped already, in a direction that is no type,
/// and does not let go of its memory; nor for everything that has its `AsPageIter`, which does not
/// promise that the pages have no other user. The memory of an `SGTable`, a [`VVec`], can be made a
/// table here.
///
/// # Safety
///
/// - [`pieces`](Self::pieces) returns pieces that together have [`len`](Self::len) bytes, the same
///   each time and until the value is dropped, wherever it is moved, as long as it is not borrowed
///   mutably by other code than the table.
/// - Each of them is as the contract of [`Memory`] wants it: initialized and contiguous, not in a
///   cache line of other data, or rejected by [`check`](Self::check), and not accessed by other
///   code.
/// - Dropping the value does not read the memory.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made a scatter-gather table",
    label = "not owned memory in pieces",
    note = "a table is made of `Contiguous` memory, a `KVec` of `Buffer`s or `PageBuffer`s, a \
            `VVec` of plain data, or a pair of these"
)]
pub(crate) unsafe trait SgMemory: Send {
    /// Returns the number of bytes.
    fn len(&self) -> usize;

    /// Checks that it can be mapped as it is; `device_may_write` unless the direction is
    /// [`ToDevice`](crate::dma::ToDevice).
    ///
    /// # Errors
    ///
    /// As [`Memory::check`].
    fn check(&self, device_may_write: bool) -> Result<(), MapFailure>;

    /// Returns the pieces: the location of each, and its length in bytes.
    ///
    /// The lower bound of [`Iterator::size_hint`] is the number of entries for which a table is
    /// allocated. If it takes another number, a second table is allocated.
    fn pieces(&mut self) -> impl Iterator<Item = (Location, usize)> + '_;
}

/// Memory in one piece, to be cut where it is too long for a device, or on request.
pub(crate) struct Contiguous<M: Memory>(pub(crate) M);

// SAFETY: By the contract of `Memory`, without the padding.
unsafe impl<M: Memory> SgMemory for Contiguous<M> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn check(&self, device_may_write: bool) -> Result<(), MapFailure> {
        self.0.check(device_may_write)
    }

    fn pieces(&mut self) -> impl Iterator<Item = (Location, usize)> + '_ {
        iter::once((self.0.location(), self.0.len()))
    }
}

// SAFETY: By the contract of `Memory`, which each element fulfils; dropping the vector drops them.
// The elements may be moved, their memory is not.
unsafe impl<M: Memory> SgMemory for KVec<M> {
    fn len(&self) -> usize {
        self.iter()
            .fold(0, |len, memory| len.saturating_add(memory.len()))
    }

    fn check(&self, device_may_write: bool) -> Result<(), MapFailure> {
        self.iter()
            .try_for_each(|memory| memory.check(device_may_write))
    }

    fn pieces(&mut self) -> impl Iterator<Item = (Location, usize)> + '_ {
        self.iter_mut()
            .map(|memory| (memory.location(), memory.len()))
    }
}

// SAFETY:
// - A `VVec` is in an allocation by `vmalloc()`, which has its pages to itself, beginning with the
//   first byte of the first one. They belong to the vector until it is dropped, and are in the
//   linear map as well. On arm64 it makes no difference to the caches by which of the two addresses
//   they are reached.
// - `T` has no bytes that are not initialized, takes any bytes, has no cells through which others
//   could reach it, and is not dropped in any way.
// - What the allocation has behind the last element is not visited.
unsafe impl<T: PlainData> SgMemory for VVec<T> {
    fn len(&self) -> usize {
        mem::size_of_val(&**self)
    }

    fn check(&self, _: bool) -> Result<(), MapFailure> {
        Ok(())
    }

    fn pieces(&mut self) -> impl Iterator<Item = (Location, usize)> + '_ {
        let mut left = SgMemory::len(self);

        // The allocation may have more pages, behind the last element.
        self.page_iter()
            .take(left.div_ceil(PAGE_SIZE))
            .map(move |page| {
                let len = left.min(PAGE_SIZE);
                // SAFETY: The pointer must not be null: that of a page is not.
                let page = unsafe { NonNull::new_unchecked(page.as_ptr()) };

                left -= len;
                (Location::Page { page, offset: 0 }, len)
            })
    }
}

// SAFETY: By the contracts of the two.
unsafe impl<A: SgMemory, B: SgMemory> SgMemory for (A, B) {
    fn len(&self) -> usize {
        self.0.len().saturating_add(self.1.len())
    }

    fn check(&self, device_may_write: bool) -> Result<(), MapFailure> {
        self.0.check(device_may_write)?;
        self.1.check(device_may_write)
    }

    fn pieces(&mut self) -> impl Iterator<Item = (Location, usize)> + '_ {
        Iterator::chain(self.0.pieces(), self.1.pieces())
    }
}

#[cfg(CONFIG_KUNIT = "y")]
mod tests;
