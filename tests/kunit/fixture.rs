// SPDX-License-Identifier: GPL-2.0

//! What the KUnit suites have in common: a device to map memory for, and its hardware.
//!
//! Only in a module for a kernel with KUnit. The suites stand in the files they test, and run when
//! the module is loaded.

use core::{
    ops::Range,
    ptr::NonNull, //
};

use kernel::{
    bindings,
    device::Core,
    dma::DmaMask,
    error::to_result,
    platform,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    }, //
};

use crate::{
    bindings::{
        as_raw,
        c, //
    },
    dma::{
        Buffer,
        Direction,
        DmaDevice,
        Limits,
        Mapping,
        Memory,
        Statistics,
        ToDevice, //
    },
    sg::{
        MappedList,
        Scattered, //
    }, //
};

/// A platform device bound to a driver that does nothing, until it is dropped.
///
/// A failed assertion ends a test without dropping anything; KUnit removes the device then.
pub(crate) struct TestDevice {
    test: *mut bindings::kunit,
    pdev: NonNull<bindings::platform_device>,
}

impl TestDevice {
    /// Makes one.
    ///
    /// # Errors
    ///
    /// `ENODEV` if KUnit cannot, which it says in the log.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: Callable from any context.
        let test = unsafe { bindings::kunit_get_current_test() };
        // SAFETY: `test` is the test that runs.
        let pdev = unsafe { c::rk3588_dma_test_device(test) };

        Ok(Self {
            test,
            pdev: NonNull::new(pdev).ok_or(ENODEV)?,
        })
    }

    /// Makes one on a bus where all memory is `by` bytes further on.
    ///
    /// # Errors
    ///
    /// `ENODEV` as above, and `ENOMEM`.
    pub(crate) fn shifted(by: usize) -> Result<Self> {
        let this = Self::new()?;

        // SAFETY: It was made just now, and nothing is mapped for it.
        // CAST: `usize` has at most 64 bits.
        to_result(unsafe { c::rk3588_dma_test_shift(this.pdev.as_ptr(), by as u64) })?;
        Ok(this)
    }

    /// Its `DmaDevice`, with 32 address bits and no other limit.
    ///
    /// # Errors
    ///
    /// Those of [`DmaDevice::new`].
    pub(crate) fn dma(&self) -> Result<&DmaDevice> {
        self.dma_with(Limits::new(DmaMask::new::<32>()), Statistics::on())
    }

    /// Its `DmaDevice`, made to measure.
    ///
    /// # Errors
    ///
    /// Those of [`DmaDevice::new`].
    pub(crate) fn dma_with(&self, limits: Limits, statistics: Statistics) -> Result<&DmaDevice> {
        // SAFETY: Nobody else uses the device.
        unsafe { DmaDevice::make(self.core(), limits, statistics) }
    }

    /// Its `DmaDevice`, made as by a driver; but probe is over.
    ///
    /// # Errors
    ///
    /// Those of [`DmaDevice::new`].
    pub(crate) fn dma_as_a_driver(&self) -> Result<&DmaDevice> {
        let limits = Limits::new(DmaMask::new::<32>());

        DmaDevice::new(self.core(), limits, Statistics::on())
    }

    fn core(&self) -> &platform::Device<Core<'_>> {
        // SAFETY: `platform::Device` is transparent over `struct platform_device`. This one stays
        // bound until `drop`. Nobody else deals with it, which is what `Core` stands for.
        unsafe { self.pdev.cast().as_ref() }
    }
}

impl Drop for TestDevice {
    fn drop(&mut self) {
        // SAFETY: The device was added for this test and is removed once. What borrows it is gone.
        unsafe { c::rk3588_dma_test_remove(self.test, self.pdev.as_ptr()) };
    }
}

/// What a device does that was told an address, or those of several segments.
pub(crate) struct Hardware<'a> {
    dev: &'a DmaDevice,
    /// Addresses and lengths in bytes.
    segments: KVec<(u32, usize)>,
}

