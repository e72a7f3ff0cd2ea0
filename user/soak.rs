// SPDX-License-Identifier: GPL-2.0

//! Random transfers, each byte of which is verified:
//!
//! ```sh
//! for seed in 1 2 3 4; do echo $seed 250000 > soak & done; wait
//! echo 5 1000 keep > soak         # of which none is terminated
//! echo 5 1000 progress > soak     # of which each reports progress
//! ```
//!
//! Each writer has three transfers in flight, so four writers keep eight channels busy and some
//! transfers waiting. About one of five has a callback. Either side of the others may be a list,
//! with entries of at most about 1 KiB. Some report progress, and bytes are verified as soon as
//! they are reported. One of 32 is terminated.

use core::ops::Range;

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
    random::Random,
    random_copy::{
        random_part,
        RandomCopy, //
    }, //
};
use crate::{
    dma::{
        Bidirectional,
        Buffer,
        Direction,
        DmaDevice,
        FromDevice,
        Mapped,
        Mapping,
        Pair,
        ToDevice, //
    },
    pl330::{
        CallbackContext,
        Controller,
        CopyRange,
        Descriptor,
        Failed,
        Pattern,
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

/// Number of transfers that a writer has in flight.
const IN_FLIGHT: usize = 3;

/// Lengths of buffers in bytes. Most are short, because the CPU verifies each byte.
const SHORT: usize = 1 << 10;
const LONG: usize = 96 << 10;

/// Transfers that a writer asks for.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// Of all kinds, of which some are terminated.
    All,
    /// Of all kinds, of which none is terminated.
    Keep,
    /// Copies of a range that report progress, of which some are terminated.
    Progress,
}

impl Mode {
    /// Splits the name of a mode off the end of `words`.
    fn split_off(words: &str) -> (&str, Self) {
        let split = |name, mode| words.strip_suffix(name).map(|words| (words, mode));

        split(" keep", Self::Keep)
            .or_else(|| split(" progress", Self::Progress))
            .unwrap_or((words, Self::All))
    }
}

/// Runs random transfers: `word` is a seed and their number, and `keep` or `progress` after them.
///
/// # Errors
///
/// `EIO` if a byte is wrong, with a line in the kernel log; `EINVAL` for another `word`; `EINTR`
/// after a signal; those of mappings and transfers.
pub(super) fn run<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    word: &str,
) -> Result {
    let (word, mode) = Mode::split_off(word);
    let [seed, count] = numbers(word)?;
    // CAST: `usize` has 64 bits at most.
    let mut random = Random::new(seed as u64);
    let queue = Queue::new(controller, GFP_KERNEL)?;
    let mut left = count;

    check_dropped_descriptor(dev, controller)?;
    while left != 0 {
        if current!().signal_pending() {
            return Err(EINTR);
        }

        let batch = left.min(IN_FLIGHT);
        let mut transfers = [const { None }; IN_FLIGHT];

        for transfer in &mut transfers[..batch] {
            *transfer = Some(SoakTransfer::submit(
                dev,
                controller,
                &queue,
                mode,
                &mut random,
            )?);
        }
        for transfer in transfers.into_iter().flatten() {
            match random.below(32) {
                // A dropped transfer is terminated, and its memory is freed at once.
                0 if mode != Mode::Keep => drop(transfer),
                _ => transfer.wait_and_check(dev)?,
            }
        }
        left -= batch;
    }
    Ok(())
}

/// Checks that a dropped descriptor calls back at once, and that its mappings come back.
fn check_dropped_descriptor<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
) -> Result {
    let source = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(SHORT, GFP_KERNEL)?)?;
    let destination = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(SHORT, GFP_KERNEL)?)?;
    let range = CopyRange {
        src_offset: 0,
        dst_offset: 0,
        len: SHORT,
    };
    let state = CallbackState::new()?;
    let shared = state.clone();

    drop(
        controller
            .prepare(source, destination, range, GFP_KERNEL)?
            .with_callback(
                CallbackContext::Softirq,
                move |result| shared.complete(result),
                GFP_KERNEL,
            )?,
    );

    let result = state.result.lock().take();

    match result {
        Some(Err(Failed {
            error: TransferError::Terminated,
            mappings: Some(_),
        })) => Ok(()),
        _ => Err(EIO),
    }
}

/// Result of a copy.
type CopyResult<'bound> = TransferResult<Pair<Source<'bound>, Destination<'bound>>>;

/// Buffer that the device reads.
type Source<'bound> = Mapping<'bound, Buffer, ToDevice>;

/// Buffer that the device writes.
type Destination<'bound> = Mapping<'bound, Buffer, FromDevice>;

