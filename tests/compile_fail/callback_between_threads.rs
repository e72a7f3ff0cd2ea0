// SPDX-License-Identifier: GPL-2.0

// A callback cannot own data of one thread: it runs in another context.

use core::cell::Cell;

use kernel::prelude::*;

use crate::{
    dma::{
        Buffer,
        DmaDevice,
        FromDevice,
        Mapping,
        ToDevice, //
    },
    pl330::{
        CallbackContext,
        Controller,
        CopyRange, //
    }, //
};

#[cfg(mistake)]
type Count = Cell<usize>;
#[cfg(not(mistake))]
type Count = core::sync::atomic::AtomicUsize;

fn copy<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    count: &'bound Count,
    span: CopyRange,
) -> Result {
    let source = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    let destination = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64, GFP_KERNEL)?)?;
    let prepared = controller.prepare(source, destination, span, GFP_KERNEL)?;
    let count = move |_| {
        #[cfg(mistake)]
        count.set(count.get() + 1);
        #[cfg(not(mistake))]
        count.fetch_add(1, core::sync::atomic::Ordering::Relaxed);
    };

    prepared
        .with_callback(CallbackContext::Thread, count, GFP_KERNEL)?
        //~[mistake]^ E0277
        //~[mistake]| ERROR: cannot be shared between threads safely
        .submit();
    Ok(())
}
