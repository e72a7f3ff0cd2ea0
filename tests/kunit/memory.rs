// SPDX-License-Identifier: GPL-2.0

//! Memory of test suites: parts of one buffer, a buffer that records its end, and none.

use core::{
    ops::Range,
    ptr::NonNull, //
};

use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    }, //
};

use crate::dma::{
    Buffer,
    DmaDevice,
    MapFailure,
    Memory, //
};

/// Part of a buffer, at an address that a test chooses. Slots may share cache lines.
pub(crate) struct Slot {
    start: NonNull<u8>,
    len: usize,
    _buffer: Arc<Buffer>,
}

// SAFETY: The memory is not tied to a thread.
unsafe impl Send for Slot {}

impl Slot {
    /// Returns the parts of `buffer` at `ranges`, in this order.
    ///
    /// # Errors
    ///
    /// `EINVAL` if two ranges overlap, or one exceeds the buffer.
    pub(crate) fn cut(mut buffer: Buffer, ranges: &[Range<usize>]) -> Result<KVec<Self>> {
        let mut slots = KVec::with_capacity(ranges.len(), GFP_KERNEL)?;
        let start = buffer.as_mut_ptr();
        let len = Memory::len(&buffer);
        let buffer = Arc::new(buffer, GFP_KERNEL)?;

        for (index, range) in ranges.iter().enumerate() {
            let is_apart =
                |other: &Range<usize>| range.end <= other.start || other.end <= range.start;

            if range.start > range.end || range.end > len || !ranges[..index].iter().all(is_apart) {
                return Err(EINVAL);
            }

            let slot = Self {
                // SAFETY: The range starts in the buffer, or at its end.
                start: unsafe { start.add(range.start) },
                len: range.len(),
                _buffer: buffer.clone(),
            };

            slots.push(slot, GFP_KERNEL)?;
        }
        Ok(slots)
    }

    /// Returns the bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: The bytes must be valid and have no writer. By `cut`, they are in the buffer, to
        // which the slot owns a reference, and in no other slot. `&self` excludes writers.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// Returns the bytes for writing.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: As above, and `&mut self` excludes all other references.
        unsafe { core::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

// SAFETY: `Memory` requires what it requires of `Buffer`, which meets it. Exception: slots share
// cache lines, which is harmless because the virtual machines have no caches.
unsafe impl Memory for Slot {
    fn as_ptr(&self) -> NonNull<u8> {
        self.start
    }

    fn as_mut_ptr(&mut self) -> NonNull<u8> {
        self.start
    }

    fn len(&self) -> usize {
        self.len
    }

    fn check(&self, _: bool) -> Result<(), MapFailure> {
        Ok(())
    }
}

/// Invalid implementation of `Memory`: it owns no memory.
pub(crate) struct Lie(pub(crate) NonNull<u8>);

// SAFETY: Not met, because the memory does not exist. Tests do not send it.
unsafe impl Send for Lie {}

// SAFETY: Not met, because the memory does not exist. Tests expect that mapping it fails.
unsafe impl Memory for Lie {
    fn as_ptr(&self) -> NonNull<u8> {
        self.0
    }

    fn as_mut_ptr(&mut self) -> NonNull<u8> {
        self.0
    }

    fn len(&self) -> usize {
        64
    }

    fn check(&self, _: bool) -> Result<(), MapFailure> {
        Ok(())
    }
}

/// Buffer without borrows that records when it is freed.
pub(crate) struct Recorded {
    pub(crate) buffer: Buffer,
    /// Number of mappings of all devices at that time; set before.
    pub(crate) live: Arc<Atomic<u64>>,
}

impl Recorded {
    /// Value of `live` before the buffer is freed.
    pub(crate) const NOT_FREED: u64 = u64::MAX;

    /// Returns a buffer of `len` bytes of zeroes, and its record.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and those of [`Buffer::zeroed`].
    pub(crate) fn zeroed(len: usize) -> Result<(Self, Arc<Atomic<u64>>)> {
        let live = Arc::new(Atomic::new(Self::NOT_FREED), GFP_KERNEL)?;
        let this = Self {
            buffer: Buffer::zeroed(len, GFP_KERNEL)?,
            live: live.clone(),
        };

        Ok((this, live))
    }
}

// SAFETY: `Memory` requires what it requires of `Buffer`, which meets it.
unsafe impl Memory for Recorded {
    fn as_ptr(&self) -> NonNull<u8> {
        self.buffer.as_ptr()
    }

    fn as_mut_ptr(&mut self) -> NonNull<u8> {
        self.buffer.as_mut_ptr()
    }

    fn len(&self) -> usize {
        Memory::len(&self.buffer)
    }

    fn check(&self, device_may_write: bool) -> Result<(), MapFailure> {
        self.buffer.check(device_may_write)
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        self.live.store(super::total().live, Relaxed);
    }
}

/// Buffer that records its state when it is freed.
pub(crate) struct Witness<'a> {
    pub(crate) buffer: Buffer,
    pub(crate) dev: &'a DmaDevice,
    /// Number of mappings of `dev` at that time.
    pub(crate) live: &'a Atomic<u64>,
    /// Sum of the first bytes of all such buffers.
    pub(crate) first_bytes: &'a Atomic<u64>,
}

// SAFETY: `Memory` requires what it requires of `Buffer`, which meets it. Exception: `drop` reads a
// byte, which is harmless because the virtual machines have no caches.
unsafe impl Memory for Witness<'_> {
    fn as_ptr(&self) -> NonNull<u8> {
        self.buffer.as_ptr()
    }

    fn as_mut_ptr(&mut self) -> NonNull<u8> {
        self.buffer.as_mut_ptr()
    }

    fn len(&self) -> usize {
        Memory::len(&self.buffer)
    }

    fn check(&self, device_may_write: bool) -> Result<(), MapFailure> {
        self.buffer.check(device_may_write)
    }
}

impl Drop for Witness<'_> {
    fn drop(&mut self) {
        self.live.store(super::counters(self.dev).live, Relaxed);
        self.first_bytes.add(self.buffer[0].into(), Relaxed);
    }
}