/// List that the device reads.
type ListSource<'bound> = MappedSgTable<'bound, Contiguous<Buffer>, ToDevice>;

/// List that the device writes.
type ListDestination<'bound> = MappedSgTable<'bound, Contiguous<Buffer>, FromDevice>;

/// Submitted copy.
type SubmittedCopy<'a, 'bound, S, D> = Transfer<'a, 'bound, Pair<S, D>>;

/// State that a callback and the submitter share.
#[pin_data]
struct CallbackState<'bound> {
    #[pin]
    result: SpinLockIrq<Option<CopyResult<'bound>>>,
    #[pin]
    ended: Completion,
}

impl<'bound> CallbackState<'bound> {
    fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                result <- new_spinlock_irq!(None),
                ended <- Completion::new(),
            }),
            GFP_KERNEL,
        )
    }

    /// Stores `result`, and wakes the submitter unless a result was stored before.
    fn complete(&self, result: CopyResult<'bound>) {
        let last = self.result.lock().replace(result);

        if last.is_none() {
            self.ended.complete_all();
        }
    }

    /// Waits for the callback, and returns the result.
    fn wait(&self) -> Result<CopyResult<'bound>> {
        self.ended.wait_for_completion();
        self.result.lock().take().ok_or(EIO)
    }
}

