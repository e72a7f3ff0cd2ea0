// SPDX-License-Identifier: GPL-2.0

//! Memory of which a table can be made.

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

/// Owned memory in any number of pieces, which can be mapped as a list.
///
/// Implemented for
///
/// - [`Contiguous`], one [`Memory`];
/// - [`KVec`] of [`Memory`]: several buffers, or pages;
/// - [`VVec`]: vmalloc memory, page by page. Dropping it sleeps, except in interrupt context: do
///   not drop its table with a lock held or interrupts disabled;
/// - a pair of these, in this order: a header and its payload.
///
/// Not implemented for
///
/// - the kernel crate's `SGTable`, which is mapped already, and does not return its memory. The
///   [`VVec`] of which it is made can be mapped here;
/// - each type with `AsPageIter`, a trait that does not exclude other users of the pages.
///
/// # Safety
///
/// - [`pieces`](Self::pieces) returns pieces that together have [`len`](Self::len) bytes, the same
///   each time and until the value is dropped, wherever it is moved, as long as it is not borrowed
///   mutably by other code than the table.
/// - Each piece meets the contract of [`Memory`]: it is initialized and contiguous; it is in no
///   cache line of other data, or [`check`](Self::check) rejects it; no other code accesses it.
/// - No two pieces have a byte in common.
/// - Dropping the value does not read the memory.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made a scatter-gather table",
    label = "not owned memory in pieces",
    note = "a table is made of `Contiguous` memory, a `KVec` of `Buffer`s or `PageBuffer`s, a \
            `VVec` of plain data, or a pair of these",
    note = "wrap contiguous memory, such as a `Buffer` or a `KVec<u8>`, in `Contiguous`"
)]
pub(crate) unsafe trait SgMemory: Send {
    /// Returns the number of bytes.
    fn len(&self) -> usize;

    /// Checks that the memory can be mapped. `device_may_write` is true unless the direction is
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

/// Contiguous memory: cut into entries if it is too long for a device, or on request.
pub(crate) struct Contiguous<M: Memory>(pub(crate) M);

// SAFETY: `M` meets the contract of `Memory`. The padding is not part of the piece.
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

#[diagnostic::do_not_recommend]
// SAFETY: Each element meets the contract of `Memory`, by which its memory does not move with it,
// and no two have a byte in common. Dropping the vector drops the elements.
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
// - A `VVec` owns an allocation by `vmalloc()`, which begins with the first byte of a page and
//   shares no page with other data. The pages are in the linear map as well. On arm64, cache
//   maintenance by either address affects the same lines.
// - By `PlainData`, all bytes are initialized, any bytes are valid, no code changes them through a
//   shared reference, and dropping them does nothing.
// - The pieces end with the last element.
unsafe impl<T: PlainData> SgMemory for VVec<T> {
    fn len(&self) -> usize {
        mem::size_of_val(&**self)
    }

    fn check(&self, _: bool) -> Result<(), MapFailure> {
        Ok(())
    }

    fn pieces(&mut self) -> impl Iterator<Item = (Location, usize)> + '_ {
        let mut left = SgMemory::len(self);

        // The allocation may have more pages after the last element.
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

// SAFETY: Both meet the contract, and the pieces of a pair are those of both. As owners of their
// memory, they have no byte in common.
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

#[cfg(kunit_fixture)]
mod tests;
