// SPDX-License-Identifier: GPL-2.0

//! Pools of small coherent blocks, for descriptors and programs that a device fetches.
//!
//! The kernel crate has [`Coherent`](kernel::dma::Coherent) memory, which takes whole pages and
//! cannot be freed with interrupts disabled. A pool divides pages into blocks, which are allocated
//! and freed in any context in which a `spinlock_t` may be taken.
//!
//! C header: `include/linux/dmapool.h`.

use core::{
    ptr::NonNull,
    slice, //
};

use kernel::{
    alloc::{
        flags::__GFP_ZERO,
        Flags, //
    },
    bindings,
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    sync::Arc, //
};

use super::{
    as_gfp,
    as_raw, //
};

/// Pool of coherent blocks of one size, for one device.
///
/// A pool keeps the pages of freed blocks until it is dropped. So its size is that of the largest
/// number of blocks that were in use at the same time.
///
/// C type: `struct dma_pool`.
///
/// # Examples
///
/// ```
/// # use kernel::device::{Bound, Device};
/// # fn descriptor(dev: &Device<Bound>) -> Result {
/// let pool = CoherentPool::new(dev, c"descriptors", 256, 64)?;
/// let mut block = CoherentPool::alloc(&pool, GFP_ATOMIC)?;
///
/// // SAFETY: The device must not use the block: it does not know the address yet.
/// let bytes = unsafe { block.as_mut() };
///
/// bytes[..4].copy_from_slice(b"ping");
/// # Ok(())
/// # }
/// ```
///
/// # Invariants
///
/// `pool` is a pool of blocks of `len` bytes for `dev`.
pub(crate) struct CoherentPool<'dev> {
    pool: NonNull<bindings::dma_pool>,
    len: usize,
    _dev: &'dev Device<Bound>,
}

// SAFETY: A `struct dma_pool` is not tied to a thread.
unsafe impl Send for CoherentPool<'_> {}

// SAFETY: All operations on a `struct dma_pool` take its lock.
unsafe impl Sync for CoherentPool<'_> {}

impl<'dev> CoherentPool<'dev> {
    /// Creates a pool of blocks of `len` bytes at multiples of `align`, a power of two.
    ///
    /// Sleeps. The DMA mask of `dev` must have been set. C function: `dma_pool_create()`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, also if `align` is not a power of two or `len` is 0.
    pub(crate) fn new(
        dev: &'dev Device<Bound>,
        name: &'static CStr,
        len: usize,
        align: usize,
    ) -> Result<Arc<Self>> {
        // SAFETY: The device must be bound, which its type says. The function checks the sizes. It
        // copies the name.
        let pool = unsafe {
            bindings::dma_pool_create_node(
                name.as_char_ptr(),
                as_raw(dev),
                len,
                align,
                0,
                bindings::NUMA_NO_NODE,
            )
        };
        let pool = NonNull::new(pool).ok_or(ENOMEM)?;

        // INVARIANT: It was created just now. If `Arc::new` fails, `drop` destroys it.
        Ok(Arc::new(
            Self {
                pool,
                len,
                _dev: dev,
            },
            GFP_KERNEL,
        )?)
    }

    /// Allocates a zeroed block of `pool`.
    ///
    /// Callable from any context that `flags` permit, and in which a `spinlock_t` may be taken. C
    /// function: `dma_pool_zalloc()`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EINVAL` for flags without a counterpart in C.
    pub(crate) fn alloc(pool: &Arc<Self>, flags: Flags) -> Result<CoherentBlock<'dev>> {
        let gfp = as_gfp(flags | __GFP_ZERO)?;
        let mut address = 0;
        // SAFETY: The pool is valid by the type invariant.
        let memory = unsafe { bindings::dma_pool_alloc(pool.pool.as_ptr(), gfp, &mut address) };

        // INVARIANT: The block is new, so no device knows its address and no reference to it
        // exists.
        Ok(CoherentBlock {
            memory: NonNull::new(memory).ok_or(ENOMEM)?.cast(),
            address,
            pool: pool.clone(),
        })
    }
}

impl Drop for CoherentPool<'_> {
    fn drop(&mut self) {
        // SAFETY: The pool is valid by the type invariant. Blocks have a reference to it, so none
        // is left.
        unsafe { bindings::dma_pool_destroy(self.pool.as_ptr()) };
    }
}

/// Block of coherent memory, which goes back to its pool when it is dropped.
///
/// A driver that tells the device the address must own the block until the device is done with it.
///
/// # Invariants
///
/// `memory` is a block of `pool`, at bus address `address`, which nothing else owns.
pub(crate) struct CoherentBlock<'dev> {
    memory: NonNull<u8>,
    address: bindings::dma_addr_t,
    pool: Arc<CoherentPool<'dev>>,
}

