// SPDX-License-Identifier: GPL-2.0

//! Benchmark of mapping, syncing and unmapping with guards and in C, of writing programs, and of
//! the engine.
//!
//! It is a separate kernel module: the driver's directories and, in `peer.c`, the calls of a driver
//! in C. `make bench` boots it with QEMU's `-icount shift=0`, where 1 ns is an instruction.
//! The module logs a line per measurement:
//!
//! ```text
//! bench CASE LEN PEER GUARDS
//! list CASE ENTRIES PEER GUARDS
//! ring CASE LEN PEER GUARDS
//! program ALIGNED|MISALIGNED SEGMENTS BYTES PLANNER
//! request SEGMENTS INSTRUCTIONS
//! section FUNCTION INSTRUCTIONS
//! idle INSTRUCTIONS
//! ```
//!
//! PEER, GUARDS and PLANNER are the nanoseconds of one operation, times 1000.

mod engine;
mod lists;
mod programs;
mod rings;

#[allow(dead_code, unused_imports, reason = "only `dma` is measured")]
#[path = "../../bindings/mod.rs"]
mod bindings;
#[path = "../../dma/mod.rs"]
mod dma;
#[allow(dead_code, unused_imports, reason = "not all of it is measured")]
#[path = "../../pl330/mod.rs"]
mod pl330;
#[path = "../../sg/mod.rs"]
mod sg;

use core::ptr::NonNull;

use kernel::{
    bindings::{
        device,
        page,
        sg_table, //
    },
    device::Core,
    dma::DmaMask,
    error::to_result,
    of,
    platform,
    prelude::*, //
};

use bindings::{
    PmAdapter,
    PowerManaged, //
};
use dma::{
    as_raw,
    Bidirectional,
    Buffer,
    DmaDevice,
    FromDevice,
    Limits,
    MapFailure,
    Mapping,
    Memory,
    ToDevice, //
};

kernel::module_driver!(<T>, PmAdapter<T>, {
    type: Bench,
    name: "rk3588_dma_bench",
    authors: ["The rk3588_dma developers"],
    description: "Compares streaming DMA mappings in Rust with those in C",
    license: "GPL",
});

kernel::of_device_table!(
    OF_TABLE,
    <Bench as platform::Driver>::IdInfo,
    [
        (of::DeviceId::new(c"rk3588-dma,bench"), Subject::Mappings),
        (of::DeviceId::new(c"rk3588-dma,pl330"), Subject::Engine),
    ]
);

/// Number of rounds of a measurement. The least result counts: disturbances only add time.
const ROUNDS: usize = 5;

/// Lengths in bytes, and number of mappings in a round.
const LENGTHS: [(usize, u32); 3] = [(64, 1000), (4096, 1000), (1 << 20, 20)];

/// Functions of `peer.h`.
#[expect(improper_ctypes, reason = "as in the kernel crate's bindings")]
mod peer {
    use super::{
        device,
        page,
        sg_table, //
    };
    use kernel::ffi::{
        c_int,
        c_uint,
        c_void, //
    };

    /// `struct rk3588_dma_peer_ring`.
    #[repr(C)]
    pub(crate) struct Ring([u8; 0]);

    extern "C" {
        pub(crate) fn rk3588_dma_peer_to_device(
            dev: *mut device,
            cpu: *mut c_void,
            len: usize,
            times: c_uint,
        ) -> c_int;
        pub(crate) fn rk3588_dma_peer_from_device(
            dev: *mut device,
            cpu: *mut c_void,
            len: usize,
            times: c_uint,
        ) -> c_int;
        pub(crate) fn rk3588_dma_peer_bidirectional(
            dev: *mut device,
            cpu: *mut c_void,
            len: usize,
            times: c_uint,
        ) -> c_int;
        pub(crate) fn rk3588_dma_peer_part(
            dev: *mut device,
            cpu: *mut c_void,
            len: usize,
            times: c_uint,
        ) -> c_int;
        pub(crate) fn rk3588_dma_peer_ring_new(
            dev: *mut device,
            page: *mut c_void,
            buffers: c_uint,
        ) -> *mut Ring;
        pub(crate) fn rk3588_dma_peer_ring_free(ring: *mut Ring);
        pub(crate) fn rk3588_dma_peer_receive(ring: *mut Ring, len: usize, times: c_uint) -> c_int;
        pub(crate) fn rk3588_dma_peer_range(ring: *mut Ring, len: usize, times: c_uint) -> c_int;
        pub(crate) fn rk3588_dma_peer_table(pages: *mut *mut page, count: c_uint) -> *mut sg_table;
        pub(crate) fn rk3588_dma_peer_free_table(table: *mut sg_table);
        pub(crate) fn rk3588_dma_peer_list_to_device(
            dev: *mut device,
            table: *mut sg_table,
            times: c_uint,
        ) -> c_int;
        pub(crate) fn rk3588_dma_peer_list_from_device(
            dev: *mut device,
            table: *mut sg_table,
            times: c_uint,
        ) -> c_int;
        pub(crate) fn rk3588_dma_peer_list_bidirectional(
            dev: *mut device,
            table: *mut sg_table,
            times: c_uint,
        ) -> c_int;
        pub(crate) fn rk3588_dma_peer_map_list(dev: *mut device, table: *mut sg_table) -> c_int;
        pub(crate) fn rk3588_dma_peer_unmap_list(dev: *mut device, table: *mut sg_table);
        pub(crate) fn rk3588_dma_peer_list_part(
            dev: *mut device,
            table: *mut sg_table,
            start: usize,
            len: usize,
            times: c_uint,
        );
        pub(crate) fn rk3588_dma_peer_list_table(
            pages: *mut *mut page,
            count: c_uint,
            times: c_uint,
        ) -> c_int;
        pub(crate) fn rk3588_dma_peer_measure(
            work: unsafe extern "C" fn(*mut c_void),
            data: *mut c_void,
        ) -> u64;
    }
}

