// SPDX-License-Identifier: GPL-2.0

//! Buffers: whole pages, which share no cache line with other data.

use core::{
    ops::{
        Deref,
        DerefMut, //
    },
    ptr::{
        self,
        NonNull, //
    },
    slice, //
};

use kernel::{
    alloc::Flags,
    bindings,
    page::PAGE_SIZE,
    prelude::*, //
};

use super::{
    as_gfp,
    c,
    DmaDevice,
    MapFailure,
    Memory, //
};

/// Physically contiguous, zeroed memory, which the CPU accesses as a slice.
///
/// - [`zeroed`](Self::zeroed) allocates it below 4 GiB, if the kernel has `CONFIG_ZONE_DMA32`, as
///   arm64 kernels have by default; [`for_device`](Self::for_device) where a device can address it.
/// - It consists of whole pages, so cache maintenance affects no other data.
/// - It is zeroed, so a device never reads old kernel memory.
///
/// C functions: `alloc_pages_exact()`, `free_pages_exact()`.
///
/// # Examples
///
/// ```
/// let mut buffer = Buffer::zeroed(1500, GFP_KERNEL)?;
///
/// buffer[..4].copy_from_slice(b"ping");
/// assert_eq!(buffer.len(), 1500);
/// ```
///
/// # Invariants
///
/// - `ptr` is the start of an allocation by `alloc_pages_exact(len, ...)` that this value owns.
/// - The allocation has at least `padded_len` bytes, which are initialized.
/// - `len` is not 0 and not more than `padded_len`.
pub(crate) struct Buffer {
    ptr: NonNull<u8>,
    len: usize,
    padded_len: usize,
}

// SAFETY: A `Buffer` owns its memory, which is not tied to a thread.
unsafe impl Send for Buffer {}

// SAFETY: `&Buffer` only gives shared access to the bytes.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// Maximum length in bytes: the largest block of the page allocator (`MAX_PAGE_ORDER`).
    pub(crate) const MAX_LEN: usize = PAGE_SIZE << bindings::MAX_PAGE_ORDER;

    /// Allocates `len` bytes of zeroes below 4 GiB with `flags`.
    ///
    /// # Errors
    ///
    /// - `EINVAL` if `len` is 0 or exceeds [`MAX_LEN`](Self::MAX_LEN), or `flags` is not a
    ///   combination of [`kernel::alloc::flags`] without `__GFP_HIGHMEM`;
    /// - `ENOMEM` if the allocation fails.
    pub(crate) fn zeroed(len: usize, flags: Flags) -> Result<Self> {
        // SAFETY: Callable from any context.
        let zone = unsafe { c::rk3588_dma_zone(ptr::null_mut()) };

        Self::in_zone(len, as_gfp(flags)?, zone)
    }

    /// Allocates `len` bytes of zeroes that `dev` can address, with `flags`.
    ///
    /// They are not bounced, unless the device has fewer address bits than the kernel has zones
    /// for, or all mappings are bounced. For a device with more than 32 address bits, they may be
    /// above 4 GiB.
    ///
    /// # Errors
    ///
    /// Those of [`zeroed`](Self::zeroed).
    pub(crate) fn for_device(dev: &DmaDevice, len: usize, flags: Flags) -> Result<Self> {
        // SAFETY: Requires a bound device with a mask: `dev` is one.
        let zone = unsafe { c::rk3588_dma_zone(dev.as_raw()) };

        Self::in_zone(len, as_gfp(flags)?, zone)
    }

    fn in_zone(len: usize, gfp: bindings::gfp_t, zone: bindings::gfp_t) -> Result<Self> {
        if len == 0 || len > Self::MAX_LEN || gfp & bindings::__GFP_HIGHMEM != 0 {
            return Err(EINVAL);
        }

        // SAFETY: The length must not be 0 or exceed the largest block: compared above.
        let ptr = unsafe { c::rk3588_dma_alloc_pages(len, gfp | zone) };
        let ptr = NonNull::new(ptr.cast()).ok_or(ENOMEM)?;

        // INVARIANT: Allocated above as whole, zeroed pages. A page is a multiple of a cache line.
        Ok(Self {
            ptr,
            len,
            padded_len: pad(len),
        })
    }
}

