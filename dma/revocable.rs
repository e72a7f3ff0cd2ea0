// SPDX-License-Identifier: GPL-2.0

//! Mappings in objects that may outlive the binding of their device.
//!
//! A work item, a timer or an open file lives as long as there is a reference to it, and so does
//! what it contains. A [`Mapping`] cannot be in it, because it must be unmapped while the device is
//! bound. In C, the driver must find and stop all such objects in `remove`. Here the kernel unmaps
//! the mapping when the device is unbound, as it does with its `SGTable`, and from then on the
//! object gets nothing.

use kernel::{
    devres::Devres,
    new_spinlock_irq,
    prelude::*,
    sync::SpinLockIrq, //
};

use super::{
    as_raw,
    Direction,
    DmaDevice,
    Mapping,
    Memory, //
};

/// Place for a mapping.
#[pin_data]
struct Slot<M: Memory + 'static, D: Direction> {
    /// The mapping, unless it was taken. Its lifetime stands for the binding of the device: it is
    /// dropped before the device is unbound.
    #[pin]
    mapping: SpinLockIrq<Option<Mapping<'static, M, D>>>,
}

/// Mapping that is unmapped when its device is unbound, or when this value is dropped before.
///
/// It may be in an [`Arc`](kernel::sync::Arc), a work item, a timer or a file. The CPU accesses it
/// by [`with`](Self::with). To submit it, the driver [takes](Self::take) it out, which requires the
/// bound device, and [puts](Self::put) it back.
///
/// Dropping it sleeps, as dropping a [`Devres`] does, because an unbind may be dropping the mapping
/// at the same time. So a timer must not drop the last reference.
///
/// C functions: `devm_add_action()`, `dma_unmap_single()`.
///
/// # Examples
///
/// A file shows what the device has written, for as long as there is a device:
///
/// ```
/// # use kernel::sync::Arc;
/// let status = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
/// let status = status.into_revocable(dev).map_err(|_| ENOMEM)?;
/// let status = Arc::new(status, GFP_KERNEL)?;
///
/// /// Reads a byte, at any time.
/// fn read(status: &RevocableMapping<Buffer, FromDevice>) -> Result<u8> {
///     status.with(|mapping| Ok(mapping.for_cpu(..1)?[0])).ok_or(ENODEV)?
/// }
///
/// assert_eq!(read(&status), Ok(0));
/// ```
///
/// # Invariants
///
/// The mapping in the slot is for the device of `slot`.
pub(crate) struct RevocableMapping<M: Memory + 'static, D: Direction> {
    slot: Devres<Slot<M, D>>,
}

impl<'dev, M: Memory + 'static, D: Direction> Mapping<'dev, M, D> {
    /// Converts the mapping, which is for `dev`, to one that may outlive the binding. Sleeps.
    ///
    /// # Errors
    ///
    /// The mapping itself, if it is for another device, or an allocation fails.
    pub(crate) fn into_revocable(
        self,
        dev: &'dev DmaDevice,
    ) -> Result<RevocableMapping<M, D>, Self> {
        let slot = Devres::new(
            dev.as_device(),
            pin_init!(Slot { mapping <- new_spinlock_irq!(None) }? Error),
        );

        match slot {
            Ok(slot) => {
                let this = RevocableMapping { slot };

                this.put(self).map(|()| this)
            }
            Err(_) => Err(self),
        }
    }
}

impl<M: Memory + 'static, D: Direction> RevocableMapping<M, D> {
    /// Calls `f` with the mapping. Returns `None` if the device was unbound, or the mapping is
    /// taken.
    ///
    /// Callable from any context in which a `spinlock_t` may be taken. `f` must be short, and must
    /// not sleep or access this mapping by another method: it is called in a read-side critical
    /// section of RCU, with a spinlock held and interrupts disabled.
    pub(crate) fn with<R>(
        &self,
        f: impl for<'dev> FnOnce(&mut Mapping<'dev, M, D>) -> R,
    ) -> Option<R> {
        let slot = self.slot.try_access()?;
        let mapping = &mut *slot.mapping.lock();

        mapping.as_mut().map(f)
    }

    /// Takes the mapping, to submit it, while `dev` is bound.
    ///
    /// Returns `None` if it is taken already, is for another device, or the device was unbound
    /// since it was mapped. Callable from any context in which a `spinlock_t` may be taken.
    pub(crate) fn take<'dev>(&self, dev: &'dev DmaDevice) -> Option<Mapping<'dev, M, D>> {
        // Not `Devres::access`, which does not notice that the device was unbound and bound again.
        let slot = self.slot.try_access()?;

        if as_raw(self.slot.device()) != dev.as_raw() {
            return None;
        }

        let mapping = slot.mapping.lock().take();

        // The lifetime becomes that of `dev`, for which the device is bound. It is the binding of
        // the slot, which was not revoked.
        mapping
    }

    /// Puts a mapping back, or another one in its place.
    ///
    /// # Errors
    ///
    /// The mapping itself, if it is for another device, the device was unbound, or there is one.
    pub(crate) fn put<'dev>(
        &self,
        mapping: Mapping<'dev, M, D>,
    ) -> Result<(), Mapping<'dev, M, D>> {
        let Some(slot) = self.slot.try_access() else {
            return Err(mapping);
        };
        let place = &mut *slot.mapping.lock();

        if place.is_some() || !mapping.is_mapped_on(self.slot.device()) {
            return Err(mapping);
        }
        // SAFETY: The device must be bound until the mapping is dropped, and its `DmaDevice` must
        // exist: the slot is dropped when the device is unbound, before its `DmaDevice`, which was
        // added to the resources of the device before the slot. `take` returns a mapping that lives
        // no longer than a proof that the device is bound, and `with` one that cannot be moved.
        // INVARIANT: Compared above.
        *place = Some(unsafe { mapping.extend_lifetime() });
        Ok(())
    }

    /// Unmaps the memory with a sync, and returns it, unless the device was unbound or the mapping
    /// is taken. May sleep.
    pub(crate) fn unmap(self) -> Option<M> {
        let slot = self.slot.try_access()?;
        let mapping = slot.mapping.lock().take()?;

        Some(mapping.unmap())
    }
}

#[cfg(kunit_fixture)]
mod tests;
