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

    /// The length in bytes of what the device may use.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.mapping.len()
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

/// An address as the device sees it, valid for as long as the [`InFlight`] it came from, or the list in flight
/// ([`ListInFlight`](crate::sg::ListInFlight)).
///
/// Not a physical address: behind an IOMMU, a bounce buffer or a bus with an offset it is another
/// number. It comes from these and from nowhere else. C type: `dma_addr_t`.
///
/// # Examples
///
/// ```ignore
/// let address = flight.address();
///
/// descriptor.header = address.to_bus32(0)?.to_le();
/// descriptor.payload = address.to_bus32(HEADER_LEN)?.to_le();
/// ```
#[derive(Clone, Copy)]
pub(crate) struct DmaAddress<'a> {
    address: bindings::dma_addr_t,
    mapping: PhantomData<&'a ()>,
}

impl DmaAddress<'_> {
    /// The address `address`.
    ///
    /// # Safety
    ///
    /// It is one of a mapping in flight, or of a list, which stays so for as long as the lifetime says.
    #[inline]
    pub(crate) unsafe fn new(address: bindings::dma_addr_t) -> Self {
        Self {
            address,
            mapping: PhantomData,
        }
    }

    /// As the kernel has it: for a device with more than 32 address bits, or to be compared.
    ///
    /// It says no more how long it is valid, so it goes to the device at once.
    #[inline]
    #[allow(
        dead_code,
        reason = "a PL330 has 32 address bits; other devices have more"
    )]
    pub(crate) fn as_raw(self) -> bindings::dma_addr_t {
        self.address
    }

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

#[kunit_tests(rk3588_dma_flight)]
mod tests {
    use super::*;
    use crate::{
        bindings::as_raw,
        dma::{
            Buffer,
            FromDevice,
            ToDevice, //
        },
        fixture::TestDevice, //
    };

    #[test]
    fn addresses_count_on_from_the_first_byte() -> Result {
        let device = TestDevice::new()?;
        let flight = Mapping::<_, ToDevice>::new(device.dma()?, Buffer::zeroed(8192)?)?.submit();
        let address = flight.address();
        let first = address.to_bus32(0)?;

        assert_eq!(address.to_bus32(1)?, first + 1);
        assert_eq!(address.to_bus32(8191)?, first + 8191);
        // SAFETY: There is no device.
        drop(unsafe { flight.complete() });
        Ok(())
    }

    #[test]
    fn addresses_beyond_32_bits_are_refused() -> Result {
        let device = TestDevice::new()?;
        let flight = Mapping::<_, ToDevice>::new(device.dma()?, Buffer::zeroed(64)?)?.submit();
        let address = flight.address();
        let last = (u32::MAX - address.to_bus32(0)?) as usize;

        assert_eq!(address.to_bus32(last)?, u32::MAX);
        assert!(matches!(address.to_bus32(last + 1), Err(EOVERFLOW)));
        assert!(matches!(address.to_bus32(usize::MAX), Err(EOVERFLOW)));
        // SAFETY: There is no device.
        drop(unsafe { flight.complete() });
        Ok(())
    }

    /// What was in flight and is dropped stays allocated and mapped: the device may go on.
    #[test]
    fn what_is_dropped_in_flight_is_lost_but_not_freed() -> Result {
        const LEN: usize = 4096;

        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut buffer = Buffer::zeroed(LEN)?;
        let memory = buffer.as_mut_ptr();
        let flight = Mapping::<_, FromDevice>::new(dev, buffer)?.submit();
        let address = flight.address().address;

        drop(flight);
        assert_eq!(dev.statistics().snapshot().live, 1);
        // SAFETY: The memory is still ours; KASAN would complain otherwise.
        unsafe { memory.as_ptr().write_volatile(1) };

        // What `drop` left, so that nothing is left for those who look for leaks.
        // SAFETY: These are the mapping and the allocation that were lost.
        unsafe {
            bindings::dma_unmap_page_attrs(
                as_raw(dev.as_device()),
                address,
                LEN,
                bindings::dma_data_direction::DMA_FROM_DEVICE,
                0,
            );
            bindings::free_pages_exact(memory.as_ptr().cast(), LEN);
        }
        Ok(())
    }
}
