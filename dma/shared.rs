// SPDX-License-Identifier: GPL-2.0

//! Memory with other readers, which a device reads.
//!
//! A device that only reads memory does not disturb others who read it: a firmware image that goes
//! to several devices, a page of a socket buffer or of a file. Such memory has a reference count
//! instead of an owner. In C, a driver maps it with `DMA_TO_DEVICE` and holds a reference; that
//! nothing writes it meanwhile, and that the reference lasts as long as the device reads, is up to
//! the driver. Here the mapping has the reference, and the direction is part of the type.

use core::{
    mem::ManuallyDrop,
    ops::Range,
    option,
    ptr::NonNull, //
};

use kernel::{
    bindings,
    prelude::*,
    sync::Arc, //
};

use super::{
    c,
    raw::{
        CpuSync,
        RawMapping, //
    },
    resolve,
    DmaDevice,
    Location,
    MapError,
    Mapped,
    MappedMemory,
    Memory,
    PageBuffer,
    RawSegment,
    Submitted,
    ToDevice, //
};

/// Reference to memory that a device may read.
///
/// Implemented for an [`Arc`] of any [`Memory`], and for [`PageRef`]. Not implemented for borrowed
/// memory: after `mem::forget` of the mapping the borrow ends, but the DMA does not.
///
/// # Safety
///
/// - [`location`](Self::location) describes [`len`](Self::len) initialized, physically contiguous
///   bytes in the kernel's linear map. Both return the same each time.
/// - The memory is valid, at the same address, until the value is dropped, also if the value is
///   moved. A leaked value is never dropped: its memory stays valid for ever.
/// - Dropping the value does not sleep.
#[diagnostic::on_unimplemented(
    message = "`{Self}` may not be mapped for DMA with other readers",
    label = "not a counted reference to physically contiguous memory",
    note = "map an `Arc` of a `Buffer`, `KBox` or `KVec`, or a `PageRef`"
)]
pub(crate) unsafe trait SharedMemory: Send {
    /// Returns its location, for the kernel.
    fn location(&self) -> Location;

    /// Returns the number of bytes that the device reads.
    fn len(&self) -> usize;
}

// SAFETY: `M` meets the contract of `Memory`, which includes this one, also that a drop does not
// sleep, and is dropped with the last `Arc`. While there is a shared reference to it, no code
// writes the memory.
unsafe impl<M: Memory + Sync> SharedMemory for Arc<M> {
    fn location(&self) -> Location {
        Location::Linear(self.as_ptr())
    }

    fn len(&self) -> usize {
        Memory::len(&**self)
    }
}

/// Reference to a page, or to a part of one, that others may use.
///
/// The shape of a page fragment of a socket buffer, a folio, or a pinned page of a process. Clones
/// refer to the same bytes.
///
/// C functions: `get_page()`, `put_page()`.
///
/// # Examples
///
/// ```
/// let mut page = PageBuffer::zeroed(GFP_KERNEL)?;
///
/// page.fill(0x5a);
///
/// let page = page.share();
/// let first = SharedMapping::new(dev, page.slice(..2048)?)?;
/// let second = SharedMapping::new(dev, page)?;
/// ```
///
/// # Invariants
///
/// - This value has a reference to `page`, which is initialized and in the linear map.
/// - `range` is inside the page, or the compound page.
pub(crate) struct PageRef {
    page: NonNull<bindings::page>,
    range: Range<usize>,
}

// SAFETY: A reference to a page is not tied to a thread.
unsafe impl Send for PageRef {}

// SAFETY: `&PageRef` gives no access to the bytes.
unsafe impl Sync for PageRef {}

impl PageRef {
    /// Takes a reference to `page`, for the bytes of `range`.
    ///
    /// C function: `get_page()`.
    ///
    /// # Safety
    ///
    /// - `page` is the first page of an allocation with a reference count, in the linear map, and
    ///   has a reference of another owner.
    /// - The bytes of `range` are inside the allocation, and initialized.
    pub(crate) unsafe fn new(page: NonNull<bindings::page>, range: Range<usize>) -> Self {
        // SAFETY: The page must have a reference: the caller guarantees it.
        unsafe { c::rk3588_dma_get_page(page.as_ptr()) };
        // INVARIANT: The reference was taken above. The caller guarantees the rest.
        Self { page, range }
    }

    /// Returns a reference to the bytes of `range`, counted from the first byte of this one.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `range` is not inside.
    pub(crate) fn slice(&self, range: impl core::ops::RangeBounds<usize>) -> Result<Self> {
        let Range { start, end } = resolve(range, self.range.len())?;
        let mut slice = self.clone();

        // INVARIANT: The range is inside.
        slice.range = self.range.start + start..self.range.start + end;
        Ok(slice)
    }
}

impl Clone for PageRef {
    fn clone(&self) -> Self {
        // SAFETY: The page must have a reference, and the range must be initialized and inside it:
        // by the type invariants.
        unsafe { Self::new(self.page, self.range.clone()) }
    }
}

