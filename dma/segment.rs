// SPDX-License-Identifier: GPL-2.0

//! Segments: addresses and lengths that a device is programmed with.
//!
//! C functions: `sg_dma_address()`, `sg_dma_len()`; C type: `dma_addr_t`.

use core::{
    marker::PhantomData,
    ops::{
        Range,
        RangeBounds, //
    },
};

use kernel::{
    bindings,
    fmt,
    prelude::*, //
};

use super::resolve;

mod sealed {
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be made a type of bus addresses",
        note = "the types are `u32` and `u64`"
    )]
    pub(crate) trait Sealed {}
}

impl sealed::Sealed for u32 {}
impl sealed::Sealed for u64 {}

/// Bus address as the registers and descriptors of a device hold it: `u32` or `u64`.
///
/// Sealed: another type could truncate addresses.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a type of bus addresses",
    note = "the types are `u32` and `u64`: the driver of a device with other addresses limits the \
            DMA mask, and converts them"
)]
pub(crate) trait BusAddress: sealed::Sealed + Copy + 'static {
    /// Highest address.
    const MAX: u64;

    /// Converts an address that is at most `MAX`.
    fn from_dma_addr(address: bindings::dma_addr_t) -> Self;
}

impl BusAddress for u32 {
    const MAX: u64 = u32::MAX as u64;

    #[inline]
    fn from_dma_addr(address: bindings::dma_addr_t) -> Self {
        // CAST: At most `MAX`.
        address as Self
    }
}

impl BusAddress for u64 {
    const MAX: u64 = u64::MAX;

    #[inline]
    fn from_dma_addr(address: bindings::dma_addr_t) -> Self {
        address
    }
}

/// Segment of a mapping: contiguous bytes on the bus.
///
/// This holds numbers that the kernel takes back, for example to sync. To program a device takes a
/// [`Segment`].
#[derive(Clone, Copy)]
pub(crate) struct RawSegment {
    address: bindings::dma_addr_t,
    len: usize,
}

impl RawSegment {
    /// Makes a segment of at least one byte.
    #[inline]
    pub(crate) fn new(address: bindings::dma_addr_t, len: usize) -> Self {
        Self { address, len }
    }

    /// Returns the address of the first byte.
    #[inline]
    pub(crate) fn address(&self) -> bindings::dma_addr_t {
        self.address
    }

    /// Returns the number of bytes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns the bytes of `range`, which is inside.
    #[inline]
    pub(crate) fn slice(self, range: Range<usize>) -> Self {
        Self {
            // CAST: `usize` has at most 64 bits.
            address: self.address.wrapping_add(range.start as u64),
            len: range.len(),
        }
    }

    /// Returns true if the segment crosses no multiple of `mask + 1`.
    #[inline]
    pub(crate) fn is_within(&self, mask: u64) -> bool {
        // CAST: `usize` has at most 64 bits. A segment is not empty, and ends inside the DMA mask.
        let last = self.address + (self.len - 1) as u64;

        (self.address ^ last) & !mask == 0
    }
}

/// Formats as address and length in bytes, `0x40200000+4096`.
impl fmt::Display for RawSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_fmt(fmt!("{:#010x}+{}", self.address, self.len))
    }
}

/// Segment of a mapping in flight, or part of one, for a device with addresses of type `A`.
///
/// # Examples
///
/// ```
/// # struct Descriptor { header: u32, payload: u32 }
/// # fn start<'dev>(
/// #     bus: BusMaster<'dev, u32>,
/// #     mapping: Mapping<'dev, Buffer, ToDevice>,
/// #     descriptor: &mut Descriptor,
/// # ) -> Result<InFlight<Mapping<'dev, Buffer, ToDevice>, u32>> {
/// let flight = bus.submit(mapping)?;
/// let parts = flight.segments().next().map(|it| (it.slice(..14), it.slice(14..)));
/// let Some((Ok(header), Ok(payload))) = parts else {
///     // SAFETY: The device must not use the mapping: it was not programmed with an address.
///     drop(unsafe { flight.complete() });
///     return Err(EINVAL);                 // without `complete`, the mapping would be leaked
/// };
///
/// descriptor.header = header.address().to_le();
/// descriptor.payload = payload.address().to_le();
/// # Ok(flight)
/// # }
/// ```
///
/// # Invariants
///
/// The bytes are in flight for `'a`. Their addresses fit into `A`.
#[derive(Clone, Copy)]
pub(crate) struct Segment<'a, A: BusAddress> {
    raw: RawSegment,
    flight: PhantomData<&'a A>,
}

impl<A: BusAddress> Segment<'_, A> {
    /// Makes a segment.
    ///
    /// # Safety
    ///
    /// `raw` is in flight for `'a`, and its addresses fit into `A`.
    #[inline]
    pub(super) unsafe fn new(raw: RawSegment) -> Self {
        // INVARIANT: The caller guarantees it.
        Self {
            raw,
            flight: PhantomData,
        }
    }

    /// Returns the address of the first byte.
    ///
    /// The number has no lifetime: program the device with it at once.
    #[inline]
    pub(crate) fn address(&self) -> A {
        A::from_dma_addr(self.raw.address)
    }

    /// Returns the number of bytes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.raw.len
    }

    /// Returns the bytes of `range`, counted from the first byte of the segment.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `range` is empty or exceeds the segment.
    #[inline]
    pub(crate) fn slice(self, range: impl RangeBounds<usize>) -> Result<Self> {
        let range = resolve(range, self.raw.len)?;

        if range.is_empty() {
            return Err(EINVAL);
        }
        // INVARIANT: The range is inside.
        Ok(Self {
            raw: self.raw.slice(range),
            ..self
        })
    }
}

/// Formats as address and length in bytes, `0x40200000+4096`.
impl<A: BusAddress> fmt::Display for Segment<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

#[cfg(kunit_fixture)]
#[kunit_tests(rk3588_dma_segment)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_across_a_boundary_is_found() {
        let segment = RawSegment::new;

        assert!(segment(0x1000, 0x1000).is_within(0xfff));
        assert!(segment(0x1fff, 1).is_within(0xfff));
        assert!(!segment(0x1000, 0x1001).is_within(0xfff));
        assert!(!segment(0x1fff, 2).is_within(0xfff));
        assert!(!segment(0x1fff, 2).is_within(0x1fff));
        assert!(segment(0x2fff, 2).is_within(0x1fff));
        assert!(segment(0xffff_fffe, 2).is_within(0xffff_ffff));
        assert!(!segment(0xffff_ffff, 2).is_within(0xffff_ffff));
        assert!(segment(0, usize::MAX).is_within(u64::MAX));
    }
}
