// SPDX-License-Identifier: GPL-2.0

//! Random transfers, with every byte looked at:
//!
//! ```sh
//! for seed in 1 2 3 4; do echo $seed 250000 > soak & done; wait
//! echo 5 1000 keep > soak     # of which none is given up
//! ```
//!
//! Each writer has three transfers under way at a time, so four of them keep eight channels busy,
//! and have some wait. One of five or so ends in a callback. Of the others either side may be a
//! list, of entries of any length up to 1 KiB or so. One of 32 is given up.

use kernel::{
    new_spinlock_irq,
    prelude::*,
    sync::{
        Arc,
        Completion,
        SpinLockIrq, //
    }, //
};

use super::{
    numbers,
    random::Random, //
};
use crate::{
    dma::{
        Bidirectional,
        Buffer,
        DeviceReads,
        DeviceWrites,
        Direction,
        DmaDevice,
        FromDevice,
        Mapped,
        MappedMemory,
        Mapping,
        Pair,
        ToDevice, //
    },
    pl330::{
        CallbackContext,
        Controller,
        Copy2d,
        CopyRange,
        Descriptor,
        Failed,
        Pattern,
        PrepareResult,
        Queue,
        Transfer,
        TransferError,
        TransferResult, //
    },
    sg::{
        Contiguous,
        MappedSgTable,
        SgTableBuilder, //
    }, //
};

/// How many transfers a writer has under way.
const UNDER_WAY: usize = 3;

/// The bytes of a buffer. A short one is used for most, because the CPU looks at them all.
const SHORT: usize = 1 << 10;
const LONG: usize = 96 << 10;

/// Does the transfers that `word`, a seed and a number, asks for. With `keep` behind them none is
/// given up.
///
/// # Errors
///
/// `EIO` if a byte is not what it should be, with a line in the kernel log; `EINVAL` if it does not
/// ask for any; `EINTR` after a signal; those of mappings and transfers.
pub(super) fn run<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    word: &str,
) -> Result {
    let (word, keeps) = match word.strip_suffix(" keep") {
        Some(word) => (word, true),
        None => (word, false),
    };
    let [seed, count] = numbers(word)?;
    // CAST: `usize` has 64 bits at most.
    let mut random = Random::new(seed as u64);
    let queue = Queue::new(controller, GFP_KERNEL)?;
    let mut left = count;

    refuse_what_is_dropped(dev, controller)?;
    while left != 0 {
        if current!().signal_pending() {
            return Err(EINTR);
        }

        let batch = left.min(UNDER_WAY);
        let mut jobs = [const { None }; UNDER_WAY];

        for job in &mut jobs[..batch] {
            *job = Some(Job::submit(dev, controller, &queue, &mut random)?);
        }
        for job in jobs.into_iter().flatten() {
            match random.below(32) {
                // What is given up must not be used any more: it is freed at once.
                0 if !keeps => drop(job),
                _ => job.wait_and_check(dev)?,
            }
        }
        left -= batch;
    }
    Ok(())
}

/// What is dropped before it is submitted calls back at once, and gives back what it was for.
fn refuse_what_is_dropped<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
) -> Result {
    let source = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(SHORT)?)?;
    let destination = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(SHORT)?)?;
    let range = CopyRange {
        src_offset: 0,
        dst_offset: 0,
        len: SHORT,
    };
    let landing = Landing::new()?;
    let landed = landing.clone();

    drop(
        controller
            .prepare(source, destination, range, GFP_KERNEL)?
            .with_callback(
                CallbackContext::Softirq,
                move |result| landed.land(result),
                GFP_KERNEL,
            )?,
    );

    let result = landing.result.lock().take();

    match result {
        Some(Err(Failed {
            error: TransferError::Terminated,
            mappings: Some(_),
        })) => Ok(()),
        _ => Err(EIO),
    }
}

/// What a copy comes to.
type Copied<'bound> = TransferResult<Pair<Source<'bound>, Destination<'bound>>>;

/// What is copied from.
type Source<'bound> = Mapping<'bound, Buffer, ToDevice>;

/// What is copied to.
type Destination<'bound> = Mapping<'bound, Buffer, FromDevice>;

/// The same in entries, which is copied from.
type ListSource<'bound> = MappedSgTable<'bound, Contiguous<Buffer>, ToDevice>;

/// The same in entries, which is copied to.
type ListDestination<'bound> = MappedSgTable<'bound, Contiguous<Buffer>, FromDevice>;

/// A copy under way.
type Copying<'a, 'bound, S, D> = Transfer<'a, 'bound, Pair<S, D>>;

/// What a callback leaves for us.
#[pin_data]
struct Landing<'bound> {
    #[pin]
    result: SpinLockIrq<Option<Copied<'bound>>>,
    #[pin]
    ended: Completion,
}

