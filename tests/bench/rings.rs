// SPDX-License-Identifier: GPL-2.0

//! Costs of mappings that are used again: a receive ring with a pool, and parts of a mapping.
//!
//! A cycle of the ring takes a buffer, gives its address to the device, takes it back, syncs a
//! frame for the CPU, reads a byte, and returns the buffer. In C the pool is a page pool.

use core::hint::black_box;

use kernel::{
    error::to_result,
    prelude::*, //
};

use super::{
    dma::{
        as_raw,
        Buffer,
        BusMaster,
        FromDevice,
        MappedPart,
        Mapping,
        MappingPool,
        Memory,
        PageBuffer, //
    },
    least,
    peer,
    time_with,
    Measurement, //
};

/// Lengths of frames in bytes.
const FRAMES: [usize; 3] = [64, 1500, 2048];

/// Number of buffers in the pool.
const BUFFERS: usize = 64;

/// Number of cycles in a round.
const TIMES: u32 = 1000;

impl Measurement<'_> {
    /// Measures a ring, and syncs of a part.
    pub(crate) fn compare_rings(&self) -> Result {
        for len in FRAMES {
            let pages = || PageBuffer::zeroed(GFP_KERNEL);
            let pool = MappingPool::new(self.dma, BUFFERS, GFP_KERNEL, pages)?;

            self.compare_cycle("ring", len, peer::rk3588_dma_peer_ring, |()| {
                self.receive(&pool, len)
            })?;

            let part = self.part()?;

            self.compare_cycle_with("part", len, peer::rk3588_dma_peer_range, part, |part| {
                read(part, len)
            })?;
        }
        Ok(())
    }

    /// Runs the cycle of the ring.
    fn receive(&self, pool: &MappingPool<'_, PageBuffer, FromDevice>, len: usize) -> Result {
        let bus = BusMaster::<u32>::new(self.dma)?;

        for _ in 0..TIMES {
            let flight = bus.submit(pool.take().ok_or(ENOBUFS)?)?;

            black_box(flight.segments().next().map(|it| it.address()));
            // SAFETY: The device must not use the mapping: it did not get the address.
            let mut buffer = unsafe { flight.complete() };

            black_box(buffer.for_cpu(..len)?.first());
        }
        Ok(())
    }

    /// Returns the second half of a page.
    fn part(&self) -> Result<MappedPart<'_, PageBuffer, FromDevice>> {
        let page = PageBuffer::zeroed(GFP_KERNEL)?;
        let page = Mapping::new(self.dma, page)?;
        let page = page.into_part(GFP_KERNEL).map_err(|_| ENOMEM)?;
        let halves = page.split(PageBuffer::LEN / 2).map_err(|_| EINVAL)?;

        Ok(halves.1)
    }

    fn compare_cycle(
        &self,
        case: &str,
        len: usize,
        peer: super::Peer,
        guards: impl Fn(()) -> Result,
    ) -> Result {
        self.compare_cycle_with(case, len, peer, (), guards)
    }

    /// Measures `peer`, and `guards` with `value`, and logs both.
    fn compare_cycle_with<T>(
        &self,
        case: &str,
        len: usize,
        peer: super::Peer,
        value: T,
        guards: impl Fn(T) -> Result<T>,
    ) -> Result {
        let dev = as_raw(self.dma.as_device());
        let mut buffer = Buffer::zeroed(2 * PageBuffer::LEN, GFP_KERNEL)?;
        let start = buffer.as_mut_ptr().as_ptr().cast();
        let mut value = Some(value);
        // SAFETY:
        // - `peer` needs a bound device: `self.dma` belongs to the device that is being probed.
        // - `peer` needs a page and `len` bytes without other users: `buffer` is longer.
        let in_c = |()| to_result(unsafe { peer(dev, start, len, TIMES) });
        let in_c = least(TIMES, || time_with((), in_c).map(|(time, ())| time))?;
        let with_guards = least(TIMES, || {
            let (time, back) = time_with(value.take().ok_or(EINVAL)?, &guards)?;

            value = Some(back);
            Ok(time)
        })?;

        dev_info!(
            self.dma.as_device(),
            "ring {case} {len} {in_c} {with_guards}\n"
        );
        Ok(())
    }
}

/// Syncs the first `len` bytes of a part for the CPU, and reads one.
fn read(
    mut part: MappedPart<'_, PageBuffer, FromDevice>,
    len: usize,
) -> Result<MappedPart<'_, PageBuffer, FromDevice>> {
    for _ in 0..TIMES {
        black_box(part.for_cpu(..len)?.first());
    }
    Ok(part)
}
