// SPDX-License-Identifier: GPL-2.0

//! Mappings that a device may be using: for authors of engines.
//!
//! An engine is the code of a driver that programs its device with bus addresses. In C, it may read
//! the address of a mapping at any time, also after unmapping, and give it to any device. Here, a
//! mapping has addresses only while it is in flight, for the device that it is mapped for:
//!
//! ```text
//! mapping ──BusMaster::submit──▶ InFlight ──complete──▶ mapping
//!                                  │ │ └───cancel─────▶ mapping, if no address was read
//!                                  │ └─drop──▶ unmapped, or leaked if an address was read
//!                                  └─segments: addresses and lengths
//! ```
//!
//! A single mapping, a mapped table and a pair of these are all in flight in the same way: an
//! engine is written once for lists of segments, and a single mapping is a list of one.
//!
//! This does not know what the device does. That a device has stopped is the promise of
//! [`complete`](InFlight::complete), which is `unsafe`.
//!
//! C header: `include/linux/dma-mapping.h`; C type: `dma_addr_t`.

use core::{
    cell::Cell,
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::RangeBounds, //
};

use kernel::prelude::*;

use super::{
    segment::{
        BusAddress,
        RawSegment,
        Segment, //
    },
    Direction,
    DmaDevice, //
};

/// Memory that is mapped for a device.
///
/// # Safety
///
/// - The memory stays mapped until the value is dropped, or consumed by one of its methods.
/// - [`is_mapped_for`](Self::is_mapped_for) returns true only for the device for which it is
///   mapped.
/// - No method with `&self` accesses the memory, unless the device only reads it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be submitted to a device",
    label = "not an owned mapping that is synced for the device",
    note = "a device uses a `Mapping`, a `SyncedPart`, a `MappedPart`, a `PooledMapping`, a \
            `SharedMapping`, a `MappedSgTable`, a `MappedSharedSgTable`, a `ResourceMapping`, or a \
            `Pair` of these",
    note = "a `CpuOwned` mapping becomes a `SyncedPart` by `sync_for_device`",
    note = "an `InFlight` returns its mapping by `complete` or `cancel`"
)]
pub(crate) unsafe trait Mapped: Sized {
    /// Returns true if the memory is mapped for `dev`.
    fn is_mapped_for(&self, dev: &DmaDevice) -> bool;

    /// Warns in the kernel log that the mapping is leaked.
    fn warn_leaked(&self);
}

/// Argument of [`MappedMemory::segments`] that exists only in [`InFlight`].
pub(crate) struct Submitted {
    _private: (),
}

const SUBMITTED: Submitted = Submitted { _private: () };

/// Memory that is mapped for one direction, in one or more segments.
///
/// # Safety
///
/// - [`segments`](Self::segments) yields bus addresses of the mapping, in the order of the memory,
///   the same each time: [`nents`](Self::nents) segments of at least one byte, [`len`](Self::len)
///   bytes in total. They do not overlap, unless the device only reads them.
/// - Only `segments` returns these addresses, other than as text, and it does not store them.
/// - The memory is mapped in direction [`Direction`](Self::Direction).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be submitted to a device",
    label = "not an owned mapping that is synced for the device",
    note = "it is a `Mapping`, a `SyncedPart`, a `MappedPart`, a `PooledMapping`, a \
            `SharedMapping`, a `MappedSgTable` or a `MappedSharedSgTable`"
)]
pub(crate) unsafe trait MappedMemory: Mapped {
    /// Direction of the mapping.
    type Direction: Direction;

    /// Iterator over the segments.
    type Segments<'a>: Iterator<Item = RawSegment> + Clone
    where
        Self: 'a;

    /// Returns the number of bytes.
    fn len(&self) -> usize;

    /// Returns the number of segments.
    ///
    /// C field: `sg_table.nents`.
    fn nents(&self) -> usize;

    /// Returns the segments, for [`InFlight`] alone.
    fn segments(&self, _: &Submitted) -> Self::Segments<'_>;
}

