// SPDX-License-Identifier: GPL-2.0

//! Single mappings in one direction: the device reads one buffer and writes another.
//!
//! In C, for the buffer that the device writes:
//!
//! ```c
//! dma_addr_t addr = dma_map_single(dev, buf, len, DMA_FROM_DEVICE);
//!
//! if (dma_mapping_error(dev, addr))
//!         return -ENOMEM;
//! receive(addr, len);                             /* returns when the device has written */
//! dma_unmap_single(dev, addr, len, DMA_FROM_DEVICE);
//! parse(buf, len);
//! ```
//!
//! What goes wrong: the driver does not check the result (mistake 3), or unmaps with another length
//! or direction, twice, or never (mistakes 4, 5, 7 and 8). The CPU uses the buffer that the device
//! owns (mistake 13).
//!
//! Here `Mapping::new` takes the buffer, and returns it if the mapping fails. `unmap` consumes the
//! mapping, has no arguments, and returns the buffer. In between, the CPU cannot access the buffer.
//! A mapping that is dropped is unmapped.
//!
//! To try: call `source.unmap()` after the copy. The compiler reports "use of moved value:
//! `source`" (E0382).

use kernel::prelude::*;

use super::{
    pattern,
    Failure,
    MARGIN, //
};
use crate::{
    dma::{
        Buffer,
        DmaDevice,
        FromDevice,
        Mapping,
        ToDevice, //
    },
    pl330::{
        Controller,
        CopyRange,
        TransferStats, //
    }, //
};

/// Copies `range` between two buffers. Verifies all bytes of the destination.
pub(crate) fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
) -> Result<TransferStats, Failure> {
    let mut source = Buffer::zeroed(range.src_offset + range.len, GFP_KERNEL)?;
    let mut destination = Buffer::zeroed(range.dst_offset + range.len + MARGIN, GFP_KERNEL)?;

    pattern::fill_source(&mut source[range.src_offset..]);
    pattern::fill_background(&mut destination);

    let source = Mapping::<_, ToDevice>::new(dev, source)?;
    let destination = Mapping::<_, FromDevice>::new(dev, destination)?;
    let done = controller.copy(source, destination, range)?;

    let destination = done.mappings.destination.unmap();

    pattern::check(&destination, range.dst_offset, range.len)?;
    Ok(done.stats)
}
