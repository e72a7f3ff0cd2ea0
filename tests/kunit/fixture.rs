// SPDX-License-Identifier: GPL-2.0

//! Fixture of the KUnit suites: a device to map memory for, and its hardware.
//!
//! It is part of modules for a kernel with KUnit only. The suites are in the files that they test,
//! and run when the module is loaded.

#[allow(dead_code, reason = "the samples have no such controllers")]
mod controller;
mod memory;

use core::{
    ops::Range,
    ptr::{
        self,
        NonNull, //
    }, //
};

use kernel::{
    bindings,
    device::{
        Core,
        Device, //
    },
    dma::DmaMask,
    error::to_result,
    platform,
    prelude::*, //
};

use crate::dma::{
    as_raw,
    Buffer,
    BusMaster,
    DmaDevice,
    InFlight,
    Limits,
    MappedMemory,
    Mapping,
    ToDevice, //
};

pub(crate) use memory::{
    Lie,
    Recorded,
    Slot,
    Witness, //
};

/// Functions and constants of `fixture.h`.
#[expect(
    improper_ctypes,
    unreachable_pub,
    reason = "output of bindgen, as in the kernel crate's bindings"
)]
pub(crate) mod c {
    use kernel::{
        bindings::{
            bool_,
            device,
            dma_addr_t,
            kunit,
            page,
            platform_device,
            u64_, //
        },
        ffi, //
    };

    include!(env!("RK3588_DMA_FIXTURE_RS"));
}

/// Platform device bound to an empty driver, until it is dropped.
///
/// A failed assertion ends a test without dropping its values. KUnit removes the device then.
pub(crate) struct TestDevice {
    test: *mut bindings::kunit,
    pdev: NonNull<bindings::platform_device>,
}

impl TestDevice {
    /// Adds a device.
    ///
    /// # Errors
    ///
    /// `ENODEV` if KUnit cannot add it; the kernel log has the reason.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: Callable from any context.
        let test = unsafe { bindings::kunit_get_current_test() };
        // SAFETY: `test` is the running test.
        let pdev = unsafe { c::rk3588_dma_test_device(test) };

        Self::added(test, pdev)
    }

    fn added(test: *mut bindings::kunit, pdev: *mut bindings::platform_device) -> Result<Self> {
        Ok(Self {
            test,
            pdev: NonNull::new(pdev).ok_or(ENODEV)?,
        })
    }

    /// Adds a device whose bus addresses are `by` above the physical ones.
    ///
    /// # Errors
    ///
    /// `ENODEV` if KUnit cannot add it, `ENOMEM` if an allocation fails.
    pub(crate) fn shifted(by: usize) -> Result<Self> {
        let this = Self::new()?;

        // SAFETY: The device must have no mappings, and was added just now.
        // CAST: `usize` has at most 64 bits.
        to_result(unsafe { c::rk3588_dma_test_shift(this.pdev.as_ptr(), by as u64) })?;
        Ok(this)
    }

    /// Returns its `DmaDevice`, with 32 address bits and no other limit.
    ///
    /// # Errors
    ///
    /// Those of [`DmaDevice::new`].
    pub(crate) fn dma(&self) -> Result<&DmaDevice> {
        self.dma_with(Limits::new(DmaMask::new::<32>()))
    }

    /// Returns its `DmaDevice` with these limits.
    ///
    /// # Errors
    ///
    /// Those of [`DmaDevice::new`].
    pub(crate) fn dma_with(&self, limits: Limits) -> Result<&DmaDevice> {
        // SAFETY: Only this call sets limits of the device. No other code uses it, so
        // nothing is mapped or allocated for it meanwhile.
        unsafe { DmaDevice::new_bound(self.core(), limits) }
    }

    /// Calls `DmaDevice::new` as a driver would, but after probe.
    ///
    /// # Errors
    ///
    /// Those of [`DmaDevice::new`].
    pub(crate) fn dma_as_a_driver(&self) -> Result<&DmaDevice> {
        let limits = Limits::new(DmaMask::new::<32>());

        // SAFETY: Only this call sets limits of the device. No other code uses it, so
        // nothing is mapped or allocated for it meanwhile.
        unsafe { DmaDevice::new(self.core(), limits) }
    }

    /// Unbinds the device from its driver, and binds it again.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the driver was not bound again.
    pub(crate) fn rebind(&mut self) -> Result {
        let dev = as_raw(AsRef::<Device<Core<'_>>>::as_ref(self.core()));

        // SAFETY: Requires a device whose lock is not held, and without borrows of what the binding
        // has: `self` is borrowed mutably.
        match unsafe {
            bindings::device_release_driver(dev);
            bindings::device_attach(dev)
        } {
            1 => Ok(()),
            _ => Err(ENODEV),
        }
    }

    /// Returns the device as its driver's probe gets it.
    pub(crate) fn core(&self) -> &platform::Device<Core<'_>> {
        // SAFETY: `platform::Device` is transparent over `struct platform_device`. The device stays
        // bound until `drop`. `Core` requires exclusive access, and only the test uses the device.
        unsafe { self.pdev.cast().as_ref() }
    }
}