/// Mapping whose bytes the CPU can read while the device uses others.
///
/// # Safety
///
/// [`for_cpu_in_flight`](Self::for_cpu_in_flight) accesses no bytes but those of its range.
#[diagnostic::on_unimplemented(
    message = "the CPU cannot read `{Self}` while the device uses it",
    note = "it can read a `Mapping`, a `MappedPart`, a `PooledMapping` or a `MappedSgTable`"
)]
pub(crate) unsafe trait ReadInFlight: MappedMemory {
    /// Bytes for the CPU: a slice, or a slice of a list.
    type Bytes<'a>
    where
        Self: 'a;

    /// Syncs the bytes of `range` for the CPU, and returns them.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `range` is not inside the memory.
    ///
    /// # Safety
    ///
    /// The device does not write the bytes while the result exists.
    unsafe fn for_cpu_in_flight(
        &mut self,
        range: impl RangeBounds<usize>,
    ) -> Result<Self::Bytes<'_>>;
}

/// Device that accesses memory at bus addresses of type `A`, a `u32` or `u64`.
///
/// A driver makes it in probe, of the device whose registers it has. Every address of a mapping
/// fits into `A`, so no conversion of an address can fail.
///
/// An engine must
///
/// - allocate before it calls [`InFlight::segments`], for [`InFlight::nents`] segments: after the
///   call, an error path that drops the [`InFlight`] leaks the memory;
/// - require the direction by a bound: `MappedMemory<Direction: DeviceReads>` for memory that the
///   device reads, `DeviceWrites` for memory that it writes. Segments have no direction.
///
/// # Examples
///
/// ```
/// # trait Ring {
/// #     fn push(&mut self, address: u32, len: usize);
/// #     fn start_and_wait_until_stopped(&mut self);
/// # }
/// # fn receive(dev: &DmaDevice, ring: &mut impl Ring) -> Result {
/// # let mapping = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
/// let bus = BusMaster::<u32>::new(dev)?;
/// let flight = bus.submit(mapping)?;      // the last step that may fail
///
/// for segment in flight.segments() {
///     ring.push(segment.address(), segment.len());
/// }
/// ring.start_and_wait_until_stopped();
/// // SAFETY: The device must not use the mapping any more: it has stopped.
/// let mapping = unsafe { flight.complete() };
/// # Ok(())
/// # }
/// ```
///
/// # Invariants
///
/// All addresses in the DMA mask of `dev` fit into `A`.
#[derive(Clone, Copy)]
pub(crate) struct BusMaster<'dev, A: BusAddress> {
    dev: &'dev DmaDevice,
    address: PhantomData<A>,
}

impl<'dev, A: BusAddress> BusMaster<'dev, A> {
    /// Returns the bus master of `dev`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the DMA mask of `dev` has more bits than `A`.
    pub(crate) fn new(dev: &'dev DmaDevice) -> Result<Self> {
        if dev.dma_mask() > A::MAX {
            return Err(EINVAL);
        }
        // INVARIANT: Compared above, and the mask does not change.
        Ok(Self {
            dev,
            address: PhantomData,
        })
    }

    /// Returns the device.
    pub(crate) fn dev(&self) -> &'dev DmaDevice {
        self.dev
    }

    /// Lends `mapped` to the device.
    ///
    /// What else can fail, such as a free descriptor, is best checked before. Callable from any
    /// context.
    ///
    /// # Errors
    ///
    /// [`WrongDevice`], with `mapped` in it, if it is mapped for another device.
    pub(crate) fn submit<T: Mapped>(&self, mapped: T) -> Result<InFlight<T, A>, WrongDevice<T>> {
        if !mapped.is_mapped_for(self.dev) {
            return Err(WrongDevice(mapped));
        }
        // INVARIANT: `mapped` is mapped for the device, in whose mask all addresses fit into `A`.
        Ok(InFlight {
            mapped: ManuallyDrop::new(mapped),
            is_exposed: Cell::new(false),
            address: PhantomData,
        })
    }
}

/// Error of a mapping that was submitted to another device than it is mapped for.
///
/// Converts into `EXDEV`, and drops the mapping.
pub(crate) struct WrongDevice<T>(pub(crate) T);

