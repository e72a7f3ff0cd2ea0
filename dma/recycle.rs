// SPDX-License-Identifier: GPL-2.0

//! Pools of mappings that are used again and again, without being unmapped in between.
//!
//! A network driver maps a buffer for each frame that may arrive, and gets thousands of frames in a
//! second. Mapping takes longer than receiving, so it keeps the buffers mapped, and only syncs
//! them. In C, that is the page pool (`include/net/page_pool/helpers.h`), or a list in the driver,
//! which must know of each buffer whether it is mapped, for which device, and who returns it.
//!
//! Here a buffer that is dropped goes back to its pool, in any context. The owner of the pool takes
//! buffers, and [puts](MappingPool::put) them back, without a lock. A buffer cannot be returned
//! twice, because it is consumed, and goes to its own pool, whatever the pool it is passed to.

use core::{
    mem::{
        self,
        ManuallyDrop, //
    },
    ops::RangeBounds,
    option,
    ptr, //
};

use kernel::{
    alloc::Flags,
    new_spinlock_irq,
    prelude::*,
    sync::{
        Arc,
        SpinLockIrq, //
    }, //
};

use super::{
    access::impl_cpu_access,
    guard::CpuMut,
    plain::{
        ReadAs,
        WriteAs, //
    },
    view::View,
    DeviceReads,
    Direction,
    DmaDevice,
    Mapped,
    MappedMemory,
    Mapping,
    Memory,
    RawSegment,
    ReadInFlight,
    Submitted, //
};

/// Mappings of a pool that were dropped.
#[pin_data]
struct Idle<'dev, M: Memory, D: Direction> {
    /// Vector with room for all mappings of the pool, and without room after that was dropped.
    #[pin]
    mappings: SpinLockIrq<KVec<Mapping<'dev, M, D>>>,
}

/// Pool of mappings of memory `M`, in direction `D`.
///
/// A mapping that is taken belongs to the caller until it is dropped. The pool may be dropped
/// before: that unmaps the idle mappings, and each of the others is unmapped when it is dropped.
///
/// C type: `struct page_pool`.
///
/// # Examples
///
/// A receive ring costs a sync for each frame:
///
/// ```
/// # fn parse(frame: &[u8]) {}
/// # let frames = 4;
/// let pages = || PageBuffer::zeroed(GFP_KERNEL);
/// let mut pool = MappingPool::<_, FromDevice>::new(dev, 256, GFP_KERNEL, pages)?;
///
/// for _ in 0..frames {
///     let mut buffer = engine.receive(pool.take().ok_or(ENOBUFS)?)?;
///
///     parse(buffer.for_cpu(..1500)?);
///     pool.put(buffer);
/// }
/// ```
///
/// # Invariants
///
/// The vectors, and that of `idle`, have room for all mappings of the pool.
pub(crate) struct MappingPool<'dev, M: Memory, D: Direction> {
    /// Mappings that are taken next, without a lock.
    ready: KVec<PooledMapping<'dev, M, D>>,
    /// Empty vector, which takes the place of that of `idle`.
    spare: KVec<Mapping<'dev, M, D>>,
    idle: Arc<Idle<'dev, M, D>>,
}

/// Mapping of a [`MappingPool`], to which it returns when it is dropped, while there is the pool.
///
/// If it is in flight and not completed, it is leaked, as any mapping.
///
/// # Invariants
///
/// `mapping` is valid until the value is dropped.
#[must_use = "a mapping that is dropped goes back to its pool"]
pub(crate) struct PooledMapping<'dev, M: Memory, D: Direction> {
    mapping: ManuallyDrop<Mapping<'dev, M, D>>,
    idle: Arc<Idle<'dev, M, D>>,
}

impl<'dev, M: Memory, D: Direction> MappingPool<'dev, M, D> {
    /// Maps `count` pieces of memory, each of which `make` returns, for a new pool.
    ///
    /// Allocates with `flags`.
    ///
    /// # Errors
    ///
    /// Those of `make` and of [`Mapping::new`], and `ENOMEM`.
    pub(crate) fn new(
        dev: &'dev DmaDevice,
        count: usize,
        flags: Flags,
        mut make: impl FnMut() -> Result<M>,
    ) -> Result<Self> {
        let mut mappings = KVec::with_capacity(count, flags)?;

        for _ in 0..count {
            mappings.push(Mapping::new(dev, make()?)?, flags)?;
        }
        // INVARIANT: All three have room for `count` mappings.
        Ok(Self {
            ready: KVec::with_capacity(count, flags)?,
            spare: KVec::with_capacity(count, flags)?,
            idle: Arc::pin_init(
                pin_init!(Idle { mappings <- new_spinlock_irq!(mappings) }),
                flags,
            )?,
        })
    }

