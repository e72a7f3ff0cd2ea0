// SPDX-License-Identifier: GPL-2.0

//! Copies and memsets.

use kernel::{
    alloc::Flags,
    list::ListArc,
    prelude::*,
    sync::Arc, //
};

use super::{
    super::{
        engine::{
            Engine,
            InjectedFault,
            Operation,
            Request,
            TransferError, //
        },
        program::Pattern, //
    },
    descriptor::ParcelMemory,
    limit::timeout_ms,
    parcel::Parcel,
    progressive::Progress,
    shape::{
        memset,
        Addresses, //
    },
    CopyRange,
    CopyShape,
    Descriptor,
    Failed,
    PrepareResult,
    TransferResult, //
};
use crate::dma::{
    BusMaster,
    DeviceReads,
    DeviceWrites,
    InFlight,
    Mapped,
    MappedMemory,
    Pair, //
};

/// Time limit of a program with an injected fault, in milliseconds.
const FAULTY_TIMEOUT_MS: u32 = 200;

/// Parts of a descriptor.
type Prepared<'bound, T> = (
    ListArc<Request<'bound>>,
    ParcelMemory<T>,
    Addresses,
    Option<KBox<Progress>>,
);

/// Transfers of a controller: prepares them, for its channels to run.
pub(crate) struct Transfers<'bound> {
    engine: Arc<Engine<'bound>>,
    bus: BusMaster<'bound, u32>,
}

impl<'bound> Transfers<'bound> {
    /// Creates the transfers that `engine`, which has the device of `bus`, runs.
    pub(crate) fn new(engine: Arc<Engine<'bound>>, bus: BusMaster<'bound, u32>) -> Self {
        Self { engine, bus }
    }