impl<T> From<WrongDevice<T>> for Error {
    fn from(_: WrongDevice<T>) -> Self {
        EXDEV
    }
}

/// Mapping that the device may be using.
///
/// An engine owns it from before it programs the device with an address until it knows that the
/// device has stopped. If it is dropped after an address was read, the mapping and its memory are
/// leaked, with a warning, because the device may still use them. If no address was read, the
/// memory is unmapped as usual.
///
/// # Examples
///
/// See [`BusMaster`].
///
/// # Invariants
///
/// - `mapped` is valid until `complete`, `cancel` or `drop` takes it out.
/// - All its addresses fit into `A`.
/// - `is_exposed` is true if an address was read.
#[must_use = "a mapping that is dropped in flight may be leaked"]
pub(crate) struct InFlight<T: Mapped, A: BusAddress> {
    mapped: ManuallyDrop<T>,
    is_exposed: Cell<bool>,
    address: PhantomData<A>,
}

impl<T: Mapped, A: BusAddress> InFlight<T, A> {
    /// Takes the mapping back from the device.
    ///
    /// # Safety
    ///
    /// The device does not use the mapping any more, and does not start again: no descriptor,
    /// register or program with its addresses takes effect any more, and all writes of the device
    /// have arrived in memory.
    #[inline]
    pub(crate) unsafe fn complete(self) -> T {
        let mut this = ManuallyDrop::new(self);

        // SAFETY: The mapping must have one owner: `this` is neither used nor dropped.
        unsafe { ManuallyDrop::take(&mut this.mapped) }
    }

    /// Returns the mapping, for a caller who reads its address.
    pub(super) fn expose(&self) -> &T {
        // INVARIANT: The caller reads an address.
        self.is_exposed.set(true);
        &self.mapped
    }

    /// Takes the mapping back from a device that cannot know its addresses.
    ///
    /// # Errors
    ///
    /// The value itself, if `segments` was called.
    #[inline]
    pub(crate) fn cancel(self) -> Result<T, Self> {
        if self.is_exposed.get() {
            return Err(self);
        }
        // SAFETY: The device must not use the mapping. By the type invariant its segments were not
        // read.
        Ok(unsafe { self.complete() })
    }
}

impl<T: MappedMemory, A: BusAddress> InFlight<T, A> {
    /// Returns the number of bytes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.mapped.len()
    }

    /// Returns the number of segments.
    ///
    /// Afterwards the mapping can still be canceled, unlike after [`segments`](Self::segments).
    ///
    /// C field: `sg_table.nents`.
    #[inline]
    pub(crate) fn nents(&self) -> usize {
        self.mapped.nents()
    }

    /// Returns an iterator over the segments, in the order of the memory.
    ///
    /// C macro: `for_each_sgtable_dma_sg()`.
    #[inline]
    pub(crate) fn segments(&self) -> impl Iterator<Item = Segment<'_, A>> + Clone {
        self.as_ref().segments()
    }

    /// Returns a reference without the right to complete.
    #[inline]
    pub(crate) fn as_ref(&self) -> InFlightRef<'_, T, A> {
        // INVARIANT: By the type invariant of `InFlight`; `segments` sets the flag.
        InFlightRef {
            mapped: &self.mapped,
            is_exposed: &self.is_exposed,
            address: PhantomData,
        }
    }
}

impl<S: MappedMemory, D: MappedMemory, A: BusAddress> InFlight<Pair<S, D>, A> {
    /// Returns a reference to each of the two.
    #[inline]
    pub(crate) fn each_ref(&self) -> Pair<InFlightRef<'_, S, A>, InFlightRef<'_, D, A>> {
        // INVARIANT: As in `as_ref`, and both are part of the mapping.
        Pair {
            source: InFlightRef {
                mapped: &self.mapped.source,
                is_exposed: &self.is_exposed,
                address: PhantomData,
            },
            destination: InFlightRef {
                mapped: &self.mapped.destination,
                is_exposed: &self.is_exposed,
                address: PhantomData,
            },
        }
    }
}