impl Drop for PageRef {
    fn drop(&mut self) {
        // SAFETY: This value has a reference, by the type invariants, and drops it once.
        unsafe { c::rk3588_dma_put_page(self.page.as_ptr()) };
    }
}

impl PageBuffer {
    /// Converts the page to a reference, for more readers.
    ///
    /// Nothing can write the page while there are such references.
    pub(crate) fn share(self) -> PageRef {
        let (page, range) = self.into_parts();
        let page = ManuallyDrop::new(page);

        // INVARIANT: The reference of `page` becomes that of the value, as it is not dropped. A
        // `PageBuffer` is initialized, in the linear map, and its range is inside.
        PageRef {
            // SAFETY: The pointer must not be null: that of a page is not.
            page: unsafe { NonNull::new_unchecked(page.as_ptr()) },
            range,
        }
    }
}

// SAFETY: By the type invariants, the page is initialized and in the linear map, and its reference
// keeps it there. `put_page()` does not sleep.
unsafe impl SharedMemory for PageRef {
    fn location(&self) -> Location {
        Location::Page {
            page: self.page,
            offset: self.range.start,
        }
    }

    fn len(&self) -> usize {
        self.range.len()
    }
}

/// Memory with other readers that is mapped for a device, which reads it.
///
/// Any number of such mappings of the same memory may exist, and be in flight, at the same time. If
/// bytes change while the device reads, it reads old or new ones.
///
/// # Examples
///
/// Two requests send the same bytes:
///
/// ```
/// let image = Arc::new(Buffer::zeroed(64 << 10, GFP_KERNEL)?, GFP_KERNEL)?;
/// let first = SharedMapping::new(dev, image.clone())?;
/// let second = SharedMapping::new(dev, image.clone())?;
///
/// let first = engine.send(first)?;
/// assert_eq!(image[0], 0);            // the CPU reads as before
/// ```
#[must_use = "a mapping that is dropped is unmapped"]
pub(crate) struct SharedMapping<'dev, M: SharedMemory> {
    /// Before `memory`, because fields are dropped in order: the memory is unmapped, then freed.
    raw: RawMapping<'dev, ToDevice>,
    memory: M,
    len: usize,
}

impl<'dev, M: SharedMemory> SharedMapping<'dev, M> {
    /// Maps `memory` for the device, in any context in which a `spinlock_t` may be taken.
    ///
    /// The device reads the bytes as they are now, or newer ones. C functions: `dma_map_page()` or
    /// `dma_map_single()` with `DMA_TO_DEVICE`, and `dma_mapping_error()`.
    ///
    /// # Errors
    ///
    /// Those of [`Mapping::new`](super::Mapping::new), except for
    /// [`SharesCacheLine`](super::MapFailure::SharesCacheLine). The error contains the memory.
    pub(crate) fn new(dev: &'dev DmaDevice, memory: M) -> Result<Self, MapError<M>> {
        let (location, len) = (memory.location(), memory.len());

        // SAFETY: Requires
        // - memory that is contiguous and initialized, and valid until it is unmapped: `M`
        //   implements `SharedMemory`, and the result owns the value;
        // - that the device only reads what others read: in this direction it does;
        // - `used` to be at most `len`: they are the same.
        match unsafe { RawMapping::new(dev, location, len, len, CpuSync::Whole) } {
            Ok(raw) => Ok(Self { raw, memory, len }),
            Err(failure) => Err(MapError { failure, memory }),
        }
    }

    /// Returns the memory, which others may read as before.
    pub(crate) fn memory(&self) -> &M {
        &self.memory
    }

    /// Unmaps the memory, and returns it.
    ///
    /// C functions: `dma_unmap_page()`, `dma_unmap_single()`.
    pub(crate) fn unmap(self) -> M {
        let Self { raw, memory, .. } = self;

        raw.unmap();
        memory
    }
}

// SAFETY: By the type invariant of `RawMapping`, the memory is mapped until it is dropped; `unmap`
// consumes the value. The device does not write the memory, so that methods may read it.
unsafe impl<M: SharedMemory> Mapped for SharedMapping<'_, M> {
    fn is_mapped_for(&self, dev: &DmaDevice) -> bool {
        self.raw.is_mapped_for(dev)
    }

    fn warn_leaked(&self) {
        self.raw.warn_leaked();
    }
}

// SAFETY: The only segment has the address of the mapping and its length, at least 1. No other
// method returns the address.
unsafe impl<M: SharedMemory> MappedMemory for SharedMapping<'_, M> {
    type Direction = ToDevice;
    type Segments<'a>
        = option::IntoIter<RawSegment>
    where
        Self: 'a;

    fn len(&self) -> usize {
        self.len
    }

    fn nents(&self) -> usize {
        1
    }

    fn segments(&self, _: &Submitted) -> Self::Segments<'_> {
        Some(RawSegment::new(self.raw.address(), self.len)).into_iter()
    }
}

#[cfg(kunit_fixture)]
mod tests;