// SAFETY: A block is memory that is not tied to a thread.
unsafe impl Send for CoherentBlock<'_> {}

// SAFETY: `&CoherentBlock` only reads.
unsafe impl Sync for CoherentBlock<'_> {}

impl CoherentBlock<'_> {
    /// Returns the address at which the device finds the block.
    pub(crate) fn dma_address(&self) -> bindings::dma_addr_t {
        self.address
    }

    /// Returns the number of bytes.
    pub(crate) fn len(&self) -> usize {
        self.pool.len
    }

    /// Returns the bytes.
    ///
    /// # Safety
    ///
    /// The device does not write the block while the result exists.
    pub(crate) unsafe fn as_ref(&self) -> &[u8] {
        // SAFETY: By the type invariant the block is valid, and `len` bytes long. It was zeroed.
        // The CPU does not write it while it is borrowed, and the device does not either, which the
        // caller guarantees.
        unsafe { slice::from_raw_parts(self.memory.as_ptr(), self.pool.len) }
    }

    /// Returns the bytes.
    ///
    /// # Safety
    ///
    /// The device does not use the block while the result exists.
    pub(crate) unsafe fn as_mut(&mut self) -> &mut [u8] {
        // SAFETY: As in `as_ref`, and `self` is borrowed mutably.
        unsafe { slice::from_raw_parts_mut(self.memory.as_ptr(), self.pool.len) }
    }
}

impl Drop for CoherentBlock<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the block is one of the pool, and nothing else owns it.
        unsafe {
            bindings::dma_pool_free(
                self.pool.pool.as_ptr(),
                self.memory.as_ptr().cast(),
                self.address,
            )
        };
    }
}

#[cfg(kunit_fixture)]
#[kunit_tests(rk3588_dma_pool)]
mod tests {
    use super::*;
    use crate::fixture::{
        self,
        TestDevice, //
    };

    const LEN: usize = 256;
    const ALIGN: usize = 64;

    fn pool(device: &TestDevice) -> Result<Arc<CoherentPool<'_>>> {
        CoherentPool::new(device.dma()?.as_device(), c"test", LEN, ALIGN)
    }

    #[test]
    fn blocks_are_zeroed_aligned_and_apart() -> Result {
        let device = TestDevice::new()?;
        let pool = pool(&device)?;
        let mut blocks = KVec::new();

        // More than a page has.
        for _ in 0..40 {
            let mut block = CoherentPool::alloc(&pool, GFP_KERNEL)?;
            // SAFETY: No device knows the block.
            let bytes = unsafe { block.as_mut() };

            assert_eq!(bytes.len(), LEN);
            assert!(bytes.iter().all(|byte| *byte == 0));
            bytes.fill(0xa5);
            assert_eq!(block.dma_address() % ALIGN as u64, 0);
            blocks.push(block, GFP_KERNEL)?;
        }
        for (at, block) in blocks.iter().enumerate() {
            for other in &blocks[..at] {
                assert!(block.dma_address().abs_diff(other.dma_address()) >= LEN as u64);
            }
        }
        Ok(())
    }

    #[test]
    fn a_freed_block_comes_back_zeroed() -> Result {
        let device = TestDevice::new()?;
        let pool = pool(&device)?;
        let mut block = CoherentPool::alloc(&pool, GFP_KERNEL)?;
        let address = block.dma_address();

        // SAFETY: No device knows the block.
        unsafe { block.as_mut() }.fill(0xa5);
        drop(block);

        let block = CoherentPool::alloc(&pool, GFP_ATOMIC)?;

        assert_eq!(block.dma_address(), address);
        // SAFETY: No device knows the block.
        assert!(unsafe { block.as_ref() }.iter().all(|byte| *byte == 0));
        Ok(())
    }

    #[test]
    fn blocks_keep_their_pool() -> Result {
        let device = TestDevice::new()?;
        let block = {
            let pool = pool(&device)?;

            CoherentPool::alloc(&pool, GFP_KERNEL)?
        };

        assert_eq!(block.len(), LEN);
        Ok(())
    }

    #[test]
    fn impossible_sizes_are_rejected() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?.as_device();

        for (len, align) in [(0, ALIGN), (LEN, ALIGN + 1)] {
            let pool = CoherentPool::new(dev, c"test", len, align);

            assert!(matches!(pool, Err(ENOMEM)));
        }
        Ok(())
    }

    #[test]
    fn no_memory_is_an_error() -> Result {
        let device = TestDevice::new()?;
        let pool = pool(&device)?;
        let result = fixture::without_memory(|| CoherentPool::alloc(&pool, GFP_KERNEL))?;

        assert!(matches!(result, Err(ENOMEM)));
        Ok(())
    }
}
