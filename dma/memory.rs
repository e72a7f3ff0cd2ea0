// SPDX-License-Identifier: GPL-2.0

//! Memory that can be mapped.
//!
//! C documentation: `Documentation/core-api/dma-api-howto.rst`, "What memory is DMA'able?".

use core::{
    mem,
    ptr::{
        self,
        NonNull, //
    }, //
};

use kernel::prelude::*;

pub(crate) use super::raw::Location;
use super::{
    c,
    MapFailure,
    PlainData, //
};

/// Owned memory that can be mapped for DMA.
///
/// Implemented for [`Buffer`](super::Buffer), [`PageBuffer`](super::PageBuffer), [`KBox`], [`KVec`]
/// and a [`MemoryRange`](super::MemoryRange) of one of them. Not implemented for
///
/// - `&mut [u8]`: after `mem::forget` of the mapping the borrow ends, but the DMA does not;
/// - arrays, which may be on the stack;
/// - [`VVec`] and [`KVVec`], whose pages need not be contiguous;
/// - statics, which are in the kernel image.
///
/// # Examples
///
/// A buffer with other data beside it:
///
/// ```
/// # use kernel::time::{Instant, Monotonic};
/// struct Frame {
///     buffer: Buffer,
///     received: Instant<Monotonic>,
/// }
///
/// // SAFETY: `Buffer` meets all requirements, and the methods are those of the buffer.
/// unsafe impl Memory for Frame {
///     fn as_ptr(&self) -> NonNull<u8> {
///         self.buffer.as_ptr()
///     }
///
///     fn as_mut_ptr(&mut self) -> NonNull<u8> {
///         self.buffer.as_mut_ptr()
///     }
///
///     fn len(&self) -> usize {
///         Memory::len(&self.buffer)
///     }
///
///     fn padded_len(&self) -> usize {
///         self.buffer.padded_len()
///     }
///
///     fn check(&self, device_may_write: bool) -> Result<(), MapFailure> {
///         self.buffer.check(device_may_write)
///     }
/// }
/// ```
///
/// # Safety
///
/// - [`location`](Self::location), [`as_ptr`](Self::as_ptr), [`as_mut_ptr`](Self::as_mut_ptr) and
///   [`padded_len`](Self::padded_len) describe the same initialized, physically contiguous memory,
///   in the kernel's linear map: not the stack, not vmalloc memory, not part of the kernel image.
///   Any bytes are valid in it. These methods and [`len`](Self::len) do not access the memory, and
///   return the same each time, unless the value was changed in between. `location` and
///   `as_mut_ptr` make no reference to the memory: a device may be writing other bytes of it.
/// - It shares no cache line (`dma_get_cache_alignment()`) with data that is used while the value
///   exists; or it is in an allocation by `kmalloc()`, and [`check`](Self::check) rejects it if it
///   shares a line and the kernel would not bounce what the device writes. The latter must be a
///   [`Location::Linear`].
/// - A [`Location::Page`] is inside the page or compound page, and its offset fits into 32 bits.
/// - [`len`](Self::len) is not more than `padded_len`.
/// - The memory is valid, at the same address, until the value is dropped, also if the value is
///   moved. A leaked value is never dropped: its memory stays valid for ever, also after a lifetime
///   of the type has ended. So borrowed memory does not qualify. The type may borrow other data,
///   and need not be `'static`.
/// - While the value is neither borrowed nor consumed, no other code accesses the memory. While
///   there is a shared reference to the value, no code writes the memory. No two values have a byte
///   in common.
/// - Dropping the value does not read the memory: what a device wrote there may not have been
///   synced. Nor does it sleep.
#[diagnostic::on_unimplemented(
    message = "`{Self}` may not be mapped for DMA",
    label = "not an owned, physically contiguous allocation",
    note = "map a `Buffer`, `PageBuffer`, `KBox` or `KVec` of plain data: a mapping owns its \
            memory, which must not be on the stack, in vmalloc memory or in the kernel image"
)]
pub(crate) unsafe trait Memory: Send + Unpin {
    /// Returns its location, for the kernel.
    fn location(&mut self) -> Location {
        Location::Linear(self.as_mut_ptr())
    }

    /// Returns the address of the first byte, to read.
    fn as_ptr(&self) -> NonNull<u8>;

    /// Returns the address of the first byte, to read and write.
    fn as_mut_ptr(&mut self) -> NonNull<u8>;

    /// Returns the number of bytes that the CPU and the device use.
    fn len(&self) -> usize;

    /// Returns the number of bytes that are mapped: [`len`](Self::len), plus padding to whole cache
    /// lines if the memory has such padding.
    fn padded_len(&self) -> usize {
        self.len()
    }