impl Hardware<'_> {
    /// Writes `bytes` into the mapping from `offset` on.
    pub(crate) fn write(&self, offset: usize, bytes: &[u8]) {
        self.for_each(offset, bytes.len(), |address, part| {
            let bytes = &bytes[part];

            // SAFETY: The range is inside a mapping in flight.
            unsafe {
                c::rk3588_dma_test_write(
                    as_raw(self.dev.as_device()),
                    address,
                    bytes.as_ptr().cast(),
                    bytes.len(),
                )
            };
        });
    }

    /// Reads `N` bytes of the mapping from `offset` on.
    pub(crate) fn read<const N: usize>(&self, offset: usize) -> [u8; N] {
        let mut bytes = [0; N];

        self.read_to(offset, &mut bytes);
        bytes
    }

    /// Writes [`pattern`] `seed` into all of it.
    pub(crate) fn write_pattern(&self, seed: u8) {
        for_each_chunk(self.len(), |offset, chunk| {
            fill(seed, offset, chunk);
            self.write(offset, chunk);
        });
    }

    /// Whether all of it is [`pattern`] `seed`.
    pub(crate) fn has_pattern(&self, seed: u8) -> bool {
        let mut matches = true;

        for_each_chunk(self.len(), |offset, chunk| {
            self.read_to(offset, chunk);
            matches &= is_filled(seed, offset, chunk);
        });
        matches
    }

    /// How many bytes it was told of.
    pub(crate) fn len(&self) -> usize {
        self.segments.iter().map(|&(_, len)| len).sum()
    }

    fn read_to(&self, offset: usize, bytes: &mut [u8]) {
        self.for_each(offset, bytes.len(), |address, part| {
            let bytes = &mut bytes[part];

            // SAFETY: The range is inside a mapping in flight.
            unsafe {
                c::rk3588_dma_test_read(
                    as_raw(self.dev.as_device()),
                    address,
                    bytes.as_mut_ptr().cast(),
                    bytes.len(),
                )
            };
        });
    }

    /// Calls `act` with the address of each part of these bytes, and which of them it is.
    fn for_each(
        &self,
        offset: usize,
        len: usize,
        mut act: impl FnMut(bindings::dma_addr_t, Range<usize>),
    ) {
        let mut begin = 0;

        for &(address, segment_len) in &self.segments {
            let end = begin + segment_len;
            let (first, last) = (begin.max(offset), end.min(offset + len));

            if first < last {
                let address = bindings::dma_addr_t::from(address);

                act(
                    address + (first - begin) as bindings::dma_addr_t,
                    first - offset..last - offset,
                );
            }
            begin = end;
        }
        core::assert!(offset + len <= begin);
    }
}

/// A byte that depends on where it is, so that it shows if it is elsewhere.
pub(crate) fn pattern(seed: u8, offset: usize) -> u8 {
    let mixed = (offset as u32).wrapping_mul(0x9e37_79b1) >> 24;

    mixed as u8 ^ seed
}

/// Makes these bytes, which are `offset` bytes further on, [`pattern`] `seed`.
pub(crate) fn fill(seed: u8, offset: usize, bytes: &mut [u8]) {
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = pattern(seed, offset + at);
    }
}

/// Whether these bytes, which are `offset` bytes further on, are [`pattern`] `seed`.
pub(crate) fn is_filled(seed: u8, offset: usize, bytes: &[u8]) -> bool {
    let mut bytes = bytes.iter().enumerate();

    bytes.all(|(at, &byte)| byte == pattern(seed, offset + at))
}

/// Calls `act` for some of `len` bytes after the other, with the offset of the first.
fn for_each_chunk(len: usize, mut act: impl FnMut(usize, &mut [u8])) {
    let mut chunk = [0; 256];

    for offset in (0..len).step_by(chunk.len()) {
        let len = chunk.len().min(len - offset);

        act(offset, &mut chunk[..len]);
    }
}

/// Lends `mapping` to the hardware, lets it `act`, and takes the mapping back.
pub(crate) fn run<'dev, M: Memory, D: Direction>(
    dev: &'dev DmaDevice,
    mapping: Mapping<'dev, M, D>,
    act: impl FnOnce(&Hardware<'_>),
) -> Result<Mapping<'dev, M, D>> {
    let mut segments = KVec::with_capacity(1, GFP_KERNEL)?;
    let len = mapping.len();
    let flight = mapping.submit();
    let told = flight
        .address()
        .to_bus32(0)
        .and_then(|address| Ok(segments.push((address, len), GFP_KERNEL)?));

    if told.is_ok() {
        act(&Hardware { dev, segments });
    }
    // SAFETY: The hardware of the test device is `act`, which has returned.
    let mapping = unsafe { flight.complete() };

    told.map(|()| mapping)
}

