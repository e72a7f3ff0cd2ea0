// SPDX-License-Identifier: GPL-2.0

//! Mappings of a single, physically contiguous piece of memory.
//!
//! C functions: `dma_map_single()`, `dma_mapping_error()`, `dma_unmap_single()`.

use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ptr::{
        self,
        NonNull, //
    },
};

use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    fmt,
    prelude::*, //
};

use super::Direction;
use crate::bindings::{
    as_raw,
    c, //
};

/// Owned memory that a device may be given.
///
/// # Safety
///
/// - `as_ptr` and `len` describe initialized, physically contiguous memory in the kernel's linear
///   map: not the stack, not vmalloc memory, not part of the kernel image.
/// - It begins and ends at a cache line (`ARCH_DMA_MINALIGN`), and so shares none.
/// - Both stay the same, and the memory valid, from one call to the next until the value is dropped,
///   wherever the value is moved.
/// - While the value is neither borrowed nor consumed nobody reads or writes the memory.
pub(crate) unsafe trait Memory: Send {
    /// The first byte.
    fn as_ptr(&self) -> NonNull<u8>;

    /// The length in bytes, with what pads it to whole cache lines. The kernel bounces what is
    /// written by a device and has a shorter end.
    fn len(&self) -> usize;
}

/// A mapping that could not be made, with the memory that was to be mapped.
///
/// Turns into its [`Error`] with `?`, which drops the memory.
pub(crate) struct MapError<B> {
    /// Why: `EINVAL` for memory of no length, `EIO` where the kernel refused.
    pub(crate) error: Error,
    /// What was to be mapped, untouched.
    pub(crate) memory: B,
}

impl<B> From<MapError<B>> for Error {
    fn from(failed: MapError<B>) -> Self {
        failed.error
    }
}

/// Memory `B` that is mapped for a device, in direction `D`, until it is dropped.
///
/// The CPU cannot reach the bytes meanwhile: [`unmap`](Self::unmap) gives the memory back.
///
/// # Examples
///
/// ```ignore
/// let mapping = match Mapping::<_, FromDevice>::new(dev, buffer) {
///     Ok(mapping) => mapping,
///     Err(failed) => return later(failed.memory),
/// };
/// ```
///
/// # Invariants
///
/// `address` is what `dma_map_single()` returned for all of `memory` on `dev` in direction `D`, was
/// found good by `dma_mapping_error()`, and has not been unmapped.
pub(crate) struct Mapping<'dev, B: Memory, D: Direction> {
    dev: &'dev Device<Bound>,
    address: bindings::dma_addr_t,
    memory: B,
    direction: PhantomData<D>,
}

impl<'dev, B: Memory, D: Direction> Mapping<'dev, B, D> {
    /// Hands `memory` to the device: writes back or discards the CPU's cache lines of it, or copies
    /// it where the device can reach it.
    ///
    /// C functions: `dma_map_single()`, `dma_mapping_error()`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the memory has no length; `EIO` if the kernel cannot map it: out of reach of the
    /// device's DMA mask and too long for, or no more space in, the bounce buffers. The memory comes
    /// back in the error.
    pub(crate) fn new(dev: &'dev Device<Bound>, memory: B) -> Result<Self, MapError<B>> {
        let len = memory.len();

        if len == 0 {
            return Err(MapError {
                error: EINVAL,
                memory,
            });
        }

        // SAFETY:
        // - `dev` is bound, so its DMA configuration is in place.
        // - By the contract of `Memory` these `len` bytes are in the linear map, contiguous, share
        //   no cache line, stay where they are and are reached by nobody else while we own `memory`.
        let address = unsafe {
            c::rk3588_dma_map_single(
                as_raw(dev),
                memory.as_ptr().as_ptr().cast(),
                len,
                D::DATA_DIRECTION.into(),
            )
        };

        // SAFETY: `address` was returned for this device just now.
        if unsafe { c::rk3588_dma_mapping_error(as_raw(dev), address) } != 0 {
            return Err(MapError { error: EIO, memory });
        }

        // INVARIANT: Mapped and checked just now.
        Ok(Self {
            dev,
            address,
            memory,
            direction: PhantomData,
        })
    }

    /// The length in bytes, padding included.
    pub(crate) fn len(&self) -> usize {
        self.memory.len()
    }

    /// Whether the mapping was made for `dev`.
    pub(crate) fn is_for(&self, dev: &Device<Bound>) -> bool {
        ptr::eq(as_raw(self.dev), as_raw(dev))
    }

    /// Takes the memory back from the device, so that the CPU sees what the device wrote.
    ///
    /// C function: `dma_unmap_single()`.
    pub(crate) fn unmap(self) -> B {
        let this = ManuallyDrop::new(self);

        // SAFETY: `this` is not dropped, and its address not used again.
        unsafe { this.unmap_address() };
        // SAFETY: `this` is not dropped, so the memory has one owner.
        unsafe { ptr::read(&this.memory) }
    }

    /// Lends the mapping to the device, which may use it from now on.
    pub(crate) fn submit(self) -> InFlight<'dev, B, D> {
        InFlight {
            mapping: ManuallyDrop::new(self),
        }
    }

    /// Ends the mapping.
    ///
    /// # Safety
    ///
    /// To be called once, after the last use of `address`.
    unsafe fn unmap_address(&self) {
        // SAFETY: By the type invariant these are the arguments and the result of the mapping, which
        // exists until now by the caller's promise.
        unsafe {
            c::rk3588_dma_unmap_single(
                as_raw(self.dev),
                self.address,
                self.memory.len(),
                D::DATA_DIRECTION.into(),
            )
        };
    }
}

impl<B: Memory, D: Direction> Drop for Mapping<'_, B, D> {
    fn drop(&mut self) {
        // SAFETY: A value is dropped once, and not used afterwards.
        unsafe { self.unmap_address() };
    }
}

/// A mapping that the device may be using.
///
/// For authors of engines: an engine holds it from before it tells the device the address until it
/// knows that the device has stopped. Dropped instead, for example on the way out of a function that
/// failed, it leaks the mapping and its memory, with a warning: they are lost, but not corrupted.
///
/// # Invariants
///
/// `mapping` is valid until `complete` takes it out.
pub(crate) struct InFlight<'dev, B: Memory, D: Direction> {
    mapping: ManuallyDrop<Mapping<'dev, B, D>>,
}

impl<'dev, B: Memory, D: Direction> InFlight<'dev, B, D> {
    /// Where the device finds the first byte.
    pub(crate) fn address(&self) -> DmaAddress<'_> {
        DmaAddress {
            address: self.mapping.address,
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
    pub(crate) unsafe fn complete(self) -> Mapping<'dev, B, D> {
        let mut this = ManuallyDrop::new(self);

        // SAFETY: `this` is not used nor dropped again, so the mapping has one owner.
        unsafe { ManuallyDrop::take(&mut this.mapping) }
    }
}

impl<B: Memory, D: Direction> Drop for InFlight<'_, B, D> {
    fn drop(&mut self) {
        dev_warn!(
            self.mapping.dev,
            "{} bytes at DMA address {} are lost: the device may still use them\n",
            self.mapping.len(),
            self.address()
        );
    }
}

/// An address as the device sees it, valid for as long as the [`InFlight`] it came from.
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