    /// Checks that the memory can be mapped. `device_may_write` is true unless the direction is
    /// [`ToDevice`](super::ToDevice).
    ///
    /// This has no default: a wrapper calls the method of the inner memory, and memory that shares
    /// no cache line returns `Ok`.
    ///
    /// # Errors
    ///
    /// [`MapFailure::SharesCacheLine`].
    fn check(&self, device_may_write: bool) -> Result<(), MapFailure>;
}

// SAFETY:
// - A `KVec` with elements owns an allocation by `kmalloc()`, which does not move.
// - By `PlainData`, all bytes are initialized, any bytes are valid, no code changes them through a
//   shared reference, and dropping them does nothing.
// - A `KVec` without elements, or with elements of size 0, has a length of 0.
// - `check` rejects elements that share a cache line unnoticed by the kernel.
unsafe impl<T: PlainData> Memory for KVec<T> {
    fn as_ptr(&self) -> NonNull<u8> {
        NonNull::from(&**self).cast()
    }

    fn as_mut_ptr(&mut self) -> NonNull<u8> {
        // SAFETY: A `KVec` has a pointer that is not null, also without elements.
        unsafe { NonNull::new_unchecked(KVec::as_mut_ptr(self).cast()) }
    }

    fn len(&self) -> usize {
        mem::size_of_val(&**self)
    }

    fn check(&self, device_may_write: bool) -> Result<(), MapFailure> {
        let (start, len) = (Memory::as_ptr(self), Memory::len(self));
        // The kernel decides by the length of the mapping whether to bounce. A `KVec` may have a
        // larger allocation, so that the kernel misses data in the cache line of the first element.
        // SAFETY: The function accepts any pointer and length.
        let shares_line = unsafe { c::rk3588_dma_shares_line(start.as_ptr().cast(), len) };

        match device_may_write && shares_line {
            true => Err(MapFailure::SharesCacheLine),
            false => Ok(()),
        }
    }
}

// SAFETY:
// - A `KBox` of a type with a size owns an allocation by `kmalloc()`, which does not move. It is as
//   long as the value, so the kernel knows which cache lines it shares.
// - By `PlainData`, all bytes are initialized, any bytes are valid, no code changes them through a
//   shared reference, and dropping them does nothing.
// - A `KBox` of a type of size 0 has a length of 0.
unsafe impl<T: PlainData> Memory for KBox<T> {
    fn as_ptr(&self) -> NonNull<u8> {
        NonNull::from(&**self).cast()
    }

    fn as_mut_ptr(&mut self) -> NonNull<u8> {
        // CAST: A `KBox<T>` is `repr(transparent)` over `NonNull<T>`.
        let ptr = ptr::from_mut(self).cast::<NonNull<T>>();

        // SAFETY: The pointer must be valid for reads: it is that of a borrowed `KBox`.
        unsafe { ptr.read() }.cast()
    }

    fn len(&self) -> usize {
        mem::size_of::<T>()
    }

    #[inline]
    fn check(&self, _: bool) -> Result<(), MapFailure> {
        Ok(())
    }
}

#[cfg(kunit_fixture)]
#[kunit_tests(rk3588_dma_memory)]
mod tests {
    use super::*;
    use crate::{
        dma::{
            Bidirectional,
            DmaDevice,
            FromDevice,
            Mapping,
            ToDevice, //
        },
        fixture::{
            self,
            TestDevice, //
        }, //
    };

    /// Returns true if memory at `address` is rejected.
    fn is_refused(dev: &DmaDevice, address: NonNull<u8>) -> bool {
        Mapping::<_, ToDevice>::new(dev, fixture::Lie(address))
            .is_err_and(|error| error.failure == MapFailure::NotLinear)
    }

