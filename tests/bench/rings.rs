// SPDX-License-Identifier: GPL-2.0

//! Costs of mappings that are used again: a receive ring with a pool, and parts of a mapping.
//!
//! A cycle of the ring takes a buffer, gives its address to the device, takes it back, syncs a
//! frame for the CPU, reads a byte, and returns the buffer. In C the pool is a page pool. The pools
//! are made before the measurement.

use core::{
    ffi::c_int,
    hint::black_box,
    ptr::NonNull, //
};

use kernel::{
    error::to_result,
    prelude::*, //
};

use super::{
    dma::{
        as_raw,
        BusMaster,
        DmaDevice,
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

/// A function of C that is measured.
type Peer = unsafe extern "C" fn(*mut peer::Ring, usize, u32) -> c_int;

/// Ring in C, and a mapped page.
///
/// # Invariants
///
/// The pointer is that of a ring, whose page is `_page`.
struct RingInC {
    ring: NonNull<peer::Ring>,
    _page: PageBuffer,
}

impl RingInC {
    fn new(dev: &DmaDevice) -> Result<Self> {
        let mut page = PageBuffer::zeroed(GFP_KERNEL)?;
        let start = page.as_mut_ptr().as_ptr().cast();
        let count = BUFFERS as u32;

        // SAFETY: Requires a bound device, which `dev` is, and a page that stays valid until the
        // ring is freed, which the drop does first.
        let ring = unsafe { peer::rk3588_dma_peer_ring_new(as_raw(dev.as_device()), start, count) };

        // INVARIANT: Created above.
        Ok(Self {
            ring: NonNull::new(ring).ok_or(ENOMEM)?,
            _page: page,
        })
    }
}

impl Drop for RingInC {
    fn drop(&mut self) {
        // SAFETY: The ring must exist, and is not used again: by the type invariant it exists.
        unsafe { peer::rk3588_dma_peer_ring_free(self.ring.as_ptr()) };
    }
}

impl Measurement<'_> {
    /// Measures a ring, and syncs of a part.
    pub(crate) fn compare_rings(&self) -> Result {
        let in_c = RingInC::new(self.dma)?;
        let pages = || PageBuffer::zeroed(GFP_KERNEL);
        let mut pool = MappingPool::new(self.dma, BUFFERS, GFP_KERNEL, pages)?;

        for len in FRAMES {
            self.compare_cycle(
                ("ring", len),
                (&in_c, peer::rk3588_dma_peer_receive),
                (),
                |()| self.receive(&mut pool, len),
            )?;
            self.compare_cycle(
                ("part", len),
                (&in_c, peer::rk3588_dma_peer_range),
                self.part()?,
                |part| read(part, len),
            )?;
        }
        Ok(())
    }

    /// Runs the cycle of the ring.
    fn receive(&self, pool: &mut MappingPool<'_, PageBuffer, FromDevice>, len: usize) -> Result {
        let bus = BusMaster::<u32>::new(self.dma)?;

        for _ in 0..TIMES {
            let flight = bus.submit(pool.take().ok_or(ENOBUFS)?)?;

            black_box(flight.segments().next().map(|it| it.address()));
            // SAFETY: The device must not use the mapping: it did not get the address.
            let mut buffer = unsafe { flight.complete() };

            black_box(buffer.for_cpu(..len)?.first());
            pool.put(buffer);
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

    /// Measures `peer` in C, and `guards` with `value`, and logs both.
    fn compare_cycle<T>(
        &self,
        (case, len): (&str, usize),
        (ring, peer): (&RingInC, Peer),
        value: T,
        mut guards: impl FnMut(T) -> Result<T>,
    ) -> Result {
        let mut value = Some(value);
        // SAFETY: `peer` requires a ring, which `ring` has by its invariant.
        let in_c = |()| to_result(unsafe { peer(ring.ring.as_ptr(), len, TIMES) });
        let in_c = least(TIMES, || time_with((), in_c).map(|(time, ())| time))?;
        let with_guards = least(TIMES, || {
            let (time, back) = time_with(value.take().ok_or(EINVAL)?, &mut guards)?;

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