/// Lends `list` to the hardware, lets it `act`, and takes the list back.
pub(crate) fn run_list<'dev, M: Scattered, D: Direction>(
    dev: &'dev DmaDevice,
    list: MappedList<'dev, M, D>,
    act: impl FnOnce(&Hardware<'_>),
) -> Result<MappedList<'dev, M, D>> {
    let mut segments = KVec::with_capacity(list.segments(), GFP_KERNEL)?;
    let flight = list.submit();
    let told = flight.segments().try_for_each(|segment| {
        let address = segment.address().to_bus32(0)?;

        Ok(segments.push((address, segment.len()), GFP_KERNEL)?)
    });

    if told.is_ok() {
        act(&Hardware { dev, segments });
    }
    // SAFETY: The hardware of the test device is `act`, which has returned.
    let list = unsafe { flight.complete() };

    told.map(|()| list)
}

/// A part of a buffer, the rest of which other parts own: memory that lies where a test wants it, and that
/// may share cache lines.
pub(crate) struct Slot {
    start: NonNull<u8>,
    len: usize,
    _buffer: Arc<Buffer>,
}

// SAFETY: The memory is not tied to a thread.
unsafe impl Send for Slot {}

impl Slot {
    /// The parts of `buffer` that are at `ranges`, in this order.
    ///
    /// # Errors
    ///
    /// `EINVAL` if two of them have a byte in common, or one is outside.
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
                // SAFETY: Inside, or at the end of what is inside.
                start: unsafe { start.add(range.start) },
                len: range.len(),
                _buffer: buffer.clone(),
            };

            slots.push(slot, GFP_KERNEL)?;
        }
        Ok(slots)
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: By `cut` they are inside a buffer that is kept, and of no other slot; nobody gets hold of
        // the buffer. `&self` excludes writers.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// Its bytes, to be changed.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: As above, and `&mut self` excludes everybody else.
        unsafe { core::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

// SAFETY: All of it is what `Buffer` says of itself, but that cache lines may be shared: harmless where there
// are no caches.
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
}

/// Runs `work`, whose first allocation fails.
///
/// Allocations that may sleep only fail where `ignore-gfp-wait` of `failslab` and `fail_page_alloc` in
/// debugfs says no.
///
/// # Errors
///
/// `EINVAL` if no allocation was made, or none can be made to fail.
pub(crate) fn without_memory<T>(work: impl FnOnce() -> T) -> Result<T> {
    let (result, has_failed) = without_memory_at(1, work);

    match has_failed {
        true => Ok(result),
        false => Err(EINVAL),
    }
}

/// Runs `work`, whose allocation `nth` fails, counted from 1; and whether there were as many.
pub(crate) fn without_memory_at<T>(nth: u32, work: impl FnOnce() -> T) -> (T, bool) {
    // SAFETY: Callable in any thread.
    unsafe { c::rk3588_dma_test_fail_allocation(nth) };

    let result = work();

    // SAFETY: As before.
    (result, unsafe { c::rk3588_dma_test_has_failed() })
}

/// Whether what is mapped for `dev` goes through a bounce buffer, wherever it is in memory.
///
/// # Errors
///
/// If nothing can be mapped.
pub(crate) fn is_bounced(dev: &DmaDevice) -> Result<bool> {
    let before = dev.statistics().snapshot().bounced;

    drop(Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(4096)?)?);
    Ok(dev.statistics().snapshot().bounced != before)
}

/// Limits on the length of a segment and where it ends.
pub(crate) fn narrow(max_segment: u32, boundary_mask: c_ulong) -> Limits {
    Limits {
        max_segment,
        boundary_mask,
        ..Limits::new(DmaMask::new::<32>())
    }
}

/// Memory that breaks its contract: it owns none.
pub(crate) struct Lie(pub(crate) NonNull<u8>);

// SAFETY: There is none; what maps it must fail. It is not sent anywhere.
unsafe impl Send for Lie {}

// SAFETY: There is none; what maps it must fail.
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
}

/// A buffer that takes down what it sees when it is freed.
pub(crate) struct Witness<'a> {
    pub(crate) buffer: Buffer,
    pub(crate) dev: &'a DmaDevice,
    /// How many mappings of `dev` there are then.
    pub(crate) live: &'a Atomic<u64>,
    /// Its first byte is added to this.
    pub(crate) first_bytes: &'a Atomic<u64>,
}

// SAFETY: All of it is what `Buffer` says of itself; but that it looks at a byte when it is dropped, which
// is harmless where there are no caches.
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
}

impl Drop for Witness<'_> {
    fn drop(&mut self) {
        self.live
            .store(self.dev.statistics().snapshot().live, Relaxed);
        self.first_bytes.add(self.buffer[0].into(), Relaxed);
    }
}
