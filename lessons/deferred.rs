// SPDX-License-Identifier: GPL-2.0

//! A work item that reads what the device wrote, also if the device may be gone by then.
//!
//! In C:
//!
//! ```c
//! INIT_WORK(&priv->work, parse);                  /* dma_sync_single_for_cpu(), then reads */
//! queue_work(system_wq, &priv->work);
//! ...
//! cancel_work_sync(&priv->work);                  /* in remove(), before the unmapping */
//! dma_unmap_single(dev, priv->addr, priv->len, DMA_FROM_DEVICE);
//! ```
//!
//! What goes wrong: `remove` forgets the work item, which then syncs and reads a mapping that is
//! gone (mistake 41).
//!
//! Here a [`RevocableMapping`] may be in the work item. The kernel unmaps it when the device is
//! unbound, and from then on [`with`](RevocableMapping::with) returns `None`.
//!
//! To try: move a mapping into a work item, such as the source: `let source =
//! done.mappings.source;` and `workqueue::system_long().try_spawn(GFP_KERNEL, move ||
//! drop(source))?;`. The compiler reports "borrowed data escapes outside of function" (E0521).

use kernel::{
    impl_has_work,
    new_work,
    prelude::*,
    sync::{
        new_mutex,
        Arc,
        Completion,
        Mutex, //
    },
    workqueue::{
        self,
        Work,
        WorkItem, //
    }, //
};

use super::{
    pattern::{
        self,
        Mismatch, //
    },
    Failure, //
};
use crate::{
    dma::{
        Buffer,
        DmaDevice,
        FromDevice,
        Mapping,
        RevocableMapping,
        ToDevice, //
    },
    pl330::{
        Controller,
        CopyRange,
        TransferStats, //
    }, //
};

/// Work item that checks the bytes of a copy.
#[pin_data]
struct Check {
    mapping: RevocableMapping<Buffer, FromDevice>,
    range: CopyRange,
    /// First wrong byte, if there is one; `None` without the device.
    #[pin]
    result: Mutex<Option<Result<(), Mismatch>>>,
    #[pin]
    done: Completion,
    #[pin]
    work: Work<Self>,
}

impl_has_work! {
    impl HasWork<Self> for Check { self.work }
}

impl WorkItem for Check {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        let CopyRange {
            dst_offset, len, ..
        } = this.range;
        let result = this.mapping.with(|mapping| {
            let bytes = mapping.for_cpu(..).unwrap_or_default();

            pattern::check(bytes, dst_offset, len)
        });

        *this.result.lock() = result;
        this.done.complete_all();
    }
}

/// Copies `range`, and lets a work item verify all bytes of the destination.
pub(crate) fn check<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    range: CopyRange,
) -> Result<TransferStats, Failure> {
    let (source, destination) = pattern::buffers(range)?;
    let source = Mapping::<_, ToDevice>::new(dev, source)?;
    let destination = Mapping::<_, FromDevice>::new(dev, destination)?;
    let done = controller.copy(source, destination, range)?;
    let mapping = done.mappings.destination.into_revocable(dev);
    let check = Arc::pin_init(
        pin_init!(Check {
            mapping: mapping.map_err(|_| ENOMEM)?,
            range,
            result <- new_mutex!(None),
            done <- Completion::new(),
            work <- new_work!(),
        }? Error),
        GFP_KERNEL,
    )?;

    // Not `system()`, whose queue is deprecated.
    let _ = workqueue::system_long().enqueue(check.clone());
    check.done.wait_for_completion();

    let result = check.result.lock().take();

    result.ok_or(ENODEV)??;
    Ok(done.stats)
}