/// Submitted transfer.
enum Submitted<'a, 'bound> {
    Copy(SubmittedCopy<'a, 'bound, Source<'bound>, Destination<'bound>>),
    /// The bytes of the range are verified while others are copied.
    Progressive(
        SubmittedCopy<'a, 'bound, Source<'bound>, Destination<'bound>>,
        Range<usize>,
    ),
    Scatter(SubmittedCopy<'a, 'bound, Source<'bound>, ListDestination<'bound>>),
    Gather(SubmittedCopy<'a, 'bound, ListSource<'bound>, Destination<'bound>>),
    Lists(SubmittedCopy<'a, 'bound, ListSource<'bound>, ListDestination<'bound>>),
    Callback(Arc<CallbackState<'bound>>),
    Fill(Transfer<'a, 'bound, Mapping<'bound, Buffer, Bidirectional>>),
}

/// Submitted transfer, and the bytes that its destination should have afterwards.
struct SoakTransfer<'a, 'bound> {
    transfer: Submitted<'a, 'bound>,
    expected: KVVec<u8>,
}

impl<'a, 'bound> SoakTransfer<'a, 'bound> {
    fn submit(
        dev: &'bound DmaDevice,
        controller: &'a Controller<'bound>,
        queue: &Queue<'_, 'bound>,
        mode: Mode,
        random: &mut Random,
    ) -> Result<Self> {
        let len = match random.below(64) {
            0 => LONG,
            _ => SHORT,
        };
        let queue = (random.below(2) == 0).then_some(queue);
        let mut source = Buffer::zeroed(len, GFP_KERNEL)?;
        let mut destination = Buffer::zeroed(len, GFP_KERNEL)?;
        let mut expected = KVVec::with_capacity(len, GFP_KERNEL)?;

        random.fill(&mut source);
        random.fill(&mut destination);
        expected.extend_from_slice(&destination, GFP_KERNEL)?;

        if mode != Mode::Progress && random.below(4) == 0 {
            let (at, len) = random_part(random, len);
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
            let descriptor =
                controller.prepare_memset(destination, at, len, pattern, GFP_KERNEL)?;

            return Ok(Self {
                transfer: Submitted::Fill(submit(descriptor, queue)),
                expected,
            });
        }

        let mut model = |from: usize, to: usize, len: usize| {
            expected[to..to + len].copy_from_slice(&source[from..from + len]);
        };
        let copy = match mode {
            Mode::Progress => RandomCopy::random_range(random, len, &mut model),
            _ => RandomCopy::random(random, len, &mut model)?,
        };
        let every = 1 + random.below(SHORT / 4);
        let map_src = |source| Ok::<_, Error>(Mapping::<_, ToDevice>::new(dev, source)?);
        let map_dst =
            |destination| Ok::<_, Error>(Mapping::<_, FromDevice>::new(dev, destination)?);
        // Entries that the device writes must not split cache lines.
        // CAST: It is not negative.
        let line = dev.limits().min_align as usize;
        let (source_max, destination_max) = (16 + random.below(SHORT), line + random.below(SHORT));
        let list_src = |source| map_list::<ToDevice>(dev, source, source_max);
        let list_dst = |destination| map_list::<FromDevice>(dev, destination, destination_max);
        let number = if mode == Mode::Progress {
            7
        } else {
            random.below(8)
        };
        let transfer = match number {
            0 | 1 => Submitted::Callback(submit_with_callback(
                copy.prepare(controller, map_src(source)?, map_dst(destination)?)?,
                queue,
            )?),
            2 => Submitted::Scatter(submit(
                copy.prepare(controller, map_src(source)?, list_dst(destination)?)?,
                queue,
            )),
            3 => Submitted::Gather(submit(
                copy.prepare(controller, list_src(source)?, map_dst(destination)?)?,
                queue,
            )),
            4 => Submitted::Lists(submit(
                copy.prepare(controller, list_src(source)?, list_dst(destination)?)?,
                queue,
            )),
            _ => {
                let (source, destination) = (map_src(source)?, map_dst(destination)?);

                match copy {
                    RandomCopy::Range(range) if number != 6 => {
                        let copy = range.with_progress(every.min(range.len));
                        let end = range.dst_offset + range.len;
                        let descriptor =
                            controller.prepare(source, destination, copy, GFP_KERNEL)?;

                        Submitted::Progressive(submit(descriptor, queue), range.dst_offset..end)
                    }
                    copy => {
                        let descriptor = copy.prepare(controller, source, destination)?;

                        Submitted::Copy(submit(descriptor, queue))
                    }
                }
            }
        };

        Ok(Self { transfer, expected })
    }

    fn wait_and_check(self, dev: &DmaDevice) -> Result {
        let expected = &self.expected;
        let found = match self.transfer {
            Submitted::Copy(transfer) => transfer.wait()?.mappings.destination.unmap(),
            Submitted::Progressive(mut transfer, range) => {
                let done = transfer.wait_for(range.len() / 2);
                let range = range.start..range.start + done;

                check(dev, transfer.for_cpu(range.clone())?, &expected[range])?;
                transfer.wait()?.mappings.destination.unmap()
            }
            Submitted::Scatter(transfer) => unmap_list(transfer.wait()?.mappings.destination),
            Submitted::Gather(transfer) => transfer.wait()?.mappings.destination.unmap(),
            Submitted::Lists(transfer) => unmap_list(transfer.wait()?.mappings.destination),
            Submitted::Callback(state) => state.wait()??.mappings.destination.unmap(),
            Submitted::Fill(transfer) => transfer.wait()?.mappings.unmap(),
        };

        check(dev, &found, expected)
    }
}

/// Compares bytes.
///
/// # Errors
///
/// `EIO` if a byte is wrong, with a line in the kernel log.
fn check(dev: &DmaDevice, found: &[u8], expected: &[u8]) -> Result {
    let is_wrong = |(found, expected): (&u8, &u8)| found != expected;
    let Some(at) = found.iter().zip(expected).position(is_wrong) else {
        return Ok(());
    };

    dev_err!(
        dev.as_device(),
        "byte {at} is {:#04x}, should be {:#04x}\n",
        found[at],
        expected[at]
    );
    Err(EIO)
}

/// Maps `buffer` as a list with entries of at most `max_len` bytes.
fn map_list<D: Direction>(
    dev: &DmaDevice,
    buffer: Buffer,
    max_len: usize,
) -> Result<MappedSgTable<'_, Contiguous<Buffer>, D>> {
    let table = SgTableBuilder::new(dev, Contiguous(buffer)).max_segment(max_len);

    Ok(table.build(GFP_KERNEL)?.map()?)
}

/// Unmaps `list`, and returns its buffer.
fn unmap_list(list: ListDestination<'_>) -> Buffer {
    list.unmap().into_memory().0
}

/// Submits `descriptor`, to `queue` if there is one.
fn submit<'a, 'bound, T: Mapped + Send>(
    descriptor: Descriptor<'a, 'bound, T>,
    queue: Option<&Queue<'_, 'bound>>,
) -> Transfer<'a, 'bound, T> {
    match queue {
        Some(queue) => descriptor.submit_to(queue),
        None => descriptor.submit(),
    }
}

/// Submits `descriptor` with a callback, to `queue` if there is one.
fn submit_with_callback<'bound>(
    descriptor: Descriptor<'_, 'bound, Pair<Source<'bound>, Destination<'bound>>>,
    queue: Option<&Queue<'_, 'bound>>,
) -> Result<Arc<CallbackState<'bound>>> {
    let state = CallbackState::new()?;
    let shared = state.clone();
    let descriptor = descriptor.with_callback(
        CallbackContext::Softirq,
        move |result| shared.complete(result),
        GFP_KERNEL,
    )?;

    match queue {
        Some(queue) => drop(descriptor.submit_to(queue)),
        None => drop(descriptor.submit()),
    }
    Ok(state)
}
