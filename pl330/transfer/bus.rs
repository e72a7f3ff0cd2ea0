// SPDX-License-Identifier: GPL-2.0

//! Transfers between bus addresses of memory that clients have mapped.

use kernel::{
    dma::DmaAddress,
    list::ListArc,
    prelude::*,
    sync::Arc, //
};

use super::{
    super::{
        engine::{
            Callback,
            Context,
            Engine,
            Operation,
            Request,
            RequestQueue,
            RequestResult,
            TransferError, //
        },
        program::{
            Copy,
            Memset,
            Pattern,
            ProgramWriter, //
        },
    },
    limit::timeout_ms,
    Transfers, //
};

/// End of a transfer between bus addresses.
pub(crate) trait BusTransferEnd: Send {
    /// Handles the result of the transfer.
    ///
    /// Unless the error is [`TransferError::Stuck`], the device does not access the memory any
    /// more. Called in the context in which the transfer has ended: an interrupt handler, a timer,
    /// a thread of the driver, or that of any caller who submits or terminates a transfer. So it
    /// must not sleep, should be short, and must take no lock under which transfers are submitted
    /// or terminated.
    fn ended(self, result: Result<(), TransferError>);
}

/// Callback of the engine, with the value that it is passed to.
struct End<E>(Option<E>);

impl<E: BusTransferEnd> Callback for End<E> {
    unsafe fn call(&mut self, result: RequestResult) {
        if let Some(end) = self.0.take() {
            end.ended(result.map(drop));
        }
    }
}

/// Transfer whose program is written, and which is not submitted. Nothing happens if it is dropped.
pub(crate) struct BusTransfer<'bound, E> {
    request: ListArc<Request<'bound>>,
    end: KBox<End<E>>,
}

/// Queue of transfers between bus addresses, which run one after the other.
///
/// A transfer allocates with `GFP_NOWAIT`, and all methods may be called in any context in which a
/// `spinlock_t` may be taken.
pub(crate) struct BusQueue<'bound> {
    engine: Arc<Engine<'bound>>,
    requests: Arc<RequestQueue<'bound>>,
}

impl<'bound> BusQueue<'bound> {
    /// Allocates a queue for the engine of `transfers`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(transfers: &Transfers<'bound>) -> Result<Self> {
        let engine = transfers.engine().clone();
        let requests = RequestQueue::new(&engine, GFP_KERNEL)?;

        Ok(Self { engine, requests })
    }

    /// Prepares a copy of `len` bytes. C function: `dmaengine_prep_dma_memcpy()`.
    ///
    /// # Errors
    ///
    /// [`TransferError::Unreachable`] and [`TransferError::Plan`] if the range is empty or not
    /// below 4 GiB, or the ranges overlap; [`TransferError::NoMemory`].
    ///
    /// # Safety
    ///
    /// Both ranges stay mapped for the device until the transfer has ended, and for good if it ends
    /// with [`TransferError::Stuck`]; or it is never submitted.
    pub(crate) unsafe fn prepare_copy<E: BusTransferEnd + 'bound>(
        &self,
        source: DmaAddress,
        destination: DmaAddress,
        len: usize,
    ) -> Result<BusTransfer<'bound, E>, TransferError> {
        let copy = Copy {
            source: narrow(source)?,
            destination: narrow(destination)?,
            len: narrow(len as u64)?,
        };

        // SAFETY: The memory must stay mapped: the caller guarantees it.
        unsafe { self.prepare(Operation::Copy(ProgramWriter::new(copy)?), len) }
    }

    /// Prepares to set `len` bytes to a value. C function: `dmaengine_prep_dma_memset()`.
    ///
    /// # Errors
    ///
    /// Those of [`prepare_copy`](Self::prepare_copy).
    ///
    /// # Safety
    ///
    /// That of [`prepare_copy`](Self::prepare_copy) for the one range.
    pub(crate) unsafe fn prepare_memset<E: BusTransferEnd + 'bound>(
        &self,
        destination: DmaAddress,
        value: u8,
        len: usize,
    ) -> Result<BusTransfer<'bound, E>, TransferError> {
        let memset = Memset::new(
            narrow(destination)?,
            narrow(len as u64)?,
            Pattern::of_byte(value),
        );

        // SAFETY: The memory must stay mapped: the caller guarantees it.
        unsafe { self.prepare(Operation::Memset(ProgramWriter::new(memset)?), len) }
    }

    /// Writes the first program of `operation`, on `len` bytes.
    ///
    /// # Safety
    ///
    /// That of [`Request::new`].
    unsafe fn prepare<E: BusTransferEnd + 'bound>(
        &self,
        operation: Operation,
        len: usize,
    ) -> Result<BusTransfer<'bound, E>, TransferError> {
        let limit = timeout_ms(len, 1, self.engine.clock_rate());
        let end = KBox::new(End(None), GFP_NOWAIT).map_err(|_| TransferError::NoMemory)?;
        // SAFETY: The caller guarantees the requirements.
        let request = unsafe { Request::new(&self.engine, operation, Some(limit), GFP_NOWAIT)? };

        Ok(BusTransfer { request, end })
    }

    /// Submits `transfer`, which runs after those submitted before. `end` gets its result.
    ///
    /// `transfer` is one of this queue.
    pub(crate) fn submit<E: BusTransferEnd + 'bound>(
        &self,
        mut transfer: BusTransfer<'bound, E>,
        end: E,
    ) {
        transfer.end.0 = Some(end);
        // SAFETY: The callback must return no mapping but that of the request: it returns none.
        unsafe {
            transfer
                .request
                .set_callback(&self.engine, transfer.end, Context::Immediate)
        };
        self.engine.submit(transfer.request, Some(&self.requests));
    }

    /// Terminates all transfers of the queue. One that runs ends when its channel has stopped.
    pub(crate) fn terminate(&self) {
        self.engine.terminate_queue(&self.requests);
    }
}

/// Returns an address or a length that has 32 bits.
fn narrow(value: u64) -> Result<u32, TransferError> {
    u32::try_from(value).map_err(|_| TransferError::Unreachable)
}
