// SPDX-License-Identifier: GPL-2.0

//! Iterators over the entries and the segments of a raw table.
//!
//! C function: `sg_next()`; C macros: `for_each_sgtable_sg()`, `for_each_sgtable_dma_sg()`.

use core::{
    marker::PhantomData,
    ptr::{
        self,
        NonNull, //
    },
};

use kernel::{
    bindings,
    prelude::*, //
};

use super::RawTable;
use crate::{
    dma::{
        c,
        RawSegment, //
    },
    sg::runs::Run, //
};

/// Entry, or the rest of one, for accesses of the CPU.
///
/// # Invariants
///
/// `entry` belongs to a filled table, so its pages exist. The sum of `offset` and `len` is its
/// length.
#[derive(Clone, Copy)]
pub(in crate::sg) struct Entry<'a> {
    entry: &'a bindings::scatterlist,
    /// Number of skipped bytes.
    offset: usize,
    len: usize,
}

impl Entry<'_> {
    /// Returns the address of the first byte, in the linear map.
    pub(in crate::sg) fn start(&self) -> NonNull<u8> {
        // SAFETY: The sum must be inside the entry or at its end, and not null: on 64-bit machines
        // each page has an address in the linear map, and by the type invariant the pages exist and
        // the offset is at most the length.
        unsafe {
            let start = c::rk3588_dma_sg_virt(ptr::from_ref(self.entry).cast_mut());

            NonNull::new_unchecked(start.cast::<u8>().add(self.offset))
        }
    }
}

impl Run for Entry<'_> {
    #[inline]
    fn len(&self) -> usize {
        self.len
    }

    #[inline]
    fn skip(self, by: usize) -> Self {
        // The caller guarantees it. With this, the type invariant does not depend on the caller.
        let by = by.min(self.len);

        // INVARIANT: The sum is unchanged.
        Self {
            offset: self.offset + by,
            len: self.len - by,
            ..self
        }
    }
}

/// Iterator over the entries of a table, for accesses of the CPU.
#[derive(Clone)]
pub(in crate::sg) struct Entries<'a>(pub(super) RawEntries<'a>);

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Entry<'a>> {
        let entry = self.0.next()?;

        // INVARIANT: It is the whole entry. Filled tables alone have iterators.
        Some(Entry {
            entry,
            offset: 0,
            // CAST: `usize` has at least 32 bits where this is built.
            len: entry.length as usize,
        })
    }
}

/// Iterator over the segments of a mapped table.
#[derive(Clone)]
pub(crate) struct RawSegments<'a>(pub(super) RawEntries<'a>);

impl Iterator for RawSegments<'_> {
    type Item = RawSegment;

    #[inline(always)]
    fn next(&mut self) -> Option<RawSegment> {
        let entry = self.0.next()?;

        // In C, `sg_dma_address()` and `sg_dma_len()` return these fields.
        // CAST: `usize` has at least 32 bits where this is built.
        Some(RawSegment::new(
            entry.dma_address,
            entry.dma_length as usize,
        ))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

/// Iterator over entries of a table.
///
/// # Invariants
///
/// `left` entries follow `previous`, or begin with `first` if `previous` is null. Their table is
/// borrowed for `'a`.
#[derive(Clone)]
pub(super) struct RawEntries<'a> {
    /// First entry.
    first: *mut bindings::scatterlist,
    /// Last entry that was returned, or null.
    previous: *mut bindings::scatterlist,
    left: usize,
    table: PhantomData<&'a RawTable>,
}

impl RawEntries<'_> {
    /// Returns an iterator over `left` entries.
    ///
    /// # Safety
    ///
    /// `left` entries begin with `first`. Their table is borrowed for the lifetime of the result.
    #[inline(always)]
    pub(super) unsafe fn new(first: *mut bindings::scatterlist, left: usize) -> Self {
        // INVARIANT: The caller guarantees it.
        Self {
            first,
            previous: ptr::null_mut(),
            left,
            table: PhantomData,
        }
    }
}

impl<'a> Iterator for RawEntries<'a> {
    type Item = &'a bindings::scatterlist;

    #[inline(always)]
    fn next(&mut self) -> Option<&'a bindings::scatterlist> {
        self.left = self.left.checked_sub(1)?;

        // Found only now, because the entry after the last one is never needed.
        let entry = match self.previous.is_null() {
            true => self.first,
            // SAFETY: By the type invariant another entry follows: `left` was not 0.
            false => unsafe { following(self.previous) },
        };

        // INVARIANT: `left` is one less than before.
        self.previous = entry;
        // SAFETY: The entry must exist and not be written for `'a`: by the type invariant it is one
        // of a borrowed table.
        Some(unsafe { &*entry })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

/// Returns the entry after `entry`.
///
/// C function: `sg_next()`.
///
/// # Safety
///
/// There is an entry after `entry`.
#[inline]
pub(super) unsafe fn following(entry: *mut bindings::scatterlist) -> *mut bindings::scatterlist {
    const CHAIN: c_ulong = bindings::SG_CHAIN as c_ulong;
    const FLAGS: c_ulong = CHAIN | bindings::SG_END as c_ulong;

    // SAFETY: A `scatterlist` must follow: the caller guarantees an entry after this one, which
    // follows directly or after a link.
    let (next, link) = unsafe {
        let next = entry.add(1);

        (next, (*next).page_link)
    };

    match link & CHAIN {
        0 => next,
        // CAST: An address.
        _ => (link & !FLAGS) as *mut bindings::scatterlist,
    }
}
