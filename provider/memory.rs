// SPDX-License-Identifier: GPL-2.0

//! The memory device of a controller: copies and fills.

use core::{
    marker::PhantomData,
    mem, //
};

use kernel::{
    device::{
        Bound,
        Device, //
    },
    new_spinlock_irq,
    prelude::*,
    sync::SpinLockIrq, //
};

use crate::{
    dmaengine::{
        Issued,
        Memcpy,
        Memory,
        Memset,
        Provider,
        Registration,
        TxError, //
    },
    pl330::{
        BusQueue,
        BusTransfer,
        BusTransferEnd,
        Controller,
        TransferError, //
    },
};

/// Number of channels, each a queue of the engine.
const CHANNELS: usize = 8;

/// Registration of the memory device of a controller.
pub(crate) struct MemoryDevice<'bound>(Registration<MemoryProvider<'bound>>);

impl<'bound> MemoryDevice<'bound> {
    /// Registers the device. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and those of `dma_async_device_register()`.
    ///
    /// # Safety
    ///
    /// - [`close`](Self::close) returns before `controller` is shut down.
    /// - [`unregister`](Self::unregister) returns, or the value is dropped, before `'bound` ends,
    ///   in a thread without locks.
    pub(crate) unsafe fn new(
        dev: &'bound Device<Bound>,
        controller: &Controller<'bound>,
    ) -> Result<Self> {
        let mut channels = KVec::with_capacity(CHANNELS, GFP_KERNEL)?;

        for _ in 0..CHANNELS {
            channels.push(BusQueue::new(controller)?, GFP_KERNEL)?;
        }

        // SAFETY: It must be closed before the hardware is shut down, and unregistered before the
        // borrows end: the caller guarantees it.
        unsafe { Registration::new_memory(dev, MemoryProvider(PhantomData), channels) }.map(Self)
    }

    /// Aborts all jobs, and rejects clients and jobs from then on. Sleeps.
    pub(crate) fn close(&self) {
        self.0.close();
    }

    /// Unregisters the device, and waits for its clients. Sleeps.
    pub(crate) fn unregister(&self) {
        self.0.unregister();
    }
}

/// Provider of the memory device. Each channel has all that it needs.
struct MemoryProvider<'bound>(PhantomData<fn(&'bound ()) -> &'bound ()>);

/// Job of the memory device.
#[pin_data]
struct Job<'bound> {
    /// Transfer, until it is started.
    #[pin]
    transfer: SpinLockIrq<Option<BusTransfer<'bound, Running<'bound>>>>,
}

/// Job that was started: it is completed when its transfer ends.
struct Running<'bound>(Issued<Job<'bound>>);

impl BusTransferEnd for Running<'_> {
    fn ended(self, result: Result<(), TransferError>) {
        if let Err(TransferError::Stuck) = result {
            // The hardware may access the memory for ever, so the client must never free it.
            mem::forget(self.0);
            return;
        }
        self.0.complete(result.map_err(|error| match error {
            TransferError::Fault(fault) if fault.is_of_read() => TxError::ReadFailed,
            TransferError::Fault(fault) if fault.is_of_write() => TxError::WriteFailed,
            _ => TxError::Aborted,
        }));
    }
}

impl<'bound> Job<'bound> {
    fn new(
        transfer: Result<BusTransfer<'bound, Running<'bound>>, TransferError>,
    ) -> impl PinInit<Self, Error> {
        pin_init::pin_init_scope(move || {
            let transfer = transfer?;

            Ok(pin_init!(Self {
                transfer <- new_spinlock_irq!(Some(transfer)),
            }? Error))
        })
    }
}

impl<'bound> Provider for MemoryProvider<'bound> {
    type Channel = BusQueue<'bound>;
    type Job = Job<'bound>;

    fn start(&self, channel: &BusQueue<'bound>, job: Issued<Job<'bound>>) {
        let transfer = job.transfer.lock().take();

        if let Some(transfer) = transfer {
            channel.submit(transfer, Running(job));
        }
    }

    fn terminate(&self, channel: &BusQueue<'bound>) {
        channel.terminate();
    }
}

#[vtable]
impl<'bound> Memory for MemoryProvider<'bound> {
    fn prepare_memcpy(
        &self,
        channel: &BusQueue<'bound>,
        memcpy: Memcpy,
    ) -> impl PinInit<Job<'bound>, Error> {
        let Memcpy { dst, src, len } = memcpy;

        // SAFETY: Both ranges must stay mapped until the transfer has ended: the client keeps them
        // mapped until the job is completed, which happens when the transfer has ended, and never
        // if it is stuck.
        Job::new(unsafe { channel.prepare_copy(src, dst, len) })
    }

    fn prepare_memset(
        &self,
        channel: &BusQueue<'bound>,
        memset: Memset,
    ) -> impl PinInit<Job<'bound>, Error> {
        let Memset { dst, value, len } = memset;

        // SAFETY: As in `prepare_memcpy`.
        Job::new(unsafe { channel.prepare_memset(dst, value, len) })
    }
}