    /// Returns the engine.
    pub(crate) fn engine(&self) -> &Arc<Engine<'bound>> {
        &self.engine
    }

    /// Copies the bytes of `shape` from `source` to `destination`, and returns both.
    ///
    /// Each may be a [`Mapping`](crate::dma::Mapping) or a
    /// [`MappedSgTable`](crate::sg::MappedSgTable), in any number of segments. Sleeps: until a
    /// channel is idle, then for each program 5 s at most, and a time for each burst.
    ///
    /// # Errors
    ///
    /// Any [`TransferError`]. After a fault or a timeout the bytes of the shape are undefined;
    /// other bytes do not change.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn copy<'bound, S, D>(
    /// #     transfers: &Transfers<'bound>,
    /// #     (source, destination): (S, D),
    /// #     range: CopyRange,
    /// # ) -> Result
    /// # where
    /// #     S: MappedMemory<Direction: DeviceReads> + Send + 'bound,
    /// #     D: MappedMemory<Direction: DeviceWrites> + Send + 'bound,
    /// # {
    /// let Pair { source, destination } = transfers.copy(source, destination, range)?.mappings;
    /// # Ok(())
    /// # }
    /// ```
    pub(crate) fn copy<S, D>(
        &self,
        source: S,
        destination: D,
        shape: impl CopyShape,
    ) -> TransferResult<Pair<S, D>>
    where
        S: MappedMemory<Direction: DeviceReads> + Send + 'bound,
        D: MappedMemory<Direction: DeviceWrites> + Send + 'bound,
    {
        self.prepare(source, destination, shape, GFP_KERNEL)?
            .submit()
            .wait()
    }

    /// Prepares a copy: writes its program, or the first of them.
    ///
    /// Allocates with `flags`. The descriptor is submitted later, also in a context that may not
    /// sleep. C function: `dmaengine_prep_dma_memcpy()`.
    ///
    /// # Errors
    ///
    /// Those of [`CopyShape`], [`WrongDevice`](TransferError::WrongDevice) and
    /// [`NoMemory`](TransferError::NoMemory).
    pub(crate) fn prepare<S, D>(
        &self,
        source: S,
        destination: D,
        shape: impl CopyShape,
        flags: Flags,
    ) -> PrepareResult<'_, 'bound, Pair<S, D>>
    where
        S: MappedMemory<Direction: DeviceReads>,
        D: MappedMemory<Direction: DeviceWrites>,
    {
        let (bytes, progress) = (shape.bytes(), shape.progress());
        let pair = Pair {
            source,
            destination,
        };

        // SAFETY: The programs must access only the mappings, and with `progress` write its range,
        // each byte once, in ascending order: the contract of `CopyShape` says both. They read the
        // source, which the device may read, and write the destination, which it may write.
        unsafe {
            self.prepare_with(pair, Some(bytes), progress, flags, |flight| {
                let Pair {
                    source,
                    destination,
                } = flight.each_ref();

                shape.operation(source, destination, flags)
            })
        }
    }

    /// Sets `len` bytes of `destination` from `offset` on to repetitions of `pattern`.
    ///
    /// Returns `destination`. Sleeps, as [`copy`](Self::copy) does.
    ///
    /// # Errors
    ///
    /// As [`copy`](Self::copy).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn clear<'bound>(
    /// #     transfers: &Transfers<'bound>,
    /// #     screen: Mapping<'bound, Buffer, FromDevice>,
    /// # ) -> Result {
    /// let screen = transfers.memset(screen, 0, 4096, Pattern::ZERO)?.mappings;
    /// # Ok(())
    /// # }
    /// ```
    pub(crate) fn memset<D>(
        &self,
        destination: D,
        offset: usize,
        len: usize,
        pattern: Pattern,
    ) -> TransferResult<D>
    where
        D: MappedMemory<Direction: DeviceWrites> + Send + 'bound,
    {
        self.prepare_memset(destination, offset, len, pattern, GFP_KERNEL)?
            .submit()
            .wait()
    }

    /// Prepares a memset. Allocates with `flags`.
    ///
    /// The bytes may be in any number of segments, to which the pattern is written as if they
    /// followed each other. C functions: `dmaengine_prep_dma_memset()`,
    /// `device_prep_dma_memset_sg()`.
    ///
    /// # Errors
    ///
    /// As [`prepare`](Self::prepare).
    pub(crate) fn prepare_memset<D>(
        &self,
        destination: D,
        offset: usize,
        len: usize,
        pattern: Pattern,
        flags: Flags,
    ) -> PrepareResult<'_, 'bound, D>
    where
        D: MappedMemory<Direction: DeviceWrites>,
    {
        // SAFETY: The programs must access only the mapping: they write its segments, and read only
        // themselves.
        unsafe {
            self.prepare_with(destination, Some(len), None, flags, |flight| {
                memset(flight.as_ref(), offset, len, pattern, flags)
            })
        }
    }

    /// Copies nothing, by a program with `fault`: to test what follows a fault. Sleeps.
    ///
    /// # Errors
    ///
    /// [`TransferError::Fault`] or [`TransferError::Timeout`], unless something else is wrong.
    pub(crate) fn inject_fault<S, D>(
        &self,
        source: S,
        destination: D,
        range: CopyRange,
        fault: InjectedFault,
    ) -> TransferResult<Pair<S, D>>
    where
        S: MappedMemory<Direction: DeviceReads> + Send + 'bound,
        D: MappedMemory<Direction: DeviceWrites> + Send + 'bound,
    {
        let pair = Pair {
            source,
            destination,
        };

        // SAFETY: The programs must access only the mappings: they access no memory.
        unsafe {
            self.prepare_with(pair, None, None, GFP_KERNEL, |flight| {
                let Pair {
                    source,
                    destination,
                } = flight.each_ref();

                range.faulty(source, destination, fault)
            })?
        }
        .submit()
        .wait()
    }

    /// Prepares a transfer of the operation that `plan` returns.
    ///
    /// `bytes` is the number of bytes that it transfers; `None` for an injected fault.
    ///
    /// # Safety
    ///
    /// The programs of the operation access only the mapping that `plan` gets, as its direction
    /// permits. With `progress`, it is a copy of one range of a pair.
    unsafe fn prepare_with<T: Mapped>(
        &self,
        mapped: T,
        bytes: Option<usize>,
        progress: Option<Progress>,
        flags: Flags,
        plan: impl FnOnce(&InFlight<T, u32>) -> Result<(Operation, Addresses), TransferError>,
    ) -> PrepareResult<'_, 'bound, T> {
        let flight: InFlight<_, u32> = self.bus.submit(mapped)?;
        // SAFETY: The caller guarantees it.
        let prepared = unsafe { self.request(&flight, bytes, progress, flags, plan) };

        match prepared {
            Ok((request, memory, addresses, progress)) => {
                let parcel = Parcel {
                    flight,
                    addresses,
                    progress,
                };

                // SAFETY: The programs must access only the mapping, and write each byte of a
                // destination once, in ascending order, if they report progress: the caller
                // guarantees the former, and copies of one range do the latter.
                Ok(unsafe { Descriptor::new(&self.engine, request, memory, parcel) })
            }
            Err(error) => Err(Failed {
                error,
                // SAFETY: The device must not use the mapping: no request was submitted.
                mappings: Some(unsafe { flight.complete() }),
            }),
        }
    }

    /// Allocates what a descriptor needs.
    ///
    /// # Safety
    ///
    /// As of [`prepare_with`](Self::prepare_with).
    unsafe fn request<T: Mapped>(
        &self,
        flight: &InFlight<T, u32>,
        bytes: Option<usize>,
        progress: Option<Progress>,
        flags: Flags,
        plan: impl FnOnce(&InFlight<T, u32>) -> Result<(Operation, Addresses), TransferError>,
    ) -> Result<Prepared<'bound, T>, TransferError> {
        let memory = KBox::new_uninit(flags).map_err(|_| TransferError::NoMemory)?;
        let (mut operation, addresses) = plan(flight)?;
        let progress = match progress {
            Some(progress) => {
                if let Some(event) = self.engine.config().progress_event() {
                    operation = operation.reporting(progress.every, event, flags)?;
                }
                Some(KBox::new(progress, flags).map_err(|_| TransferError::NoMemory)?)
            }
            None => None,
        };

        let timeout_ms = bytes.map_or(FAULTY_TIMEOUT_MS, |bytes| {
            timeout_ms(bytes, operation.parts(), self.engine.clock_rate())
        });
        // SAFETY: The memory that the programs access must stay mapped until the request has ended:
        // the caller guarantees that they access `flight`, and `Descriptor` and `Transfer` own it
        // until then.
        let request = unsafe { Request::new(&self.engine, operation, Some(timeout_ms), flags)? };

        Ok((request, memory, addresses, progress))
    }
}

#[cfg(CONFIG_KUNIT = "y")]
mod tests;