    #[test]
    fn a_vector_goes_both_ways() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        // Lengths of which some are bounced for sharing a cache line.
        for len in [1, 7, 31, 32, 64, 1000] {
            let vector = KVec::from_elem(0x0102_0304_u32.to_le(), len, GFP_KERNEL)?;
            let mapping = Mapping::<_, Bidirectional>::new(dev, vector)?;

            assert_eq!(mapping.len(), 4 * len);

            let mapping = fixture::run(dev, mapping, |hardware| {
                assert_eq!(hardware.read(4 * len - 4), [4, 3, 2, 1]);
                hardware.write(4 * len - 2, &[0xaa, 0xbb]);
            })?;
            let vector = mapping.unmap();

            assert_eq!(u32::from_le(vector[len - 1]), 0xbbaa_0304);
            assert_eq!(vector.len(), len);
        }
        Ok(())
    }

    #[test]
    fn a_box_goes_both_ways() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let words = KBox::new([1u64.to_le(), 2u64.to_le()], GFP_KERNEL)?;
        let mapping = Mapping::<_, Bidirectional>::new(dev, words)?;

        assert_eq!(mapping.len(), 16);

        let mapping = fixture::run(dev, mapping, |hardware| {
            assert_eq!(hardware.read(7), [0, 2, 0]);
            hardware.write(0, &[9]);
        })?;

        assert_eq!(mapping.unmap().map(u64::from_le), [9, 2]);
        Ok(())
    }

    /// Short objects of `kmalloc()` share cache lines with others, so the device gets a copy of
    /// what it writes.
    #[test]
    fn neighbours_in_a_cache_line_are_left_alone() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut neighbours = KVec::new();
        let mut mappings = KVec::new();

        for _ in 0..16 {
            neighbours.push(KBox::new(1u64, GFP_KERNEL)?, GFP_KERNEL)?;
            mappings.push(
                Mapping::<_, FromDevice>::new(dev, KBox::new(0u64, GFP_KERNEL)?)?,
                GFP_KERNEL,
            )?;
        }
        assert_eq!(fixture::counters(dev).bounced, 16);
        for mapping in mappings {
            let mapping = fixture::run(dev, mapping, |hardware| hardware.write(0, &[0xff; 8]))?;

            for neighbour in &mut neighbours {
                **neighbour += 1;
            }
            assert_eq!(*mapping.unmap(), u64::MAX);
        }
        assert!(neighbours.iter().all(|neighbour| **neighbour == 17));
        Ok(())
    }

    /// A vector may have a larger allocation than the kernel takes it for. Wherever that lies
    /// across cache lines the kernel does not bounce it, so it is refused.
    #[test]
    fn a_vector_that_secretly_shares_a_line_is_refused() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        // SAFETY: Callable from any context.
        let line = unsafe { c::rk3588_dma_get_cache_alignment() } as usize;
        let mut kept = KVec::new();

        for _ in 0..16 {
            let mut vector = KVec::with_capacity(96, GFP_KERNEL)?;

            vector.extend_from_slice(&[0u8; 64], GFP_KERNEL)?;

            let is_aligned = vector.as_ptr().addr() % line == 0;

            match Mapping::<_, FromDevice>::new(dev, vector) {
                Ok(mapping) => {
                    let is_bounced = fixture::counters(dev).bounced != 0;

                    assert!(is_aligned || is_bounced);
                    kept.push(mapping.unmap(), GFP_KERNEL)?;
                }
                Err(error) => {
                    assert!(!is_aligned);
                    assert_eq!(error.failure, MapFailure::SharesCacheLine);
                    // Reading is no danger.
                    let mapping = Mapping::<_, ToDevice>::new(dev, error.memory)?;

                    kept.push(mapping.unmap(), GFP_KERNEL)?;
                }
            }
        }
        Ok(())
    }

    #[test]
    fn elements_of_no_size_are_nothing() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let units = KVec::from_elem((), 5, GFP_KERNEL)?;
        let unit = KBox::new((), GFP_KERNEL)?;

        assert!(Mapping::<_, ToDevice>::new(dev, units)
            .is_err_and(|error| error.failure == MapFailure::Empty));
        assert!(Mapping::<_, ToDevice>::new(dev, unit)
            .is_err_and(|error| error.failure == MapFailure::Empty));
        Ok(())
    }

    #[test]
    fn a_stack_is_found_out() -> Result {
        let device = TestDevice::new()?;
        let mut bytes = [0u8; 64];

        assert!(is_refused(device.dma()?, NonNull::from(&mut bytes).cast()));
        Ok(())
    }

    #[test]
    fn vmalloc_memory_is_found_out() -> Result {
        let device = TestDevice::new()?;
        let mut bytes = VVec::from_elem(0u8, 64, GFP_KERNEL)?;

        assert!(is_refused(
            device.dma()?,
            NonNull::from(&mut bytes[..]).cast()
        ));
        Ok(())
    }

    #[test]
    fn part_of_the_module_is_found_out() -> Result {
        static BYTES: [u8; 64] = [1; 64];

        let device = TestDevice::new()?;

        assert!(is_refused(device.dma()?, NonNull::from(&BYTES).cast()));
        Ok(())
    }

    #[test]
    fn part_of_the_kernel_is_found_out() -> Result {
        let device = TestDevice::new()?;
        let jiffies = &raw mut kernel::bindings::jiffies;

        assert!(is_refused(
            device.dma()?,
            NonNull::new(jiffies.cast()).ok_or(EINVAL)?
        ));
        Ok(())
    }
}
