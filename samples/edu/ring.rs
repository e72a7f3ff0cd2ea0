// SPDX-License-Identifier: GPL-2.0

//! A receive ring: buffers that the device fills, one after the other, and that stay mapped.
//!
//! Each frame costs one sync, of its bytes alone. If `deliver` fails, the buffer is dropped, and
//! goes back to its pool as well.

use kernel::prelude::*;

use crate::{
    device::Edu,
    dma::{
        DmaDevice,
        FromDevice,
        MappingPool,
        PageBuffer,
        PooledMapping, //
    },
    receiver::Receiver, //
};

/// Ring of pages.
pub(crate) struct Ring<'a, 'bound> {
    pub(crate) receiver: Receiver<'a, 'bound, PooledMapping<'bound, PageBuffer, FromDevice>>,
    pool: MappingPool<'bound, PageBuffer, FromDevice>,
}

impl<'a, 'bound> Ring<'a, 'bound> {
    /// Maps `buffers` pages, and posts them to the device.
    pub(crate) fn new(
        dev: &'bound DmaDevice,
        edu: &'a mut Edu<'bound>,
        buffers: usize,
    ) -> Result<Self> {
        let mut ring = Self {
            receiver: Receiver::new(edu, buffers)?,
            pool: MappingPool::new(dev, buffers, GFP_KERNEL, || PageBuffer::zeroed(GFP_KERNEL))?,
        };

        ring.refill()?;
        Ok(ring)
    }

    /// Passes the next frame to `deliver`. Sleeps until it has arrived.
    pub(crate) fn receive(&mut self, deliver: impl FnOnce(&[u8]) -> Result) -> Result {
        let (mut frame, len) = self.receiver.wait()?;
        deliver(frame.for_cpu(..len)?)?;
        self.pool.put(frame);
        self.refill()
    }

    /// Posts all buffers that are not in use.
    fn refill(&mut self) -> Result {
        while let Some(buffer) = self.pool.take() {
            self.receiver.post(buffer)?;
        }
        Ok(())
    }
}