impl<T: ReadInFlight, A: BusAddress> InFlight<T, A> {
    /// Syncs the bytes of `range` for the CPU, while the device uses others.
    ///
    /// C functions: those of [`Mapping::for_cpu`](super::Mapping::for_cpu).
    ///
    /// # Errors
    ///
    /// `EINVAL` if `range` is not inside the memory.
    ///
    /// # Safety
    ///
    /// The device has written all bytes of `range` that it writes, they have arrived in memory, and
    /// it does not write them while the result exists.
    #[inline]
    pub(crate) unsafe fn for_cpu(
        &mut self,
        range: impl RangeBounds<usize>,
    ) -> Result<T::Bytes<'_>> {
        // SAFETY: The device must not write the bytes: the caller guarantees it.
        unsafe { self.mapped.for_cpu_in_flight(range) }
    }
}

impl<S: Mapped, D: ReadInFlight, A: BusAddress> InFlight<Pair<S, D>, A> {
    /// Syncs the bytes of `range` of the destination for the CPU, while the device uses others.
    ///
    /// # Errors
    ///
    /// As of [`for_cpu`](InFlight::for_cpu).
    ///
    /// # Safety
    ///
    /// As of [`for_cpu`](InFlight::for_cpu).
    #[inline]
    pub(crate) unsafe fn destination_for_cpu(
        &mut self,
        range: impl RangeBounds<usize>,
    ) -> Result<D::Bytes<'_>> {
        // SAFETY: As in `for_cpu`.
        unsafe { self.mapped.destination.for_cpu_in_flight(range) }
    }
}

impl<T: Mapped, A: BusAddress> Drop for InFlight<T, A> {
    fn drop(&mut self) {
        if self.is_exposed.get() {
            self.mapped.warn_leaked();
        } else {
            // SAFETY: The mapping must have one owner: `self` is being dropped.
            unsafe { ManuallyDrop::drop(&mut self.mapped) };
        }
    }
}

/// Reference to a mapping in flight, or to one of a [`Pair`] in flight.
///
/// # Invariants
///
/// `mapped` is in flight for `'a`, and all its addresses fit into `A`. `is_exposed` is that of its
/// [`InFlight`].
pub(crate) struct InFlightRef<'a, T: MappedMemory, A: BusAddress> {
    mapped: &'a T,
    is_exposed: &'a Cell<bool>,
    address: PhantomData<A>,
}

impl<T: MappedMemory, A: BusAddress> Clone for InFlightRef<'_, T, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: MappedMemory, A: BusAddress> Copy for InFlightRef<'_, T, A> {}

impl<'a, T: MappedMemory, A: BusAddress> InFlightRef<'a, T, A> {
    /// Returns the number of bytes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.mapped.len()
    }

    /// Returns the number of segments.
    ///
    /// Afterwards the mapping can still be canceled, unlike after [`segments`](Self::segments).
    ///
    /// C field: `sg_table.nents`.
    #[inline]
    pub(crate) fn nents(&self) -> usize {
        self.mapped.nents()
    }

    /// Returns an iterator over the segments, in the order of the memory.
    #[inline]
    pub(crate) fn segments(&self) -> impl Iterator<Item = Segment<'a, A>> + Clone + use<'a, T, A> {
        self.is_exposed.set(true);
        // SAFETY: The segments must be in flight for `'a`, and their addresses fit into `A`: they
        // are those of `mapped`, see the type invariant.
        let bind = |segment| unsafe { Segment::new(segment) };

        self.mapped.segments(&SUBMITTED).map(bind)
    }
}

/// Source and destination of a copy.
pub(crate) struct Pair<S, D> {
    /// Mapping that the device reads.
    pub(crate) source: S,
    /// Mapping that the device writes.
    pub(crate) destination: D,
}

// SAFETY: Both stay mapped until they are dropped, and this has no methods that consume it.
unsafe impl<S: Mapped, D: Mapped> Mapped for Pair<S, D> {
    fn is_mapped_for(&self, dev: &DmaDevice) -> bool {
        self.source.is_mapped_for(dev) && self.destination.is_mapped_for(dev)
    }

    fn warn_leaked(&self) {
        self.source.warn_leaked();
        self.destination.warn_leaked();
    }
}

#[cfg(kunit_fixture)]
mod tests;
