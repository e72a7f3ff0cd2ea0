// SPDX-License-Identifier: GPL-2.0

//! Lists of memory with other readers, which a device reads: the fragments of a socket buffer, the
//! folios of a file.

use kernel::{
    alloc::Flags,
    prelude::*, //
};

use super::{
    raw::RawSegments,
    MappedSgTable,
    SgMemory,
    SgTable, //
};
use crate::dma::{
    DmaDevice,
    Location,
    MapError,
    MapFailure,
    Mapped,
    MappedMemory,
    SharedMemory,
    Submitted,
    ToDevice, //
};

/// References in a list. Private, because a table of it must not be mapped for writing, and its
/// bytes must not be accessed.
struct References<M: SharedMemory>(KVec<M>);

// SAFETY: Each piece meets the contract of `SharedMemory`, by which it is contiguous, initialized
// and valid until the value is dropped. The rest of the contract is for memory that the device or
// the CPU writes through the list: `MappedSharedSgTable` maps `ToDevice`, and gives no bytes to the
// CPU.
unsafe impl<M: SharedMemory> SgMemory for References<M> {
    fn len(&self) -> usize {
        self.0
            .iter()
            .fold(0, |len, memory| len.saturating_add(memory.len()))
    }

    fn check(&self, _: bool) -> Result<(), MapFailure> {
        Ok(())
    }

    fn pieces(&mut self) -> impl Iterator<Item = (Location, usize)> + '_ {
        self.0
            .iter()
            .map(|memory| (memory.location(), memory.len()))
    }
}

/// List of memory with other readers that is mapped for a device, which reads it.
///
/// A [`SharedMapping`](crate::dma::SharedMapping) in several pieces. The references may be to the
/// same memory.
///
/// C functions: `sg_set_page()`, `dma_map_sgtable()` with `DMA_TO_DEVICE`, `dma_unmap_sgtable()`.
///
/// # Examples
///
/// The fragments of a packet:
///
/// ```
/// let page = PageBuffer::zeroed(GFP_KERNEL)?.share();
/// let mut fragments = KVec::new();
///
/// fragments.push(page.slice(..1000)?, GFP_KERNEL)?;
/// fragments.push(page.slice(2048..3000)?, GFP_KERNEL)?;
///
/// let packet = MappedSharedSgTable::new(dev, fragments, GFP_KERNEL);
/// let packet = packet.map_err(|error| Error::from(error.failure))?;
/// let fragments = engine.send(packet)?.unmap();
/// ```
#[must_use = "a list that is dropped is unmapped"]
pub(crate) struct MappedSharedSgTable<'dev, M: SharedMemory> {
    list: MappedSgTable<'dev, References<M>, ToDevice>,
}

impl<'dev, M: SharedMemory> MappedSharedSgTable<'dev, M> {
    /// Makes a table of `memory`, and maps it for `dev`. Allocates with `flags`.
    ///
    /// # Errors
    ///
    /// Those of [`SgTable::new`] and of [`SgTable::map`]. The error contains the references.
    pub(crate) fn new(
        dev: &'dev DmaDevice,
        memory: KVec<M>,
        flags: Flags,
    ) -> Result<Self, MapError<KVec<M>>> {
        let table = SgTable::new(dev, References(memory), flags).map_err(|error| MapError {
            failure: error.failure,
            memory: error.memory.0,
        })?;
        let list = table.map().map_err(|error| MapError {
            failure: error.failure,
            memory: error.memory.into_memory().0,
        })?;

        Ok(Self { list })
    }

    /// Unmaps the memory, and returns the references.
    pub(crate) fn unmap(self) -> KVec<M> {
        self.list.unmap().into_memory().0
    }
}

// SAFETY: `MappedSgTable` meets the requirement; `unmap` consumes the value.
unsafe impl<M: SharedMemory> Mapped for MappedSharedSgTable<'_, M> {
    fn is_mapped_for(&self, dev: &DmaDevice) -> bool {
        self.list.is_mapped_for(dev)
    }

    fn warn_leaked(&self) {
        self.list.warn_leaked();
    }
}

// SAFETY: The segments are those of the list. They may overlap, if references are to the same
// memory, which a device that reads does not notice. No other method returns addresses.
unsafe impl<M: SharedMemory> MappedMemory for MappedSharedSgTable<'_, M> {
    type Direction = ToDevice;
    type Segments<'a>
        = RawSegments<'a>
    where
        Self: 'a;

    fn len(&self) -> usize {
        self.list.len()
    }

    fn nents(&self) -> usize {
        self.list.nents()
    }

    fn segments(&self, submitted: &Submitted) -> Self::Segments<'_> {
        self.list.segments(submitted)
    }
}

#[cfg(kunit_fixture)]
#[kunit_tests(rk3588_dma_sg_shared)]
mod tests {
    use super::*;
    use crate::{
        dma::{
            Buffer,
            PageBuffer,
            PageRef, //
        },
        fixture::{
            self,
            TestDevice, //
        }, //
    };
    use kernel::sync::Arc;

    /// Returns a page whose bytes are `value`.
    fn page(value: u8) -> Result<PageRef> {
        let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

        page.fill(value);
        Ok(page.share())
    }

    fn mapped<M: SharedMemory>(
        dev: &DmaDevice,
        memory: KVec<M>,
    ) -> Result<MappedSharedSgTable<'_, M>> {
        MappedSharedSgTable::new(dev, memory, GFP_KERNEL).map_err(|error| error.failure.into())
    }

    #[test]
    fn fragments_of_pages_reach_the_device() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let (first, second) = (page(1)?, page(2)?);
        let mut fragments = KVec::new();

        fragments.push(first.slice(100..1100)?, GFP_KERNEL)?;
        fragments.push(second.slice(..10)?, GFP_KERNEL)?;

        let list = mapped(dev, fragments)?;

        assert_eq!(list.len(), 1010);

        let list = fixture::run(dev, list, |hardware| {
            assert_eq!(hardware.read(998), [1, 1, 2, 2]);
        })?;

        assert_eq!(list.unmap().len(), 2);
        assert_eq!(fixture::counters(dev).live, 0);
        Ok(())
    }

    #[test]
    fn the_same_memory_may_be_in_a_list_twice() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut buffer = Buffer::zeroed(64, GFP_KERNEL)?;

        buffer.fill(7);

        let buffer = Arc::new(buffer, GFP_KERNEL)?;
        let mut fragments = KVec::new();

        fragments.push(buffer.clone(), GFP_KERNEL)?;
        fragments.push(buffer.clone(), GFP_KERNEL)?;

        let list = fixture::run(dev, mapped(dev, fragments)?, |hardware| {
            assert_eq!(hardware.read(62), [7; 4]);
            assert_eq!(hardware.read(126), [7; 2]);
        })?;

        drop(list);
        assert_eq!(buffer[0], 7);
        assert!(Arc::into_unique_or_drop(buffer).is_some());
        Ok(())
    }

    #[test]
    fn nothing_is_refused_and_comes_back() -> Result {
        let device = TestDevice::new()?;
        let result = MappedSharedSgTable::new(device.dma()?, KVec::<PageRef>::new(), GFP_KERNEL);

        assert!(result.is_err_and(|it| it.failure == MapFailure::Empty && it.memory.is_empty()));
        Ok(())
    }
}
