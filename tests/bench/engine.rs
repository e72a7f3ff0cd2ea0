// SPDX-License-Identifier: GPL-2.0

//! Costs of the engine: instructions of a request, and sections with interrupts disabled.
//!
//! A request is counted from its preparation to its callback, as in `peer_engine.c`. Then the
//! engine does all it can do, for `sections.c` to find the longest section of each function.

use kernel::{
    device::Bound,
    error::to_result,
    new_spinlock_irq,
    platform,
    prelude::*,
    sync::{
        Arc,
        SpinLockIrq, //
    }, //
};

use super::{
    device,
    dma::{
        as_raw,
        Buffer,
        DmaDevice,
        FromDevice,
        MappedMemory,
        Mapping,
        PageBuffer,
        Pair,
        ToDevice, //
    },
    lists,
    pl330::{
        CallbackContext,
        Controller,
        CopyRange,
        InjectedFault,
        Interrupts,
        Queue,
        Transfer,
        TransferResult, //
    },
    sg::{
        MappedSgTable,
        SgTable, //
    }, //
};

/// Functions of `sections.h`.
#[expect(improper_ctypes, reason = "as in the kernel crate's bindings")]
mod sections {
    use super::device;
    use kernel::ffi::c_int;

    extern "C" {
        pub(super) fn rk3588_dma_count_start() -> c_int;
        pub(super) fn rk3588_dma_count_begin();
        pub(super) fn rk3588_dma_count_end();
        pub(super) fn rk3588_dma_count_wait(instructions: *mut u32) -> c_int;
        pub(super) fn rk3588_dma_sections_start();
        pub(super) fn rk3588_dma_sections_log(dev: *mut device);
    }
}

/// Numbers of segments of the requests that are counted.
const SEGMENTS: [usize; 3] = [1, 16, 256];

/// Number of rounds. The least result counts: disturbances only add instructions.
const ROUNDS: usize = 8;

/// Number of requests that wait at the same time.
const WAITING: usize = 300;

/// Number of bytes of each.
const LEN: usize = 64;

/// Number of ranges of a request of several programs.
const LONG: usize = 4096;

type Source<'bound> = Mapping<'bound, Buffer, ToDevice>;
type Destination<'bound> = Mapping<'bound, Buffer, FromDevice>;
type Buffers<'bound> = Pair<Source<'bound>, Destination<'bound>>;
type Ended<T> = Arc<SpinLockIrq<Option<TransferResult<T>>>>;
type List<'bound, D> = MappedSgTable<'bound, KVec<PageBuffer>, D>;

/// Measures the engine of `pdev`, and shuts it down.
pub(crate) fn measure<'bound>(
    pdev: &'bound platform::Device<Bound>,
    dma: &'bound DmaDevice,
) -> Result {
    // SAFETY: The counter must have no other user: kernel and programs of the board use none.
    to_result(unsafe { sections::rk3588_dma_count_start() })?;

    // SAFETY: It is shut down below, before the last reference is dropped.
    let controller = unsafe { Controller::new(pdev, dma) }.map_err(|error| Error::from(&error))?;
    let measured = with_interrupts(pdev, dma, &controller);

    controller.shut_down();
    measured?;
    // SAFETY: The device must be valid: it is bound.
    unsafe { sections::rk3588_dma_sections_log(as_raw(dma.as_device())) };
    Ok(())
}

fn with_interrupts<'bound>(
    pdev: &'bound platform::Device<Bound>,
    dma: &'bound DmaDevice,
    controller: &Controller<'bound>,
) -> Result {
    // SAFETY: They must be dropped before `'bound` ends: they are when this returns.
    let interrupts = unsafe { Interrupts::new(pdev, controller) };
    let _interrupts = interrupts.map_err(|error| Error::from(&error))?;

    controller
        .self_test()
        .map_err(|error| Error::from(&error))?;
    for segments in SEGMENTS {
        let instructions = match segments {
            1 => count(controller, copy(dma, PageBuffer::LEN)?, PageBuffer::LEN)?,
            _ => count(controller, list(dma, segments)?, segments * PageBuffer::LEN)?,
        };

        dev_info!(dma.as_device(), "request {segments} {instructions}\n");
    }
    // SAFETY: The caller must be in no section: it holds no lock, and is no interrupt handler.
    unsafe { sections::rk3588_dma_sections_start() };
    exercise(dma, controller)
}

