// SPDX-License-Identifier: GPL-2.0

//! Parts of a mapping that are in flight separately.
//!
//! A network driver maps a page once and receives two frames into its halves; a driver that reads a
//! header ahead of the payload maps both at once. In C, the driver adds offsets to the address, and
//! counts the parts, to unmap once after the last. Here a part is a value:
//!
//! ```text
//! Mapping ──into_part──▶ MappedPart ──split──▶ MappedPart, MappedPart ──submit──▶ …
//!    ▲                        ▲                     │
//!    └────into_mapping────────┴────────join─────────┘
//! ```
//!
//! Parts end at cache lines, of the memory and of a bounce buffer, so that the CPU can access one
//! while the device writes the next.
//!
//! C functions: `dma_sync_single_range_for_cpu()`, `dma_sync_single_range_for_device()`.

use core::{
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

/// Mapping whose parts exist. It is unmapped when the last one is dropped.
#[pin_data]
struct Whole<'dev, M: Memory, D: Direction> {
    /// The mapping, until a part that covers it takes it back. `into_mapping` alone takes the lock.
    #[pin]
    mapping: SpinLockIrq<Option<Mapping<'dev, M, D>>>,
}

/// Part of a mapping, which owns its bytes.
///
/// The CPU accesses the bytes as those of a [`Mapping`]. If a part is dropped, its bytes are lost
/// to the other parts; the memory is unmapped and freed with the last one, without a sync.
///
/// # Examples
///
/// Two frames are received into one page:
///
/// ```
/// # fn parse(frame: &[u8]) {}
/// let page = Mapping::<_, FromDevice>::new(dev, PageBuffer::zeroed(GFP_KERNEL)?)?;
/// let page = page.into_part(GFP_KERNEL).map_err(|_| ENOMEM)?;
/// let (first, second) = page.split(2048).map_err(|_| EINVAL)?;
///
/// let mut first = engine.receive(first)?;
/// let second = engine.receive(second)?;       // while the CPU reads the first
///
/// parse(first.for_cpu(..1500)?);
///
/// let page = first.join(second).map_err(|_| EINVAL)?;
/// let page = page.into_mapping().map_err(|_| EINVAL)?.unmap();
/// ```
///
/// # Invariants
///
/// - The bytes of `view` are mapped until the last reference to `whole` is gone, which owns them.
/// - They begin at byte `offset` of the mapping, at the beginning of a cache line or of the
///   mapping, in memory and on the bus.
/// - No other part of `whole` has one of them. Only parts access the memory.
#[must_use = "a part that is dropped is lost"]
pub(crate) struct MappedPart<'dev, M: Memory, D: Direction> {
    view: View<'dev, D>,
    offset: usize,
    whole: Arc<Whole<'dev, M, D>>,
}

// SAFETY: A part owns its bytes, which are not tied to a thread: `Memory` is `Send`.
unsafe impl<M: Memory, D: Direction> Send for MappedPart<'_, M, D> {}

impl<'dev, M: Memory, D: Direction> Mapping<'dev, M, D> {
    /// Converts the mapping to a part that covers it, to be [split](MappedPart::split).
    ///
    /// Allocates with `flags`.
    ///
    /// # Errors
    ///
    /// The mapping itself without memory.
    pub(crate) fn into_part(self, flags: Flags) -> Result<MappedPart<'dev, M, D>, Self> {
        let whole = Arc::pin_init(
            pin_init!(Whole { mapping <- new_spinlock_irq!(None) }),
            flags,
        );
        let Ok(whole) = whole else {
            return Err(self);
        };
        let mut mapping = self;
        let view = mapping.view();

        *whole.mapping.lock() = Some(mapping);
        // INVARIANT: The mapping is in `whole`, which has no other part. The memory does not move,
        // and the value that owns it is not used while there are parts.
        Ok(MappedPart {
            view,
            offset: 0,
            whole,
        })
    }
}