/// Function of `peer.h` that maps a buffer.
type Peer = unsafe extern "C" fn(*mut device, *mut c_void, usize, u32) -> c_int;

/// The driver.
struct Bench;

/// Subject that is measured with a device.
enum Subject {
    /// Mappings and lists, and programs.
    Mappings,
    /// The engine of a controller.
    Engine,
}

impl platform::Driver for Bench {
    type IdInfo = Subject;
    type Data<'bound> = Self;
    const OF_ID_TABLE: Option<of::IdTable<Self::IdInfo>> = Some(&OF_TABLE);

    fn probe<'bound>(
        pdev: &'bound platform::Device<Core<'_>>,
        subject: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self, Error> + 'bound {
        run(pdev, subject).map(|()| Self)
    }
}

// It is idle after its probe.
impl PowerManaged for Bench {}

/// Measures all cases for one device.
fn run<'bound>(
    pdev: &'bound platform::Device<Core<'_>>,
    subject: Option<&'bound Subject>,
) -> Result {
    let limits = Limits::new(DmaMask::new::<32>());
    // SAFETY: Only this call of the driver sets limits. In probe no other code uses the
    // device, so nothing is mapped or allocated for it meanwhile.
    let dma = unsafe { DmaDevice::new(pdev, limits)? };

    match subject {
        Some(Subject::Engine) => engine::measure(pdev, dma),
        _ => measure_mappings(dma),
    }
}

/// Measures mappings, lists and programs.
fn measure_mappings(dma: &DmaDevice) -> Result {
    let bench = Measurement { dma };

    expect_vmalloc_rejected(dma)?;

    bench.compare("to_device", peer::rk3588_dma_peer_to_device, to_device)?;
    bench.compare(
        "from_device",
        peer::rk3588_dma_peer_from_device,
        from_device,
    )?;
    bench.compare(
        "bidirectional",
        peer::rk3588_dma_peer_bidirectional,
        bidirectional,
    )?;
    bench.compare("part", peer::rk3588_dma_peer_part, part)?;
    bench.compare_lists()?;
    bench.compare_rings()?;
    programs::measure(dma.as_device())
}

/// Invalid implementation of `Memory`: vmalloc memory.
struct Vmalloc(VVec<u8>);

// SAFETY: `Memory` requires linear memory, which this is not. `expect_vmalloc_rejected` checks that
// the mapping fails.
unsafe impl Memory for Vmalloc {
    fn as_ptr(&self) -> NonNull<u8> {
        NonNull::from(&self.0[..]).cast()
    }

    fn as_mut_ptr(&mut self) -> NonNull<u8> {
        NonNull::from(&mut self.0[..]).cast()
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn check(&self, _: bool) -> Result<(), MapFailure> {
        Ok(())
    }
}

/// Checks that this kernel, which has no debug assertions, does not map vmalloc memory.
fn expect_vmalloc_rejected(dma: &DmaDevice) -> Result {
    let memory = Vmalloc(VVec::from_elem(0, 64, GFP_KERNEL)?);

    match Mapping::<_, ToDevice>::new(dma, memory) {
        Err(error) if error.failure == MapFailure::NotLinear => Ok(()),
        _ => {
            dev_err!(dma.as_device(), "vmalloc memory was not rejected\n");
            Err(EINVAL)
        }
    }
}

/// Device for which all cases are measured.
struct Measurement<'dev> {
    dma: &'dev DmaDevice,
}

