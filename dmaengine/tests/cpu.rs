// SPDX-License-Identifier: GPL-2.0

//! A provider whose hardware is the CPU.

use kernel::{
    bindings,
    device::Device,
    dma::DmaAddress,
    new_spinlock_irq,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        SpinLockIrq, //
    }, //
};

use super::{
    super::{
        ffi::as_raw,
        BusWidths,
        Issued,
        Memcpy,
        Memory,
        Memset,
        Provider,
        ResidueGranularity,
        Ring,
        Segment,
        Segments,
        Slave,
        SlaveCaps,
        SlaveConfig,
        TransferDirection,
        TxError,
        TxResult, //
    },
    DmaDevice, //
};
use crate::fixture::c;

/// Capabilities of the slave device.
pub(super) const CAPS: SlaveCaps = SlaveCaps {
    widths: BusWidths::new(&[1, 2, 4]),
    max_burst: 16,
    granularity: ResidueGranularity::Burst,
};

/// Behaviour of a channel when a job is started or stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// The test completes jobs by [`Line::complete_oldest`]. Stopped jobs end at once.
    ByHand,
    /// As `ByHand`, but stopped jobs end when the test completes them.
    StopsLate,
    /// A job is done when it is started.
    AtOnce,
}

/// Configuration, segments and ring of a job that was prepared.
type Preparation = (SlaveConfig, KVec<Segment>, Option<Ring>);

/// Channel of the provider.
#[pin_data]
pub(super) struct Line {
    mode: Mode,
    #[pin]
    jobs: SpinLockIrq<KVec<Issued<Job>>>,
    #[pin]
    last: SpinLockIrq<Option<Preparation>>,
    transferred: Atomic<usize>,
    dropped: Atomic<usize>,
    stops: Atomic<usize>,
    is_open: Atomic<bool>,
    /// Negative error number of `open`, or 0.
    open_error: Atomic<i32>,
}

/// Work for the CPU.
enum Work {
    Copy(Memcpy),
    Fill(Memset),
    Peripheral,
}

/// Job of the provider, which counts that it is dropped.
pub(super) struct Job {
    work: Work,
    line: Arc<Line>,
}

impl Drop for Job {
    fn drop(&mut self) {
        self.line.dropped.fetch_add(1, Relaxed);
    }
}

impl Line {
    /// Allocates a channel.
    pub(super) fn new(mode: Mode) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                mode,
                jobs <- new_spinlock_irq!(KVec::new()),
                last <- new_spinlock_irq!(None),
                transferred: Atomic::new(0),
                dropped: Atomic::new(0),
                stops: Atomic::new(0),
                is_open: Atomic::new(false),
                open_error: Atomic::new(0),
            }? Error),
            GFP_KERNEL,
        )
    }

    /// Returns the number of jobs that were started and are not complete.
    pub(super) fn running(&self) -> usize {
        self.jobs.lock().len()
    }

    /// Takes the oldest job, or the one at `index`.
    pub(super) fn take(&self, index: usize) -> Result<Issued<Job>> {
        self.jobs.lock().remove(index).map_err(|_| ENOENT)
    }

    /// Returns configuration, segments and ring of the last job that was prepared.
    pub(super) fn last(&self) -> Option<Preparation> {
        self.last.lock().take()
    }

    /// Completes a period of the oldest job.
    pub(super) fn complete_period(&self) -> Result {
        self.jobs.lock().first().ok_or(ENOENT)?.complete_period();
        Ok(())
    }

    /// Returns the number of jobs that were dropped.
    pub(super) fn dropped(&self) -> usize {
        self.dropped.load(Relaxed)
    }

    /// Returns the number of calls of `terminate`.
    pub(super) fn stops(&self) -> usize {
        self.stops.load(Relaxed)
    }

    /// Returns true between `open` and `close`.
    pub(super) fn is_open(&self) -> bool {
        self.is_open.load(Relaxed)
    }

    /// Lets the next calls of `open` fail with this error.
    pub(super) fn fail_to_open(&self, error: Option<Error>) {
        let error = error.map_or(0, Error::to_errno);

        self.open_error.store(error, Relaxed);
    }

    /// Sets the number of bytes that jobs have transferred.
    pub(super) fn set_transferred(&self, bytes: usize) {
        self.transferred.store(bytes, Relaxed);
    }
}

/// Provider.
pub(super) struct Cpu {
    dev: ARef<Device>,
}

impl Cpu {
    /// Creates a provider for `dev`.
    pub(super) fn new(dev: &DmaDevice) -> Self {
        Self {
            dev: ARef::from(&**dev.as_device()),
        }
    }