impl<'dev, M: Memory, D: Direction> MappedPart<'dev, M, D> {
    /// Returns the number of bytes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.view.len()
    }

    /// Splits the part after `at` bytes.
    ///
    /// # Errors
    ///
    /// The part itself, if `at` is 0 or not inside it, or the second part would not begin at a
    /// cache line, both of the memory and of the bounce buffer, if there is one. Memory that does
    /// not begin at a cache line cannot be split in a bounce buffer that does.
    pub(crate) fn split(self, at: usize) -> Result<(Self, Self), Self> {
        if at == 0 || at >= self.len() || !self.is_at_line(at) {
            return Err(self);
        }

        let Self {
            view,
            offset,
            whole,
        } = self;

        // SAFETY: The ranges must be inside: compared above.
        let (first, second) = unsafe { (view.slice(0..at), view.slice(at..view.len())) };

        // INVARIANT: The two have the bytes of one, and end at a cache line.
        Ok((
            Self {
                view: first,
                offset,
                whole: whole.clone(),
            },
            Self {
                view: second,
                offset: offset + at,
                whole,
            },
        ))
    }

    /// Joins the part and `next`, which follows it in the same mapping.
    ///
    /// # Errors
    ///
    /// Both parts, if `next` is of another mapping or elsewhere.
    pub(crate) fn join(self, next: Self) -> Result<Self, (Self, Self)> {
        let is_next =
            Arc::ptr_eq(&self.whole, &next.whole) && self.offset + self.len() == next.offset;

        if !is_next {
            return Err((self, next));
        }

        let len = self.len() + next.len();
        let Self {
            view,
            offset,
            whole,
        } = self;

        // INVARIANT: It has the bytes of both, which are consumed.
        Ok(Self {
            // SAFETY: The bytes must be part of the mapping: both parts are, and follow each other.
            view: unsafe { View::new(view.dev(), view.address(), view.start(), len) },
            offset,
            whole,
        })
    }

    /// Returns the mapping, of which this is the only part.
    ///
    /// # Errors
    ///
    /// The part itself, if it does not cover the mapping.
    pub(crate) fn into_mapping(self) -> Result<Mapping<'dev, M, D>, Self> {
        let mapping = {
            let mapping = &mut *self.whole.mapping.lock();

            // There is no other part, because this one has all bytes.
            mapping.take_if(|it| it.len == self.view.len())
        };

        mapping.ok_or(self)
    }

    /// Returns true if the byte at `offset`, which is inside, is the first of a cache line, in
    /// memory and on the bus.
    ///
    /// The lines of a bounce buffer are those on the bus: bus addresses differ from physical ones
    /// by whole pages.
    fn is_at_line(&self, offset: usize) -> bool {
        let line = self.view.dev().cache_alignment();
        let in_memory = self.view.start().addr().get() + offset;
        // CAST: `usize` has at most 64 bits.
        let on_bus = self.view.address() + offset as u64;

        in_memory % line == 0 && on_bus % line as u64 == 0
    }

    #[inline]
    fn view(&mut self) -> View<'dev, D> {
        self.view
    }
}

impl_cpu_access!(MappedPart);

// SAFETY: By the type invariant, the memory is mapped while there is a part; `join` and
// `into_mapping` consume the value.
unsafe impl<M: Memory, D: Direction> Mapped for MappedPart<'_, M, D> {
    fn is_mapped_for(&self, dev: &DmaDevice) -> bool {
        ptr::eq(self.view.dev(), dev)
    }

    fn warn_leaked(&self) {
        self.view.warn_leaked();
    }
}

// SAFETY: The only segment has the bytes of the part, at least 1. No other method returns the
// address.
unsafe impl<M: Memory, D: Direction> MappedMemory for MappedPart<'_, M, D> {
    type Direction = D;
    type Segments<'a>
        = option::IntoIter<RawSegment>
    where
        Self: 'a;

    fn len(&self) -> usize {
        self.view.len()
    }

    fn nents(&self) -> usize {
        1
    }

    fn segments(&self, _: &Submitted) -> Self::Segments<'_> {
        Some(RawSegment::new(self.view.address(), self.view.len())).into_iter()
    }
}

#[cfg(kunit_fixture)]
mod tests;
