// SPDX-License-Identifier: GPL-2.0

//! Buffers: whole pages, which share no cache line with other data.

use core::{
    ops::{
        Deref,
        DerefMut, //
    },
    ptr::NonNull,
    slice, //
};

use kernel::{
    bindings,
    page::PAGE_SIZE,
    prelude::*, //
};

use super::{
    MapFailure,
    Memory, //
};
use crate::bindings::c;

/// Physically contiguous, zeroed memory below 4 GiB, which the CPU accesses as a slice.
///
/// - It is below 4 GiB if the kernel has `CONFIG_ZONE_DMA32`, as arm64 kernels have by default.
/// - It consists of whole pages, so cache maintenance affects no other data.
/// - It is zeroed, so a device never reads old kernel memory.
///
/// C functions: `alloc_pages_exact()`, `free_pages_exact()`.
///
/// # Examples
///
/// ```
/// let mut buffer = Buffer::zeroed(1500)?;
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

    /// Allocates `len` bytes of zeroes. May sleep.
    ///
    /// # Errors
    ///
    /// - `EINVAL` if `len` is 0 or exceeds [`MAX_LEN`](Self::MAX_LEN);
    /// - `ENOMEM` if the allocation fails.
    pub(crate) fn zeroed(len: usize) -> Result<Self> {
        if len == 0 || len > Self::MAX_LEN {
            return Err(EINVAL);
        }

        // SAFETY: The length must not be 0 or exceed the largest block: compared above.
        let ptr = unsafe { c::rk3588_dma_alloc_pages(len) };
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
///
/// C function: `dma_get_cache_alignment()`.
pub(super) fn pad(len: usize) -> usize {
    // SAFETY: Callable from any context.
    let line = unsafe { c::rk3588_dma_get_cache_alignment() }.max(1) as usize;

    len.next_multiple_of(line)
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

#[kunit_tests(rk3588_dma_buffer)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn is_zeroed_and_as_long_as_asked() -> Result {
        for len in [1, 127, 128, 4095, 4097, Buffer::MAX_LEN] {
            let mut buffer = Buffer::zeroed(len)?;

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
            let mut buffer = Buffer::zeroed(PAGE_SIZE)?;

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
            assert_eq!(Buffer::zeroed(len)?.padded_len(), padded);
        }
        Ok(())
    }

    #[test]
    fn is_whole_pages() -> Result {
        let mut buffer = Buffer::zeroed(1)?;

        assert_eq!(buffer.as_mut_ptr().as_ptr() as usize % PAGE_SIZE, 0);
        Ok(())
    }

    #[test]
    fn impossible_lengths_are_refused() {
        for len in [0, Buffer::MAX_LEN + 1, usize::MAX] {
            assert!(matches!(Buffer::zeroed(len), Err(EINVAL)));
        }
    }

    #[test]
    fn no_memory_is_an_error() -> Result {
        let result = fixture::without_memory(|| Buffer::zeroed(PAGE_SIZE))?;

        assert!(matches!(result, Err(ENOMEM)));
        Ok(())
    }
}