    /// Takes a mapping, if one is not in use.
    ///
    /// Callable from any context in which a `spinlock_t` may be taken. The one that was put back
    /// last comes first, because its cache lines are the most likely to be in the cache; then those
    /// that were dropped, in the same order.
    ///
    /// C function: `page_pool_dev_alloc_pages()`.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<PooledMapping<'dev, M, D>> {
        if self.ready.is_empty() {
            self.collect();
        }
        self.ready.pop()
    }

    /// Puts `mapping` back, if it is of this pool, and drops it otherwise.
    ///
    /// Callable as [`take`](Self::take). C function: `page_pool_put_page()` with `allow_direct`.
    #[inline]
    pub(crate) fn put(&mut self, mapping: PooledMapping<'dev, M, D>) {
        if Arc::ptr_eq(&self.idle, &mapping.idle) {
            // There is room for it, by the type invariant.
            let _ = self.ready.push_within_capacity(mapping);
        }
    }

    /// Makes the mappings ready that were dropped.
    #[cold]
    fn collect(&mut self) {
        mem::swap(&mut self.spare, &mut *self.idle.mappings.lock());
        for mapping in self.spare.drain_all() {
            // INVARIANT: It is dropped by `drop` only.
            let pooled = PooledMapping {
                mapping: ManuallyDrop::new(mapping),
                idle: self.idle.clone(),
            };

            // There is room for it, by the type invariant.
            let _ = self.ready.push_within_capacity(pooled);
        }
    }

    /// Returns the number of mappings that are not in use.
    pub(crate) fn idle(&self) -> usize {
        self.ready.len() + self.idle.mappings.lock().len()
    }
}

impl<M: Memory, D: Direction> Drop for MappingPool<'_, M, D> {
    fn drop(&mut self) {
        // Here, because a mapping that is leaked in flight keeps `idle` for ever. Those in `ready`
        // are dropped afterwards, and find no room.
        let mappings = mem::take(&mut *self.idle.mappings.lock());

        drop(mappings);
    }
}

impl<'dev, M: Memory, D: Direction> PooledMapping<'dev, M, D> {
    /// Takes the mapping out of its pool for good.
    pub(crate) fn detach(self) -> Mapping<'dev, M, D> {
        let mut this = ManuallyDrop::new(self);

        // SAFETY: The fields must be taken once: `this` is neither dropped nor used afterwards.
        unsafe {
            ptr::drop_in_place(&mut this.idle);
            ManuallyDrop::take(&mut this.mapping)
        }
    }

    #[inline]
    fn view(&mut self) -> View<'dev, D> {
        self.mapping.view()
    }
}

impl_cpu_access!(PooledMapping);

impl<M: Memory, D: Direction> Drop for PooledMapping<'_, M, D> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: The mapping must be taken once: the value is being dropped.
        let mapping = unsafe { ManuallyDrop::take(&mut self.mapping) };

        // There is room for it, because it was in the vector, unless the pool was dropped.
        let rejected = self.idle.mappings.lock().push_within_capacity(mapping);

        // Unmapped after the lock was released.
        drop(rejected);
    }
}

// SAFETY: `Mapping` meets the requirement; `detach` consumes the value.
unsafe impl<M: Memory, D: Direction> Mapped for PooledMapping<'_, M, D> {
    fn is_mapped_for(&self, dev: &DmaDevice) -> bool {
        self.mapping.is_mapped_for(dev)
    }

    fn warn_leaked(&self) {
        self.mapping.warn_leaked();
    }
}

// SAFETY: The segments are those of the mapping. No other method returns the address.
unsafe impl<M: Memory, D: Direction> MappedMemory for PooledMapping<'_, M, D> {
    type Direction = D;
    type Segments<'a>
        = option::IntoIter<RawSegment>
    where
        Self: 'a;

    fn len(&self) -> usize {
        self.mapping.len
    }

    fn nents(&self) -> usize {
        1
    }

    fn segments(&self, submitted: &Submitted) -> Self::Segments<'_> {
        self.mapping.segments(submitted)
    }
}

#[cfg(kunit_fixture)]
mod tests;