impl<'bound> Landing<'bound> {
    fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                result <- new_spinlock_irq!(None),
                ended <- Completion::new(),
            }),
            GFP_KERNEL,
        )
    }

    /// Called back with `result`; a second time would be seen.
    fn land(&self, result: Copied<'bound>) {
        let last = self.result.lock().replace(result);

        if last.is_none() {
            self.ended.complete_all();
        }
    }

    /// What was left, once something was.
    fn wait(&self) -> Result<Copied<'bound>> {
        self.ended.wait_for_completion();
        self.result.lock().take().ok_or(EIO)
    }
}

/// What is under way.
enum Asked<'a, 'bound> {
    Copy(Copying<'a, 'bound, Source<'bound>, Destination<'bound>>),
    Scatter(Copying<'a, 'bound, Source<'bound>, ListDestination<'bound>>),
    Gather(Copying<'a, 'bound, ListSource<'bound>, Destination<'bound>>),
    Lists(Copying<'a, 'bound, ListSource<'bound>, ListDestination<'bound>>),
    Called(Arc<Landing<'bound>>),
    Fill(Transfer<'a, 'bound, Mapping<'bound, Buffer, Bidirectional>>),
}

/// A transfer, and what its destination should be afterwards.
struct Job<'a, 'bound> {
    asked: Asked<'a, 'bound>,
    expected: KVVec<u8>,
}

impl<'a, 'bound> Job<'a, 'bound> {
    fn submit(
        dev: &'bound DmaDevice,
        controller: &'a Controller<'bound>,
        queue: &Queue<'_, 'bound>,
        random: &mut Random,
    ) -> Result<Self> {
        let len = match random.below(64) {
            0 => LONG,
            _ => SHORT,
        };
        let queue = (random.below(2) == 0).then_some(queue);
        let mut source = Buffer::zeroed(len)?;
        let mut destination = Buffer::zeroed(len)?;
        let mut expected = KVVec::with_capacity(len, GFP_KERNEL)?;

        random.fill(&mut source);
        random.fill(&mut destination);
        expected.extend_from_slice(&destination, GFP_KERNEL)?;

        if random.below(4) == 0 {
            let (at, len) = part(random, len);
            let bytes = [1, 2, 3, 4, 5, 6, 7, 8];
            let (bytes, pattern) = match random.below(5) {
                0 => (&[0][..], Some(Pattern::ZERO)),
                power => {
                    let bytes = &bytes[..1 << (power - 1)];

                    (bytes, Pattern::new(bytes))
                }
            };

            for (index, byte) in expected[at..at + len].iter_mut().enumerate() {
                *byte = bytes[index % bytes.len()];
            }

            let destination = Mapping::<_, Bidirectional>::new(dev, destination)?;
            let pattern = pattern.ok_or(EINVAL)?;
            let prepared = controller.prepare_memset(destination, at, len, pattern, GFP_KERNEL)?;

            return Ok(Self {
                asked: Asked::Fill(submit(prepared, queue)),
                expected,
            });
        }

        let mut model = |from: usize, to: usize, len: usize| {
            expected[to..to + len].copy_from_slice(&source[from..from + len]);
        };
        let what = What::random(random, len, &mut model)?;
        let from = |source| Ok::<_, Error>(Mapping::<_, ToDevice>::new(dev, source)?);
        let to = |destination| Ok::<_, Error>(Mapping::<_, FromDevice>::new(dev, destination)?);
        // What a device writes is not to be cut in cache lines.
        // CAST: It is not negative.
        let line = dev.limits().min_align as usize;
        let (reads, writes) = (16 + random.below(SHORT), line + random.below(SHORT));
        let from_list = |source| listed::<ToDevice>(dev, source, reads);
        let to_list = |destination| listed::<FromDevice>(dev, destination, writes);
        let asked = match random.below(8) {
            0 | 1 => Asked::Called(call_back(
                what.prepare(controller, from(source)?, to(destination)?)?,
                queue,
            )?),
            2 => Asked::Scatter(submit(
                what.prepare(controller, from(source)?, to_list(destination)?)?,
                queue,
            )),
            3 => Asked::Gather(submit(
                what.prepare(controller, from_list(source)?, to(destination)?)?,
                queue,
            )),
            4 => Asked::Lists(submit(
                what.prepare(controller, from_list(source)?, to_list(destination)?)?,
                queue,
            )),
            _ => Asked::Copy(submit(
                what.prepare(controller, from(source)?, to(destination)?)?,
                queue,
            )),
        };

        Ok(Self { asked, expected })
    }

    fn wait_and_check(self, dev: &DmaDevice) -> Result {
        let found = match self.asked {
            Asked::Copy(transfer) => transfer.wait()?.mappings.destination.unmap(),
            Asked::Scatter(transfer) => buffer_of(transfer.wait()?.mappings.destination),
            Asked::Gather(transfer) => transfer.wait()?.mappings.destination.unmap(),
            Asked::Lists(transfer) => buffer_of(transfer.wait()?.mappings.destination),
            Asked::Called(landing) => landing.wait()??.mappings.destination.unmap(),
            Asked::Fill(transfer) => transfer.wait()?.mappings.unmap(),
        };

        match found
            .iter()
            .zip(&self.expected)
            .position(|(found, expected)| found != expected)
        {
            None => Ok(()),
            Some(at) => {
                dev_err!(
                    dev.as_device(),
                    "byte {at} is {:#04x}, should be {:#04x}\n",
                    found[at],
                    self.expected[at]
                );
                Err(EIO)
            }
        }
    }
}

/// `buffer` in entries of at most `longest` bytes.
fn listed<D: Direction>(
    dev: &DmaDevice,
    buffer: Buffer,
    longest: usize,
) -> Result<MappedSgTable<'_, Contiguous<Buffer>, D>> {
    let table = SgTableBuilder::new(dev, Contiguous(buffer)).max_segment(longest);

    Ok(table.build(GFP_KERNEL)?.map()?)
}

/// The buffer that was made a list.
fn buffer_of(list: ListDestination<'_>) -> Buffer {
    list.unmap().into_memory().0
}

/// Asks for what is `prepared`, in `queue` if there is one.
fn submit<'a, 'bound, T: Mapped + Send>(
    prepared: Descriptor<'a, 'bound, T>,
    queue: Option<&Queue<'_, 'bound>>,
) -> Transfer<'a, 'bound, T> {
    match queue {
        Some(queue) => prepared.submit_to(queue),
        None => prepared.submit(),
    }
}

/// The same with a callback.
fn call_back<'bound>(
    prepared: Descriptor<'_, 'bound, Pair<Source<'bound>, Destination<'bound>>>,
    queue: Option<&Queue<'_, 'bound>>,
) -> Result<Arc<Landing<'bound>>> {
    let landing = Landing::new()?;
    let landed = landing.clone();
    let prepared = prepared.with_callback(
        CallbackContext::Softirq,
        move |result| landed.land(result),
        GFP_KERNEL,
    )?;

    match queue {
        Some(queue) => drop(prepared.submit_to(queue)),
        None => drop(prepared.submit()),
    }
    Ok(landing)
}

