// SPDX-License-Identifier: GPL-2.0

//! Copies in a queue, one of which is terminated while it waits: for tests of queues.

use kernel::{
    new_spinlock_irq,
    prelude::*,
    sync::{
        Arc,
        Completion,
        SpinLockIrq, //
    }, //
};

use crate::{
    dma::{
        Buffer,
        DmaDevice,
        FromDevice,
        Mapping,
        Pair,
        ToDevice, //
    },
    pl330::{
        CallbackContext,
        Controller,
        CopyRange,
        Descriptor,
        Queue, //
    }, //
};

/// Number of bytes of each copy.
const LEN: usize = 64;

/// Numbers of the copies with a callback, in the order in which they were submitted.
const NUMBERS: [u8; 2] = [3, 4];

type Source<'bound> = Mapping<'bound, Buffer, ToDevice>;
type Destination<'bound> = Mapping<'bound, Buffer, FromDevice>;
type Copy<'a, 'bound> = Descriptor<'a, 'bound, Pair<Source<'bound>, Destination<'bound>>>;

/// State that the callbacks and the submitter share.
#[pin_data]
struct Ended {
    /// Numbers of the ended copies, in this order, with capacity for all.
    #[pin]
    numbers: SpinLockIrq<KVec<u8>>,
    #[pin]
    all: Completion,
}

/// Submits three copies to a queue and terminates the second one while it waits. When the first
/// one has ended, submits a fourth one, and waits for all. Sleeps.
///
/// The first copy may fail: its error is ignored.
///
/// # Errors
///
/// `EBADE` if the fourth copy ends before the third one; `ENOMEM`; those of mappings.
pub(super) fn run<'bound>(dev: &'bound DmaDevice, controller: &Controller<'bound>) -> Result {
    let queue = Queue::new(controller, GFP_KERNEL)?;
    let numbers = KVec::with_capacity(NUMBERS.len(), GFP_KERNEL)?;
    let ended = Arc::pin_init(
        pin_init!(Ended {
            numbers <- new_spinlock_irq!(numbers),
            all <- Completion::new(),
        }),
        GFP_KERNEL,
    )?;
    let submit = |number| -> Result {
        let ended = ended.clone();

        prepare(dev, controller)?
            .with_callback(
                CallbackContext::Softirq,
                move |_| ended.push(number),
                GFP_KERNEL,
            )?
            .submit_to(&queue);
        Ok(())
    };
    let first = prepare(dev, controller)?.submit_to(&queue);
    let second = prepare(dev, controller)?.submit_to(&queue);

    submit(NUMBERS[0])?;
    drop(second);
    drop(first.wait());
    submit(NUMBERS[1])?;
    ended.all.wait_for_completion();

    let numbers = ended.numbers.lock();

    if numbers[..] == NUMBERS {
        Ok(())
    } else {
        Err(EBADE)
    }
}

/// Prepares a copy.
fn prepare<'a, 'bound>(
    dev: &'bound DmaDevice,
    controller: &'a Controller<'bound>,
) -> Result<Copy<'a, 'bound>> {
    let source = Mapping::new(dev, Buffer::zeroed(LEN, GFP_KERNEL)?)?;
    let destination = Mapping::new(dev, Buffer::zeroed(LEN, GFP_KERNEL)?)?;
    let range = CopyRange {
        src_offset: 0,
        dst_offset: 0,
        len: LEN,
    };

    Ok(controller.prepare(source, destination, range, GFP_KERNEL)?)
}

impl Ended {
    /// Adds the number of a copy that has ended.
    fn push(&self, number: u8) {
        let mut numbers = self.numbers.lock();
        // The capacity suffices.
        let _ = numbers.push_within_capacity(number);

        if numbers.len() == NUMBERS.len() {
            self.all.complete_all();
        }
    }
}