/// Returns `len`, rounded up to whole cache lines, at most a page more.
///
/// The kernel takes short memory that ends within a line for `kmalloc()` memory, and bounces writes
/// of the device.
pub(super) fn pad(len: usize) -> usize {
    len.next_multiple_of(cache_line())
}

/// Returns the length of a cache line in bytes, a power of two.
///
/// C function: `dma_get_cache_alignment()`.
pub(super) fn cache_line() -> usize {
    // SAFETY: Callable from any context.
    // CAST: The length is positive, and small.
    unsafe { c::rk3588_dma_get_cache_alignment() }.max(1) as usize
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: The bytes must be initialized, and not written while the slice exists: by the
        // type invariants this value owns initialized bytes, and `&self` excludes writers.
        unsafe { slice::from_raw_parts(self.ptr.as_ptr(), self.len) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: The bytes must be initialized, with no other reference: by the type invariants
        // this value owns initialized bytes, and `&mut self` excludes other users.
        unsafe { slice::from_raw_parts_mut(self.ptr.as_ptr(), self.len) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: Requires the start and the length of an allocation without users: by the type
        // invariants this value owns it.
        unsafe { bindings::free_pages_exact(self.ptr.as_ptr().cast(), self.len) };
    }
}

// SAFETY:
// - `alloc_pages_exact()` returns physically contiguous memory in the linear map: whole pages, and
//   so whole cache lines. It was zeroed.
// - The allocation does not move with the `Buffer`, and exists until that is dropped.
// - Only the owner of the `Buffer` accesses the bytes.
unsafe impl Memory for Buffer {
    fn as_ptr(&self) -> NonNull<u8> {
        self.ptr
    }

    fn as_mut_ptr(&mut self) -> NonNull<u8> {
        self.ptr
    }

    fn len(&self) -> usize {
        self.len
    }

    fn padded_len(&self) -> usize {
        self.padded_len
    }

    #[inline]
    fn check(&self, _: bool) -> Result<(), MapFailure> {
        Ok(())
    }
}

#[cfg(kunit_fixture)]
#[kunit_tests(rk3588_dma_buffer)]
mod tests {
    use kernel::dma::DmaMask;

    use super::*;
    use crate::{
        dma::{
            Limits,
            Mapping,
            ToDevice, //
        },
        fixture::{
            self,
            TestDevice, //
        }, //
    };

    /// Returns the physical address of the last byte.
    fn last_address(buffer: &Buffer) -> u64 {
        // SAFETY: The function accepts any address.
        unsafe { c::rk3588_dma_virt_to_phys(ptr::from_ref(&buffer[buffer.len() - 1]).cast()) }
    }

    /// The kernel accepts a mask only if it has a zone whose memory the device can address.
    #[test]
    fn is_where_the_device_can_address_it() -> Result {
        let mut accepted = 0;

        for (bits, mask) in [
            (24, DmaMask::new::<24>()),
            (30, DmaMask::new::<30>()),
            (32, DmaMask::new::<32>()),
            (64, DmaMask::new::<64>()),
        ] {
            let device = TestDevice::new()?;
            let dev = match device.dma_with(Limits::new(mask)) {
                Err(EIO) if bits < 32 => continue,
                result => result?,
            };
            let is_bounced = fixture::is_bounced(dev)?;

            for len in [1, 4096, 100_000] {
                let before = fixture::counters(dev).bounced;
                let buffer = Buffer::for_device(dev, len, GFP_KERNEL)?;

                assert_eq!(buffer.len(), len);
                assert!(buffer.iter().all(|&byte| byte == 0));
                assert!(last_address(&buffer) <= mask.value());
                drop(Mapping::<_, ToDevice>::new(dev, buffer)?);
                assert_eq!(
                    fixture::counters(dev).bounced - before,
                    u64::from(is_bounced)
                );
            }
            accepted += 1;
        }
        assert!(accepted >= 2);
        Ok(())
    }

    #[test]
    fn is_below_4_gib_without_a_device() -> Result {
        for flags in [GFP_KERNEL, GFP_ATOMIC] {
            let buffer = Buffer::zeroed(8192, flags)?;

            assert!(last_address(&buffer) < 1 << 32);
        }
        Ok(())
    }

    #[test]
    fn is_allocated_in_atomic_context() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let guard = kernel::sync::rcu::read_lock();
        let buffers = (
            Buffer::zeroed(4096, GFP_ATOMIC),
            Buffer::for_device(dev, 4096, GFP_ATOMIC),
        );

        drop(guard);
        assert!(buffers.0?.iter().all(|&byte| byte == 0));
        assert!(buffers.1?.iter().all(|&byte| byte == 0));
        Ok(())
    }

    #[test]
    fn impossible_flags_are_refused() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        for flags in [
            GFP_KERNEL & GFP_ATOMIC,
            !GFP_KERNEL,
            GFP_KERNEL | __GFP_HIGHMEM,
        ] {
            assert!(matches!(Buffer::zeroed(64, flags), Err(EINVAL)));
            assert!(matches!(Buffer::for_device(dev, 64, flags), Err(EINVAL)));
        }
        assert!(Buffer::zeroed(64, GFP_KERNEL | __GFP_ZERO).is_ok());
        Ok(())
    }

    #[test]
    fn is_zeroed_and_as_long_as_asked() -> Result {
        for len in [1, 127, 128, 4095, 4097, Buffer::MAX_LEN] {
            let mut buffer = Buffer::zeroed(len, GFP_KERNEL)?;

            assert_eq!(buffer.len(), len);
            assert!(buffer.iter().all(|&byte| byte == 0));
            buffer.fill(0xa5);
        }
        Ok(())
    }

    #[test]
    fn is_zeroed_when_used_again() -> Result {
        // The page allocator gives out again what was freed last.
        for _ in 0..64 {
            let mut buffer = Buffer::zeroed(PAGE_SIZE, GFP_KERNEL)?;

            assert!(buffer.iter().all(|&byte| byte == 0));
            buffer.fill(0xa5);
        }
        Ok(())
    }

    #[test]
    fn is_padded_to_cache_lines() -> Result {
        // SAFETY: Callable from any context.
        let line = unsafe { c::rk3588_dma_get_cache_alignment() } as usize;

        assert!(line >= 16 && line <= bindings::ARCH_DMA_MINALIGN as usize);
        for (len, padded) in [(1, line), (line, line), (line + 1, 2 * line), (4096, 4096)] {
            assert_eq!(Buffer::zeroed(len, GFP_KERNEL)?.padded_len(), padded);
        }
        Ok(())
    }

    #[test]
    fn is_whole_pages() -> Result {
        let mut buffer = Buffer::zeroed(1, GFP_KERNEL)?;

        assert_eq!(buffer.as_mut_ptr().as_ptr() as usize % PAGE_SIZE, 0);
        Ok(())
    }

    #[test]
    fn impossible_lengths_are_refused() {
        for len in [0, Buffer::MAX_LEN + 1, usize::MAX] {
            assert!(matches!(Buffer::zeroed(len, GFP_KERNEL), Err(EINVAL)));
        }
    }

    #[test]
    fn impossible_lengths_are_refused_for_a_device_too() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        for len in [0, Buffer::MAX_LEN + 1, usize::MAX] {
            assert!(matches!(
                Buffer::for_device(dev, len, GFP_KERNEL),
                Err(EINVAL)
            ));
        }
        Ok(())
    }

    #[test]
    fn no_memory_is_an_error() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let result = fixture::without_memory(|| Buffer::zeroed(PAGE_SIZE, GFP_KERNEL))?;

        assert!(matches!(result, Err(ENOMEM)));

        let result = fixture::without_memory(|| Buffer::for_device(dev, PAGE_SIZE, GFP_KERNEL))?;

        assert!(matches!(result, Err(ENOMEM)));
        Ok(())
    }
}