impl Drop for TestDevice {
    fn drop(&mut self) {
        // SAFETY: The device was added for this test and is removed once. All borrows have ended.
        unsafe { c::rk3588_dma_test_remove(self.test, self.pdev.as_ptr()) };
    }
}

/// Counters of a test device, see `fixture.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counters {
    /// Mappings that exist, leaked ones included.
    pub(crate) live: u64,
    pub(crate) mapped: u64,
    pub(crate) bytes: u64,
    pub(crate) bounced: u64,
    pub(crate) bounced_bytes: u64,
    pub(crate) syncs_for_cpu: u64,
    pub(crate) syncs_for_device: u64,
}

/// Returns the counters of a test device.
pub(crate) fn counters(dev: &DmaDevice) -> Counters {
    // SAFETY: The device exists.
    unsafe { counters_of(as_raw(dev.as_device())) }
}

/// Returns the counters of all devices together, also while one is unbound.
pub(crate) fn total() -> Counters {
    // SAFETY: There is no device.
    unsafe { counters_of(ptr::null_mut()) }
}

/// Returns the counters of `dev`, or of all devices if it is null.
///
/// # Safety
///
/// `dev` is null, or a device that exists.
unsafe fn counters_of(dev: *mut bindings::device) -> Counters {
    // SAFETY: The caller guarantees the device, and `which` is below `RK3588_DMA_COUNTERS`.
    let counter = |which| unsafe { c::rk3588_dma_test_counter(dev, which) };
    // In this order: a mapping may be unmapped in between.
    let unmapped = counter(c::RK3588_DMA_COUNTER_UNMAPPED);
    let mapped = counter(c::RK3588_DMA_COUNTER_MAPPED);

    Counters {
        live: mapped - unmapped,
        mapped,
        bytes: counter(c::RK3588_DMA_COUNTER_BYTES),
        bounced: counter(c::RK3588_DMA_COUNTER_BOUNCED),
        bounced_bytes: counter(c::RK3588_DMA_COUNTER_BOUNCED_BYTES),
        syncs_for_cpu: counter(c::RK3588_DMA_COUNTER_SYNCS_FOR_CPU),
        syncs_for_device: counter(c::RK3588_DMA_COUNTER_SYNCS_FOR_DEVICE),
    }
}

/// Accesses of a device that got the address of a mapping, or those of its segments.
pub(crate) struct Hardware<'a> {
    dev: &'a DmaDevice,
    /// Addresses and lengths in bytes.
    segments: KVec<(u32, usize)>,
}