impl Measurement<'_> {
    /// Measures `peer` and `guards` at all lengths and logs both.
    fn compare(
        &self,
        case: &str,
        peer: Peer,
        guards: impl Fn(&DmaDevice, Buffer, u32) -> Result<Buffer>,
    ) -> Result {
        for (len, times) in LENGTHS {
            let in_c = least(times, || self.time_peer(peer, len, times))?;
            let with_guards = least(times, || {
                time_with(Buffer::zeroed(len, GFP_KERNEL)?, |memory| {
                    guards(self.dma, memory, times)
                })
                .map(|(time, _)| time)
            })?;

            dev_info!(
                self.dma.as_device(),
                "bench {case} {len} {in_c} {with_guards}\n"
            );
        }
        Ok(())
    }

    /// Returns the nanoseconds that `peer` takes.
    fn time_peer(&self, peer: Peer, len: usize, times: u32) -> Result<u64> {
        let dev = as_raw(self.dma.as_device());
        let mut buffer = Buffer::zeroed(len, GFP_KERNEL)?;
        let start = buffer.as_mut_ptr().as_ptr().cast();

        // SAFETY:
        // - `peer` needs a bound device: `self.dma` belongs to the device that is being probed.
        // - `peer` needs `len` bytes without other users: `buffer` is a local of this length.
        time_with((), |()| to_result(unsafe { peer(dev, start, len, times) }))
            .map(|(time, ())| time)
    }
}

/// Returns the least of [`ROUNDS`] measurements, divided by `times`, in thousandths.
fn least(times: u32, mut measure: impl FnMut() -> Result<u64>) -> Result<u64> {
    let mut least = u64::MAX;

    for _ in 0..ROUNDS {
        least = least.min(measure()?);
    }
    Ok(least * 1000 / u64::from(times))
}

/// Returns the nanoseconds that `work` takes.
fn time<F: FnMut()>(mut work: F) -> u64 {
    /// Calls the closure at `data`.
    ///
    /// # Safety
    ///
    /// `data` points to an `F` without other users.
    unsafe extern "C" fn call<F: FnMut()>(data: *mut c_void) {
        // SAFETY: `data` must point to an `F` without other users: the caller guarantees it.
        unsafe { (*data.cast::<F>())() }
    }

    // SAFETY: `call::<F>` needs an `F` without other users: `work` is one, borrowed for the call.
    unsafe { peer::rk3588_dma_peer_measure(call::<F>, (&raw mut work).cast()) }
}

/// Returns the nanoseconds that `work` takes with `value`, and its result.
fn time_with<T>(value: T, mut work: impl FnMut(T) -> Result<T>) -> Result<(u64, T)> {
    let mut value = Some(value);
    let mut result = Err(EINVAL);
    let time = time(|| {
        if let Some(value) = value.take() {
            result = work(value);
        }
    });

    result.map(|value| (time, value))
}

/// Maps for the device, syncs for the device, and unmaps. `for_cpu_mut` syncs when it is dropped.
fn to_device(dma: &DmaDevice, mut buffer: Buffer, times: u32) -> Result<Buffer> {
    for _ in 0..times {
        let mut mapping = Mapping::<_, ToDevice>::new(dma, buffer)?;

        drop(mapping.for_cpu_mut(..)?);
        buffer = mapping.unmap();
    }
    Ok(buffer)
}

/// Maps from the device, syncs for the CPU, and unmaps.
fn from_device(dma: &DmaDevice, mut buffer: Buffer, times: u32) -> Result<Buffer> {
    for _ in 0..times {
        let mut mapping = Mapping::<_, FromDevice>::new(dma, buffer)?;

        let _ = mapping.for_cpu(..)?;
        buffer = mapping.unmap();
    }
    Ok(buffer)
}

/// Maps in both directions, syncs for the CPU and for the device, and unmaps.
fn bidirectional(dma: &DmaDevice, mut buffer: Buffer, times: u32) -> Result<Buffer> {
    for _ in 0..times {
        let mut mapping = Mapping::<_, Bidirectional>::new(dma, buffer)?;

        drop(mapping.for_cpu_mut(..)?);
        buffer = mapping.unmap();
    }
    Ok(buffer)
}

/// Maps without a sync, syncs the first 64 bytes for the device, and unmaps without a sync.
fn part(dma: &DmaDevice, mut buffer: Buffer, times: u32) -> Result<Buffer> {
    for _ in 0..times {
        let mapping = Mapping::<_, ToDevice>::new_unsynced(dma, buffer)?
            .sync_for_device(64)
            .map_err(|_| EINVAL)?;

        buffer = mapping.sync_for_cpu().unmap();
    }
    Ok(buffer)
}
