// SPDX-License-Identifier: GPL-2.0

//! Addresses of memory and of mappings, for the demonstration. Other drivers have no reason to read
//! them.

use kernel::prelude::*;

use crate::{
    dma::{
        BusMaster,
        Direction,
        DmaDevice,
        MappedMemory,
        Mapping,
        Memory,
        PageBuffer, //
    },
    iommu::physical_of, //
};

/// Contiguous ranges: address, and length in bytes.
pub(crate) type Extents = KVec<(u64, usize)>;

/// Returns the mapping and its bus address.
///
/// # Errors
///
/// Those of [`segments_of`].
pub(crate) fn address_of<'dev, M: Memory, D: Direction>(
    dev: &DmaDevice,
    mapping: Mapping<'dev, M, D>,
) -> Result<(Mapping<'dev, M, D>, u64)> {
    let (mapping, segments) = segments_of(dev, mapping)?;
    let &(address, _) = segments.first().ok_or(EINVAL)?;

    Ok((mapping, address))
}

/// Returns `mapped`, and the bus address and length of each segment.
///
/// # Errors
///
/// `ENOMEM`, or `EXDEV` if it is mapped for another device.
pub(crate) fn segments_of<T: MappedMemory>(dev: &DmaDevice, mapped: T) -> Result<(T, Extents)> {
    let flight = BusMaster::<u64>::new(dev)?.submit(mapped)?;
    let mut segments = Extents::new();
    let result = flight
        .segments()
        .try_for_each(|segment| segments.push((segment.address(), segment.len()), GFP_KERNEL));
    // SAFETY: The device must not use the mapping: it was not programmed with its addresses.
    let mapped = unsafe { flight.complete() };

    result?;
    Ok((mapped, segments))
}

/// Returns the physical address and the length of the bytes of each page.
pub(crate) fn pieces_of(pages: &mut [PageBuffer]) -> Result<Extents> {
    let mut pieces = Extents::new();

    for page in pages {
        pieces.push((physical_of(page)?, page.len()), GFP_KERNEL)?;
    }
    Ok(pieces)
}