    /// Does a job if `result` is a success, and completes it.
    pub(super) fn complete(&self, job: Issued<Job>, result: TxResult) {
        if result.is_ok() {
            match job.work {
                Work::Copy(Memcpy { dst, src, len }) => self.copy(dst, src, len),
                Work::Fill(Memset { dst, value, len }) => {
                    for offset in 0..len {
                        self.write(dst + offset as u64, &[value]);
                    }
                }
                Work::Peripheral => (),
            }
        }
        job.complete(result);
    }

    fn copy(&self, dst: DmaAddress, src: DmaAddress, len: usize) {
        let mut bytes = [0_u8; 64];

        for offset in (0..len).step_by(bytes.len()) {
            let bytes = &mut bytes[..(len - offset).min(64)];

            // SAFETY: The memory must be mapped: the client guarantees it.
            unsafe {
                c::rk3588_dma_test_read(
                    as_raw(&self.dev),
                    src + offset as u64,
                    bytes.as_mut_ptr().cast(),
                    bytes.len(),
                )
            };
            self.write(dst + offset as u64, bytes);
        }
    }

    fn write(&self, address: bindings::dma_addr_t, bytes: &[u8]) {
        // SAFETY: The memory must be mapped: the client guarantees it.
        unsafe {
            c::rk3588_dma_test_write(
                as_raw(&self.dev),
                address,
                bytes.as_ptr().cast(),
                bytes.len(),
            )
        };
    }
}

impl Provider for Cpu {
    type Channel = Arc<Line>;
    type Job = Job;

    fn open(&self, line: &Arc<Line>) -> Result {
        match line.open_error.load(Relaxed) {
            0 => {
                line.is_open.store(true, Relaxed);
                Ok(())
            }
            error => Err(Error::from_errno(error)),
        }
    }

    fn close(&self, line: &Arc<Line>) {
        line.is_open.store(false, Relaxed);
    }

    fn start(&self, line: &Arc<Line>, job: Issued<Job>) {
        if line.mode == Mode::AtOnce {
            self.complete(job, Ok(()));
        } else if let Err(_full) = line.jobs.lock().push(job, GFP_ATOMIC) {
            // Dropped, so aborted.
        }
    }

    fn terminate(&self, line: &Arc<Line>) {
        line.stops.fetch_add(1, Relaxed);
        if line.mode != Mode::StopsLate {
            let jobs = core::mem::take(&mut *line.jobs.lock());

            drop(jobs);
        }
    }
}

#[vtable]
impl Memory for Cpu {
    fn prepare_memcpy(&self, line: &Arc<Line>, memcpy: Memcpy) -> impl PinInit<Job, Error> {
        Ok::<_, Error>(Job {
            work: Work::Copy(memcpy),
            line: line.clone(),
        })
    }

    fn prepare_memset(&self, line: &Arc<Line>, memset: Memset) -> impl PinInit<Job, Error> {
        Ok::<_, Error>(Job {
            work: Work::Fill(memset),
            line: line.clone(),
        })
    }
}

#[vtable]
impl Slave for Cpu {
    fn caps(&self) -> SlaveCaps {
        CAPS
    }

    fn prepare_slave_sg(
        &self,
        line: &Arc<Line>,
        config: &SlaveConfig,
        segments: Segments<'_>,
    ) -> impl PinInit<Job, Error> {
        let mut copy = KVec::with_capacity(segments.len(), GFP_ATOMIC)?;

        for segment in segments {
            copy.push(segment, GFP_ATOMIC)?;
        }
        *line.last.lock() = Some((*config, copy, None));
        Ok::<_, Error>(Job {
            work: Work::Peripheral,
            line: line.clone(),
        })
    }

    fn prepare_cyclic(
        &self,
        line: &Arc<Line>,
        config: &SlaveConfig,
        ring: Ring,
    ) -> impl PinInit<Job, Error> {
        *line.last.lock() = Some((*config, KVec::new(), Some(ring)));
        Ok::<_, Error>(Job {
            work: Work::Peripheral,
            line: line.clone(),
        })
    }

    fn transferred(&self, line: &Arc<Line>, _: &Job) -> usize {
        line.transferred.load(Relaxed)
    }

    fn pause(&self, line: &Arc<Line>) -> Result {
        match line.running() {
            0 => Err(EBUSY),
            _ => Ok(()),
        }
    }

    fn resume(&self, _: &Arc<Line>) -> Result {
        Ok(())
    }
}
