// SPDX-License-Identifier: GPL-2.0

//! Memory to map: whole pages, so that no cache line is shared with anything else.

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

/// Physically contiguous, zeroed memory below 4 GiB, read and written by the CPU as a slice.
///
/// Below 4 GiB where the kernel has `CONFIG_ZONE_DMA32`, as arm64 kernels have by default.
///
/// Page aligned and made of whole pages: cache maintenance on it affects no other data. Zeroed, so
/// that a device never sees old kernel memory.
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
/// - Its pages reach to `padded_len` at least, and are initialized.
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
    /// The longest buffer, in bytes: the largest block of the page allocator (`MAX_PAGE_ORDER`).
    pub(crate) const MAX_LEN: usize = PAGE_SIZE << bindings::MAX_PAGE_ORDER;

    /// Allocates `len` bytes of zeroes. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `len` is 0 or over [`MAX_LEN`](Self::MAX_LEN), `ENOMEM` if there is no such
    /// block of memory.
    pub(crate) fn zeroed(len: usize) -> Result<Self> {
        if len == 0 || len > Self::MAX_LEN {
            return Err(EINVAL);
        }

        // SAFETY: The function takes any length; 0 and what its page order cannot express are
        // excluded.
        let ptr = unsafe { c::rk3588_dma_alloc_pages(len) };
        let ptr = NonNull::new(ptr.cast()).ok_or(ENOMEM)?;

        // INVARIANT: Allocated just now, with zeroes, as whole pages; and a page is a number of
        // cache lines.
        Ok(Self {
            ptr,
            len,
            padded_len: pad(len),
        })
    }
}

/// `len` bytes with what pads them to whole cache lines, which is at most a page more.
///
/// The kernel takes short memory that does not end with a line to be from `kmalloc()`, and bounces
/// what a device writes there.
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
        // SAFETY: By the type invariant these bytes are initialized and ours; `&self` excludes
        // writers.
        unsafe { slice::from_raw_parts(self.ptr.as_ptr(), self.len) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: By the type invariant these bytes are initialized and ours; `&mut self` excludes
        // other users.
        unsafe { slice::from_raw_parts_mut(self.ptr.as_ptr(), self.len) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: By the type invariant `ptr` and `len` are those of an allocation that we own.
        unsafe { bindings::free_pages_exact(self.ptr.as_ptr().cast(), self.len) };
    }
}

// SAFETY:
// - `alloc_pages_exact()` memory is in the linear map, physically contiguous and whole pages, which
//   are whole cache lines. It was zeroed.
// - The allocation stays where it is when the `Buffer` moves, until it is dropped.
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
