// SPDX-License-Identifier: GPL-2.0

//! Memory of a transfer between memory and a peripheral.

use core::marker::PhantomData;

use kernel::{
    bindings,
    dma::DmaAddress,
    prelude::*, //
};

/// Range of bus addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// First bus address.
    pub(crate) address: DmaAddress,
    /// Number of bytes, at least 1.
    pub(crate) len: usize,
}

/// Iterator over the segments of a mapped list.
///
/// Only bus addresses and lengths are read, because a client may pass a list without pages. The
/// list is that of the client, which may change it after the call: a job has a copy.
///
/// C type: `struct scatterlist`. C macro: `for_each_sg()`.
///
/// # Invariants
///
/// `entry` is the first of `left` mapped entries, which are valid during `'a`, unless `left` is 0.
#[derive(Clone)]
pub(crate) struct Segments<'a> {
    entry: *mut bindings::scatterlist,
    left: usize,
    list: PhantomData<&'a bindings::scatterlist>,
}

impl Segments<'_> {
    /// Creates the iterator over the first `len` entries of a list.
    ///
    /// # Safety
    ///
    /// The list has `len` mapped entries, which are valid and not changed during its lifetime.
    pub(super) unsafe fn new(list: *mut bindings::scatterlist, len: usize) -> Self {
        // INVARIANT: The caller guarantees it.
        Self {
            entry: list,
            left: len,
            list: PhantomData,
        }
    }

    /// Returns the number of bytes of all segments.
    ///
    /// # Errors
    ///
    /// `EINVAL` if there are no segments, or a length is 0 or not a multiple of `width`;
    /// `EMSGSIZE` if the number has more than 32 bits.
    pub(super) fn total_len(&self, width: u32) -> Result<usize> {
        let mut total = 0_u32;

        for segment in self.clone() {
            // CAST: That of a scatterlist has 32 bits.
            let len = segment.len as u32;

            if len == 0 || len % width != 0 {
                return Err(EINVAL);
            }
            total = total.checked_add(len).ok_or(EMSGSIZE)?;
        }
        match total {
            0 => Err(EINVAL),
            // CAST: `usize` has at least 32 bits.
            _ => Ok(total as usize),
        }
    }
}

impl Iterator for Segments<'_> {
    type Item = Segment;

    fn next(&mut self) -> Option<Segment> {
        self.left = self.left.checked_sub(1)?;

        // SAFETY: The entry must be valid and mapped: by the type invariant it is.
        let segment = unsafe {
            Segment {
                address: bindings::sg_dma_address(self.entry),
                // CAST: `usize` has at least 32 bits.
                len: bindings::sg_dma_len(self.entry) as usize,
            }
        };

        if self.left > 0 {
            // SAFETY: The entry must be valid: it is.
            // INVARIANT: It is not the last one, so the next is valid, too.
            self.entry = unsafe { bindings::sg_next(self.entry) };
        }
        Some(segment)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Segments<'_> {}

/// Buffer that the hardware goes through again and again, period by period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ring {
    /// First bus address.
    pub(crate) address: DmaAddress,
    /// Number of bytes, a multiple of that of a period, at most 32 bits.
    pub(crate) len: usize,
    /// Number of bytes of a period, a multiple of the peripheral's width.
    pub(crate) period_len: usize,
    /// True if each period calls the client back (`DMA_PREP_INTERRUPT`). Otherwise the client asks
    /// for the position.
    pub(crate) notify: bool,
}

impl Ring {
    /// Checks a buffer.
    ///
    /// # Errors
    ///
    /// `EINVAL` if a length is 0 or not the multiple that it must be; `EMSGSIZE` if it has more
    /// than 32 bits.
    pub(super) fn new(
        address: DmaAddress,
        len: usize,
        period_len: usize,
        width: u32,
        notify: bool,
    ) -> Result<Self> {
        if len == 0
            || period_len == 0
            || len % period_len != 0
            // CAST: `usize` has at least 32 bits.
            || period_len % width as usize != 0
        {
            return Err(EINVAL);
        }
        u32::try_from(len).map_err(|_| EMSGSIZE)?;
        Ok(Self {
            address,
            len,
            period_len,
            notify,
        })
    }
}