/// Returns the fewest instructions from the preparation of a copy to its callback.
fn count<'bound, S, D>(
    controller: &Controller<'bound>,
    mut pair: Pair<S, D>,
    len: usize,
) -> Result<u32>
where
    S: MappedMemory<Direction = ToDevice> + Send + Unpin + 'bound,
    D: MappedMemory<Direction = FromDevice> + Send + Unpin + 'bound,
{
    let result: Ended<Pair<S, D>> = Arc::pin_init(new_spinlock_irq!(None), GFP_KERNEL)?;
    let mut fewest = u32::MAX;

    for _ in 0..ROUNDS {
        let ended = result.clone();
        let mut instructions = 0;

        // SAFETY: No request is counted now.
        unsafe { sections::rk3588_dma_count_begin() };
        controller
            .prepare(pair.source, pair.destination, whole(len), GFP_KERNEL)?
            .with_callback(
                CallbackContext::Softirq,
                move |result| {
                    // SAFETY: The request is counted.
                    unsafe { sections::rk3588_dma_count_end() };
                    *ended.lock() = Some(result);
                },
                GFP_KERNEL,
            )?
            .submit();
        // SAFETY: The pointer must be valid: it is to a local.
        to_result(unsafe { sections::rk3588_dma_count_wait(&mut instructions) })?;
        pair = result.lock().take().ok_or(EIO)??.mappings;
        fewest = fewest.min(instructions);
    }
    Ok(fewest)
}

/// Makes the engine do all it can do.
fn exercise<'bound>(dma: &'bound DmaDevice, controller: &Controller<'bound>) -> Result {
    let Pair {
        source,
        destination,
    } = copy(dma, LONG * LEN)?;

    // Several programs, all but the first written by the worker.
    controller
        .prepare(source, destination, reversed()?, GFP_KERNEL)?
        .submit()
        .wait()?;

    // More than there are channels; each queue has one at a time.
    let queue = Queue::new(controller, GFP_KERNEL)?;

    for queue in [None, Some(&queue)] {
        for transfer in submit(dma, controller, queue)? {
            transfer.wait()?;
        }
        // Those that wait are terminated.
        drop(submit(dma, controller, queue)?);
    }
    for fault in [InjectedFault::UndefinedInstruction, InjectedFault::Endless] {
        let Pair {
            source,
            destination,
        } = copy(dma, LEN)?;

        if controller
            .inject_fault(source, destination, whole(LEN), fault)
            .is_ok()
        {
            return Err(EIO);
        }
    }

    // Some end, the others fail because the engine is shut down.
    let waiting = submit(dma, controller, None)?;

    controller.shut_down();
    for transfer in waiting {
        drop(transfer.wait());
    }
    Ok(())
}

/// Submits many copies at once, in the queue if there is one.
fn submit<'a, 'bound>(
    dma: &'bound DmaDevice,
    controller: &'a Controller<'bound>,
    queue: Option<&Queue<'_, 'bound>>,
) -> Result<KVec<Transfer<'a, 'bound, Buffers<'bound>>>> {
    let mut descriptors = KVec::with_capacity(WAITING, GFP_KERNEL)?;
    let mut transfers = KVec::with_capacity(WAITING, GFP_KERNEL)?;

    for _ in 0..WAITING {
        let Pair {
            source,
            destination,
        } = copy(dma, LEN)?;
        let descriptor = controller.prepare(source, destination, whole(LEN), GFP_KERNEL)?;

        descriptors.push(descriptor, GFP_KERNEL)?;
    }
    for descriptor in descriptors {
        let transfer = match queue {
            Some(queue) => descriptor.submit_to(queue),
            None => descriptor.submit(),
        };

        transfers.push(transfer, GFP_KERNEL)?;
    }
    Ok(transfers)
}

/// Maps a source and a destination of `len` bytes.
fn copy(dma: &DmaDevice, len: usize) -> Result<Buffers<'_>> {
    Ok(Pair {
        source: Mapping::new(dma, Buffer::zeroed(len, GFP_KERNEL)?)?,
        destination: Mapping::new(dma, Buffer::zeroed(len, GFP_KERNEL)?)?,
    })
}

/// Maps a source and a destination of `segments` pages, no two of which are contiguous.
fn list(
    dma: &DmaDevice,
    segments: usize,
) -> Result<Pair<List<'_, ToDevice>, List<'_, FromDevice>>> {
    Ok(Pair {
        source: SgTable::new(dma, lists::pages(segments)?, GFP_KERNEL)?.map()?,
        destination: SgTable::new(dma, lists::pages(segments)?, GFP_KERNEL)?.map()?,
    })
}

/// Returns the range of all bytes.
fn whole(len: usize) -> CopyRange {
    CopyRange {
        src_offset: 0,
        dst_offset: 0,
        len,
    }
}

/// Returns ranges from back to front, no two of which are contiguous.
fn reversed() -> Result<KVec<CopyRange>> {
    let mut ranges = KVec::with_capacity(LONG, GFP_KERNEL)?;

    for range in (0..LONG).rev() {
        ranges.push(
            CopyRange {
                src_offset: range * LEN,
                dst_offset: range * LEN,
                len: LEN,
            },
            GFP_KERNEL,
        )?;
    }
    Ok(ranges)
}
