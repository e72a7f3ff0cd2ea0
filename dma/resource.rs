// SPDX-License-Identifier: GPL-2.0

//! Registers of another device, as the source or the destination of a DMA controller.
//!
//! A DMA controller writes to the data register of a UART as it writes to memory, and needs a bus
//! address for it, too. It differs from memory in three ways: there are no caches and no bounce
//! buffers, so nothing is synced; no value owns registers as a buffer owns memory; and each access
//! has an effect, so widths and numbers of accesses matter. So the engine of a controller uses
//! these mappings for peripherals only, in the width that the peripheral expects: they are not
//! [`MappedMemory`](super::MappedMemory).
//!
//! C functions: `dma_map_resource()`, `dma_unmap_resource()`.

use core::{
    marker::PhantomData,
    ptr, //
};

use kernel::{
    bindings,
    io::PhysAddr,
    prelude::*, //
};

use super::{
    c,
    raw::warn_leaked,
    BusAddress,
    Direction,
    DmaDevice,
    InFlight,
    MapFailure,
    Mapped,
    RawSegment,
    Segment, //
};

/// Registers that are mapped for a device, in direction `D`.
///
/// # Examples
///
/// ```
/// # use kernel::io::PhysAddr;
/// # const DATA: PhysAddr = 0xfeb9_0000;
/// # trait Engine { fn set_peripheral(&mut self, data: u32); fn stop(&mut self); }
/// # fn send(dev: &DmaDevice, engine: &mut impl Engine) -> Result {
/// // SAFETY: The driver has the UART's registers, and the UART takes data at this address.
/// let data = unsafe { ResourceMapping::<ToDevice>::new(dev, DATA, 4)? };
/// let flight = BusMaster::<u32>::new(dev)?.submit(data)?;
///
/// engine.set_peripheral(flight.registers().address());
/// engine.stop();
/// // SAFETY: The device must not use the mapping any more: it was stopped.
/// drop(unsafe { flight.complete() });
/// # Ok(())
/// # }
/// ```
///
/// # Invariants
///
/// `dma_map_resource()` returned `address` for `len` bytes on `dev` in direction `D`;
/// `dma_mapping_error()` accepted it; the mapping was not unmapped.
#[must_use = "a mapping that is dropped is unmapped"]
pub(crate) struct ResourceMapping<'dev, D: Direction> {
    dev: &'dev DmaDevice,
    address: bindings::dma_addr_t,
    len: usize,
    direction: PhantomData<D>,
}

impl<'dev, D: Direction> ResourceMapping<'dev, D> {
    /// Maps the registers of `len` bytes at `start`. Callable from any context in which a
    /// `spinlock_t` may be taken.
    ///
    /// # Errors
    ///
    /// - [`MapFailure::Empty`];
    /// - [`MapFailure::MappingFailed`] with `EINVAL`: `start` is the address of memory;
    /// - [`MapFailure::MappingFailed`] with `ENOMEM`: the device cannot address the registers, of
    ///   which the kernel warns; or all its mappings are bounced.
    ///
    /// # Safety
    ///
    /// Until the result is dropped, the addresses are those of registers, which the device may read
    /// and write as the direction permits: nothing that this has an effect on is unexpected.
    pub(crate) unsafe fn new(
        dev: &'dev DmaDevice,
        start: PhysAddr,
        len: usize,
    ) -> Result<Self, MapFailure> {
        if len == 0 {
            return Err(MapFailure::Empty);
        }
        // The kernel finds this with `CONFIG_DMA_API_DEBUG` only.
        // SAFETY: Callable from any context, for any address.
        if unsafe { c::rk3588_dma_is_memory(start) } {
            return Err(MapFailure::MappingFailed(EINVAL));
        }

        let direction = D::DATA_DIRECTION.into();
        // SAFETY: Requires a bound device with a mask: `DmaDevice` is one.
        let address = unsafe { bindings::dma_map_resource(dev.as_raw(), start, len, direction, 0) };

        // SAFETY: The address must be a result of mapping for this device: see above.
        if unsafe { c::rk3588_dma_mapping_error(dev.as_raw(), address) } != 0 {
            return Err(MapFailure::MappingFailed(ENOMEM));
        }
        // INVARIANT: Mapped and checked above.
        Ok(Self {
            dev,
            address,
            len,
            direction: PhantomData,
        })
    }
}

impl<D: Direction> Drop for ResourceMapping<'_, D> {
    fn drop(&mut self) {
        let direction = D::DATA_DIRECTION.into();

        // SAFETY: Requires the arguments and the result of a mapping that was not unmapped: by the
        // type invariant.
        unsafe {
            bindings::dma_unmap_resource(self.dev.as_raw(), self.address, self.len, direction, 0)
        };
    }
}

// SAFETY: By the type invariant, the registers are mapped until the value is dropped.
unsafe impl<D: Direction> Mapped for ResourceMapping<'_, D> {
    fn is_mapped_for(&self, dev: &DmaDevice) -> bool {
        ptr::eq(self.dev, dev)
    }

    fn warn_leaked(&self) {
        warn_leaked(self.dev, self.address, self.len);
    }
}

impl<D: Direction, A: BusAddress> InFlight<ResourceMapping<'_, D>, A> {
    /// Returns the address and the length of the registers.
    pub(crate) fn registers(&self) -> Segment<'_, A> {
        let mapping = self.expose();

        // SAFETY: The bytes must be in flight, and their addresses fit into `A`: by the type
        // invariants of `InFlight`.
        unsafe { Segment::new(RawSegment::new(mapping.address, mapping.len)) }
    }
}

#[cfg(kunit_fixture)]
mod tests;
