// SPDX-License-Identifier: GPL-2.0

//! Mapped lists in use by a device: for authors of engines.

use core::{
    iter::FusedIterator,
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::Range, //
};

use kernel::{
    bindings,
    fmt,
    prelude::*, //
};

use super::{
    overlay::{
        Run,
        Within, //
    },
    table::RawTable,
    MappedList,
    Scattered, //
};
use crate::dma::{
    Direction,
    DmaAddress, //
};

/// A mapped list that the device may be using.
///
/// As an [`InFlight`](crate::dma::InFlight): held from before the device is told the addresses until it has
/// stopped. Dropped instead, it leaks the mapping and the memory, with a warning.
///
/// # Examples
///
/// ```ignore
/// let flight = list.submit();
///
/// for segment in flight.segments() {
///     ring.push(Descriptor::new(segment.address().to_bus32(0)?, segment.len()))?;
/// }
/// start_and_wait_until_stopped(ring);
/// // SAFETY: The device has stopped.
/// let list = unsafe { flight.complete() };
/// ```
///
/// # Invariants
///
/// `list` is valid until `complete` takes it out.
#[must_use = "what is in flight and dropped is lost"]
pub(crate) struct ListInFlight<'dev, M: Scattered, D: Direction> {
    list: ManuallyDrop<MappedList<'dev, M, D>>,
}

impl<'dev, M: Scattered, D: Direction> ListInFlight<'dev, M, D> {
    #[inline]
    pub(super) fn new(list: MappedList<'dev, M, D>) -> Self {
        // INVARIANT: It has just come.
        Self {
            list: ManuallyDrop::new(list),
        }
    }

    /// How many bytes it has.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// The segments as the device sees them, in the order of the memory: these and no others.
    ///
    /// C macro: `for_each_sgtable_dma_sg()`.
    #[inline]
    pub(crate) fn segments(&self) -> Segments<'_> {
        self.list.raw.segments()
    }

    /// Takes the list back from the device.
    ///
    /// # Safety
    ///
    /// As [`InFlight::complete`](crate::dma::InFlight::complete).
    #[inline]
    pub(crate) unsafe fn complete(self) -> MappedList<'dev, M, D> {
        let mut this = ManuallyDrop::new(self);

        // SAFETY: `this` is not used nor dropped again, so the list has one owner.
        unsafe { ManuallyDrop::take(&mut this.list) }
    }
}

impl<M: Scattered, D: Direction> Drop for ListInFlight<'_, M, D> {
    fn drop(&mut self) {
        dev_warn!(
            self.list.raw.dev.as_device(),
            "{} bytes in {} DMA segments are lost: the device may still use them\n",
            self.len(),
            self.list.segments()
        );
    }
}

/// Bytes that follow each other in the addresses of the device.
///
/// # Examples
///
/// ```ignore
/// descriptor.address = segment.address().to_bus32(0)?.to_le();
/// descriptor.len = u32::try_from(segment.len())?.to_le();
/// ```
#[derive(Clone, Copy)]
pub(crate) struct Segment<'a> {
    address: bindings::dma_addr_t,
    len: usize,
    list: PhantomData<&'a ()>,
}

impl<'a> Segment<'a> {
    /// Where the device finds the first of them.
    pub(crate) fn address(&self) -> DmaAddress<'a> {
        // SAFETY: A segment comes from a list that is borrowed for `'a`.
        unsafe { DmaAddress::new(self.address) }
    }

    /// How many they are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether they are on one side of each multiple of `mask` and 1.
    pub(super) fn is_within(&self, mask: u64) -> bool {
        // CAST: `usize` has at most 64 bits. A segment is not empty, and ends inside the device's mask.
        let last = self.address + (self.len - 1) as u64;

        (self.address ^ last) & !mask == 0
    }
}

impl Run for Segment<'_> {
    fn len(&self) -> usize {
        self.len
    }

    fn skip(self, by: usize) -> Self {
        Self {
            // CAST: `usize` has at most 64 bits.
            address: self.address.wrapping_add(by as u64),
            len: self.len - by,
            ..self
        }
    }
}

/// `0x40200000+4096`: its address, and its length in bytes.
impl fmt::Display for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_fmt(fmt!("{}+{}", self.address(), self.len))
    }
}

/// The segments of a mapped list.
///
/// # Invariants
///
/// From `next` on there are `left` segments of a mapped table.
#[derive(Clone)]
pub(crate) struct Segments<'a> {
    next: *mut bindings::scatterlist,
    left: usize,
    list: PhantomData<&'a RawTable>,
}

impl<'a> Segments<'a> {
    /// # Safety
    ///
    /// `table` is mapped for as long as it is borrowed.
    pub(super) unsafe fn new(table: &'a RawTable) -> Self {
        // INVARIANT: By the caller's promise.
        Self {
            next: table.first(),
            left: table.segments(),
            list: PhantomData,
        }
    }

    /// The bytes of `range`, counted from the first one of these segments: segments, of which the first and
    /// the last are cut where the range begins and ends. If there are not as many bytes, those there are.
    pub(crate) fn within(self, range: Range<usize>) -> impl Iterator<Item = Segment<'a>> + Clone {
        Within::new(self, range).map(|(segment, len)| Segment { len, ..segment })
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        self.left = self.left.checked_sub(1)?;

        let entry = self.next;

        // SAFETY: By the type invariant it is an entry with the address and length of a segment.
        unsafe {
            // INVARIANT: One less, counted above.
            self.next = bindings::sg_next(entry);
            Some(Segment {
                address: bindings::sg_dma_address(entry),
                // CAST: `usize` is no shorter than 32 bits where this is built.
                len: bindings::sg_dma_len(entry) as usize,
                list: PhantomData,
            })
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Segments<'_> {}

impl FusedIterator for Segments<'_> {}