impl Hardware<'_> {
    /// Writes `bytes` to the mapping at `offset`.
    pub(crate) fn write(&self, offset: usize, bytes: &[u8]) {
        self.for_each(offset, bytes.len(), |address, part| {
            let bytes = &bytes[part];

            // SAFETY: The range is in a mapping in flight.
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

    /// Reads `N` bytes of the mapping at `offset`.
    pub(crate) fn read<const N: usize>(&self, offset: usize) -> [u8; N] {
        let mut bytes = [0; N];

        self.read_to(offset, &mut bytes);
        bytes
    }

    /// Writes [`pattern`] `seed` to all bytes.
    pub(crate) fn write_pattern(&self, seed: u8) {
        for_each_chunk(self.len(), |offset, chunk| {
            fill(seed, offset, chunk);
            self.write(offset, chunk);
        });
    }

    /// Returns true if all bytes are [`pattern`] `seed`.
    pub(crate) fn has_pattern(&self, seed: u8) -> bool {
        let mut matches = true;

        for_each_chunk(self.len(), |offset, chunk| {
            self.read_to(offset, chunk);
            matches &= is_filled(seed, offset, chunk);
        });
        matches
    }

    /// Returns the number of bytes in all segments.
    pub(crate) fn len(&self) -> usize {
        self.segments.iter().map(|&(_, len)| len).sum()
    }

    fn read_to(&self, offset: usize, bytes: &mut [u8]) {
        self.for_each(offset, bytes.len(), |address, part| {
            let bytes = &mut bytes[part];

            // SAFETY: The range is in a mapping in flight.
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

    /// Calls `act` for each part of these bytes in a segment, with its address and its range.
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

/// Returns the byte at `offset` of a pattern that makes moved bytes visible.
pub(crate) fn pattern(seed: u8, offset: usize) -> u8 {
    let mixed = (offset as u32).wrapping_mul(0x9e37_79b1) >> 24;

    mixed as u8 ^ seed
}

/// Fills `bytes`, the first of which is at `offset`, with [`pattern`] `seed`.
pub(crate) fn fill(seed: u8, offset: usize, bytes: &mut [u8]) {
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = pattern(seed, offset + at);
    }
}

/// Returns true if `bytes`, the first of which is at `offset`, are [`pattern`] `seed`.
pub(crate) fn is_filled(seed: u8, offset: usize, bytes: &[u8]) -> bool {
    let mut bytes = bytes.iter().enumerate();

    bytes.all(|(at, &byte)| byte == pattern(seed, offset + at))
}

/// Calls `act` for `len` bytes in chunks, each with its offset.
fn for_each_chunk(len: usize, mut act: impl FnMut(usize, &mut [u8])) {
    let mut chunk = [0; 256];

    for offset in (0..len).step_by(chunk.len()) {
        let len = chunk.len().min(len - offset);

        act(offset, &mut chunk[..len]);
    }
}

/// Submits `mapped` to the hardware, calls `act` for its accesses, and completes it.
pub(crate) fn run<T: MappedMemory>(
    dev: &DmaDevice,
    mapped: T,
    act: impl FnOnce(&Hardware<'_>),
) -> Result<T> {
    let flight = BusMaster::new(dev)?.submit(mapped)?;
    let result = hardware(dev, &flight).map(|hardware| act(&hardware));
    // SAFETY: The hardware must not use the mapping: it is `act`, which has returned.
    let mapped = unsafe { flight.complete() };

    result?;
    Ok(mapped)
}

/// Returns hardware that gets the addresses of `flight`. It must not be used after that.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn hardware<'a, T: MappedMemory>(
    dev: &'a DmaDevice,
    flight: &InFlight<T, u32>,
) -> Result<Hardware<'a>> {
    let mut segments = KVec::new();

    for segment in flight.segments() {
        segments.push((segment.address(), segment.len()), GFP_KERNEL)?;
    }
    Ok(Hardware { dev, segments })
}

/// Runs `work`, whose first allocation fails.
///
/// Allocations that may sleep fail only if `ignore-gfp-wait` of `failslab` and `fail_page_alloc` in
/// debugfs is N.
///
/// # Errors
///
/// `EINVAL` if no allocation failed.
pub(crate) fn without_memory<T>(work: impl FnOnce() -> T) -> Result<T> {
    let (result, has_failed) = without_memory_at(1, work);

    match has_failed {
        true => Ok(result),
        false => Err(EINVAL),
    }
}

/// Runs `work`, whose allocation `nth` fails, counted from 1. The bool is true if it has failed.
pub(crate) fn without_memory_at<T>(nth: u32, work: impl FnOnce() -> T) -> (T, bool) {
    // SAFETY: Callable in any thread.
    unsafe { c::rk3588_dma_test_fail_allocation(nth) };

    let result = work();

    // SAFETY: Callable in any thread.
    (result, unsafe { c::rk3588_dma_test_has_failed() })
}

/// Runs `work`, of which the kernel's warnings are not logged. Returns their number, too.
pub(crate) fn count_warnings<T>(work: impl FnOnce() -> T) -> (T, c_int) {
    // SAFETY: Callable from any context.
    let test = unsafe { bindings::kunit_get_current_test() };
    // SAFETY: `test` is the running test.
    let warnings = unsafe { bindings::kunit_start_suppress_warning(test) };
    let result = work();

    // SAFETY: The handle is that of the call above, and ends here.
    unsafe {
        let count = bindings::kunit_suppressed_warning_count(warnings);

        bindings::kunit_end_suppress_warning(test, warnings);
        (result, count)
    }
}

/// Returns the number of lines in the kernel log that contain `text`.
pub(crate) fn count_logged(text: &CStr) -> u32 {
    // SAFETY: `text` is a string that ends with a NUL.
    unsafe { c::rk3588_dma_test_count_logged(text.as_char_ptr()) }
}

/// Returns true if all mappings of `dev` use bounce buffers.
///
/// # Errors
///
/// If a mapping fails.
pub(crate) fn is_bounced(dev: &DmaDevice) -> Result<bool> {
    let before = counters(dev).bounced;

    drop(Mapping::<_, ToDevice>::new(
        dev,
        Buffer::zeroed(4096, GFP_KERNEL)?,
    )?);
    Ok(counters(dev).bounced != before)
}

/// Returns limits on the length and the boundary of a segment.
pub(crate) fn narrow(max_segment: u32, boundary_mask: c_ulong) -> Limits {
    Limits {
        max_segment,
        boundary_mask,
        ..Limits::new(DmaMask::new::<32>())
    }
}