/// What is copied.
enum What {
    CopyRange(CopyRange),
    Rows(Copy2d),
    Pieces(KVec<CopyRange>),
}

impl What {
    fn prepare<'a, 'bound, S, D>(
        self,
        controller: &'a Controller<'bound>,
        source: S,
        destination: D,
    ) -> PrepareResult<'a, 'bound, Pair<S, D>>
    where
        S: MappedMemory<Direction: DeviceReads>,
        D: MappedMemory<Direction: DeviceWrites>,
    {
        match self {
            Self::CopyRange(range) => controller.prepare(source, destination, range, GFP_KERNEL),
            Self::Rows(rows) => controller.prepare(source, destination, rows, GFP_KERNEL),
            Self::Pieces(list) => controller.prepare(source, destination, list, GFP_KERNEL),
        }
    }

    /// Something to copy between buffers of `len` bytes; tells `model` of each part.
    fn random(
        random: &mut Random,
        len: usize,
        model: &mut impl FnMut(usize, usize, usize),
    ) -> Result<Self> {
        match random.below(3) {
            0 => {
                let (from, part) = part(random, len);
                let to = random.below(len - part + 1);

                model(from, to, part);
                Ok(Self::CopyRange(CopyRange {
                    src_offset: from,
                    dst_offset: to,
                    len: part,
                }))
            }
            1 => {
                let row = 1 + random.below(48);
                let (src_stride, dst_stride) = (row + random.below(32), row + random.below(32));
                let most = len / src_stride.max(dst_stride);
                let rows = 1 + random.below(most);

                for number in 0..rows {
                    model(number * src_stride, number * dst_stride, row);
                }
                Ok(Self::Rows(Copy2d {
                    first: CopyRange {
                        src_offset: 0,
                        dst_offset: 0,
                        len: row,
                    },
                    rows,
                    src_stride,
                    dst_stride,
                }))
            }
            _ => {
                let count = 1 + random.below(24);
                let room = len / count;
                let mut list = KVec::with_capacity(count, GFP_KERNEL)?;

                // Each has a place of its own in the destination.
                for number in 0..count {
                    let (at, part) = part(random, room);
                    let range = CopyRange {
                        src_offset: random.below(len - part + 1),
                        dst_offset: number * room + at,
                        len: part,
                    };

                    model(range.src_offset, range.dst_offset, range.len);
                    list.push(range, GFP_KERNEL)?;
                }
                Ok(Self::Pieces(list))
            }
        }
    }
}

/// A part of `len` bytes that is not empty: its beginning and its length.
fn part(random: &mut Random, len: usize) -> (usize, usize) {
    let at = random.below(len);

    (at, 1 + random.below(len - at))
}
