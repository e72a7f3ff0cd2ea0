// SPDX-License-Identifier: GPL-2.0

//! Mappings in use by a device: for authors of engines.

use core::{
    marker::PhantomData,
    mem::ManuallyDrop, //
};

use kernel::{
    bindings,
    fmt,
    prelude::*, //
};

use super::{
    Direction,
    Mapping,
    Memory, //
};

/// A mapping that the device may be using.
///
/// An engine holds it from before it tells the device the address until it knows that the device has
/// stopped. Dropped instead, for example on the way out of a function that failed, it leaks the
/// mapping and its memory, with a warning: they are lost, but not corrupted.
///
/// # Examples
///
/// ```ignore
/// let flight = mapping.submit();
///
/// regs.write_reg(Source::from(flight.address().to_bus32(0)?));
/// start_and_wait_until_stopped(regs);
/// // SAFETY: The device has stopped.
/// let mapping = unsafe { flight.complete() };
/// ```
///
/// # Invariants
///
/// `mapping` is valid until `complete` takes it out.
#[must_use = "what is in flight and dropped is lost"]
pub(crate) struct InFlight<'dev, M: Memory, D: Direction> {
    mapping: ManuallyDrop<Mapping<'dev, M, D>>,
}

impl<'dev, M: Memory, D: Direction> InFlight<'dev, M, D> {
    #[inline]
    pub(super) fn new(mapping: Mapping<'dev, M, D>) -> Self {
        // INVARIANT: It has just come.
        Self {
            mapping: ManuallyDrop::new(mapping),
        }
    }

    /// Where the device finds the first byte.
    #[inline]
    pub(crate) fn address(&self) -> DmaAddress<'_> {
        DmaAddress {
            address: self.mapping.raw.address(),
            mapping: PhantomData,
        }
    }

    /// Takes the mapping back from the device.
    ///
    /// # Safety
    ///
    /// The device does not use the mapping any more, and will not again until the mapping is
    /// [submitted](Mapping::submit) anew: what was told of its address has been carried out or is
    /// forgotten, and all writes have arrived in memory.
    #[inline]
    pub(crate) unsafe fn complete(self) -> Mapping<'dev, M, D> {
        let mut this = ManuallyDrop::new(self);

        // SAFETY: `this` is not used nor dropped again, so the mapping has one owner.
        unsafe { ManuallyDrop::take(&mut this.mapping) }
    }
}

impl<M: Memory, D: Direction> Drop for InFlight<'_, M, D> {
    fn drop(&mut self) {
        dev_warn!(
            self.mapping.raw.dev().as_device(),
            "{} bytes at DMA address {} are lost: the device may still use them\n",
            self.mapping.raw.len(),
            self.address()
        );
    }
}

/// An address as the device sees it, valid for as long as the [`InFlight`] it came from.
///
/// Not a physical address: behind an IOMMU, a bounce buffer or a bus with an offset it is another
/// number. It comes from a mapping and from nowhere else.
#[derive(Clone, Copy)]
pub(crate) struct DmaAddress<'a> {
    address: bindings::dma_addr_t,
    mapping: PhantomData<&'a ()>,
}

impl DmaAddress<'_> {
    /// The address `offset` bytes further on, for a device with 32 address bits.
    ///
    /// # Errors
    ///
    /// `EOVERFLOW` if that address has more than 32 bits.
    pub(crate) fn to_bus32(self, offset: usize) -> Result<u32> {
        // CAST: `usize` has 64 bits at most on every architecture that Rust drivers run on.
        let address = self.address.checked_add(offset as u64).ok_or(EOVERFLOW)?;

        u32::try_from(address).map_err(|_| EOVERFLOW)
    }
}

impl fmt::Display for DmaAddress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.address)
    }
}
