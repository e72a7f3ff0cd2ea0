// SPDX-License-Identifier: GPL-2.0

//! What a driver asks the controller for: copies and fills.

use kernel::{
    alloc::Flags,
    prelude::*, //
};

use super::{
    controller::Controller,
    error::TransferError,
    layout::{
        contiguous,
        Addresses,
        Layout,
        Span, //
    },
    program::{
        Memset,
        Pattern,
        ProgramWriter, //
    },
    request::Request,
    transfer::{
        Failed,
        PrepareResult,
        Prepared,
        TransferResult, //
    },
    work::{
        InjectedFault,
        Work, //
    },
};
use crate::dma::{
    DeviceReads,
    DeviceWrites,
    InFlight,
    InFlightRef,
    MappedMemory,
    Mapping,
    Memory,
    Pair, //
};

/// How long a program may take, in milliseconds: this much, and one more for so many bytes.
///
/// The board moves a thousand times as much, but a busy host that emulates it may not. The timeout
/// is there to come back at all.
const TIMEOUT_MS: u32 = 5000;
const BYTES_PER_MS: usize = 512;

/// How long one that is known to fail may take, in milliseconds.
const FLAW_TIMEOUT_MS: u32 = 1000;

fn timeout_ms(bytes: usize) -> u32 {
    u32::try_from(bytes / BYTES_PER_MS).map_or(u32::MAX, |ms| ms.saturating_add(TIMEOUT_MS))
}

impl<'bound> Controller<'bound> {
    /// Copies bytes of `source` to `destination`, those that `layout` names, and gives both back. Each may
    /// be a [`Mapping`] or a [`MappedSgTable`](crate::sg::MappedSgTable), cut in whatever way.
    /// Sleeps: until there is a channel, then for each program at most 5 s, and 2 s for each MiB.
    ///
    /// # Errors
    ///
    /// Any [`TransferError`]. Other bytes are untouched in any case; those of the layout are undefined
    /// after a fault or a timeout.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn copy<S, D>(
    /// #     controller: &Controller<'_>,
    /// #     (source, destination): (S, D),
    /// #     span: Span,
    /// # ) -> Result
    /// # where
    /// #     S: MappedMemory<Direction: DeviceReads>,
    /// #     D: MappedMemory<Direction: DeviceWrites>,
    /// # {
    /// let Pair { source, destination } = controller.copy(source, destination, span)?.mappings;
    /// # Ok(())
    /// # }
    /// ```
    pub(crate) fn copy<S, D>(
        &self,
        source: S,
        destination: D,
        layout: impl Layout,
    ) -> TransferResult<Pair<S, D>>
    where
        S: MappedMemory<Direction: DeviceReads>,
        D: MappedMemory<Direction: DeviceWrites>,
    {
        self.prepare(source, destination, layout, GFP_KERNEL)?
            .submit()
            .wait()
    }

    /// Prepares a copy, so that it can be asked for in a context that may not sleep. Allocates with
    /// `flags`.
    ///
    /// # Errors
    ///
    /// Those that [`Layout`] tells of, [`WrongDevice`](TransferError::WrongDevice) and
    /// [`NoMemory`](TransferError::NoMemory).
    pub(crate) fn prepare<S, D>(
        &self,
        source: S,
        destination: D,
        layout: impl Layout,
        flags: Flags,
    ) -> PrepareResult<'_, 'bound, Pair<S, D>>
    where
        S: MappedMemory<Direction: DeviceReads>,
        D: MappedMemory<Direction: DeviceWrites>,
    {
        let timeout_ms = timeout_ms(layout.bytes());

        // SAFETY: By the contract of `Layout`.
        unsafe {
            self.prepare_pair(source, destination, timeout_ms, flags, |from, to| {
                layout.work(from, to, flags)
            })
        }
    }

    /// Fills `len` bytes of `destination` from `offset` on with `pattern`, again and again, and gives
    /// it back. Sleeps, as [`copy`](Self::copy) does.
    ///
    /// # Errors
    ///
    /// As [`copy`](Self::copy).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn clear<'bound>(
    /// #     controller: &Controller<'bound>,
    /// #     screen: Mapping<'bound, Buffer, FromDevice>,
    /// # ) -> Result {
    /// let screen = controller.fill(screen, 0, 4096, Pattern::ZERO)?.mappings;
    /// # Ok(())
    /// # }
    /// ```
    pub(crate) fn fill<D, DD>(
        &self,
        destination: Mapping<'bound, D, DD>,
        offset: usize,
        len: usize,
        pattern: Pattern,
    ) -> TransferResult<Mapping<'bound, D, DD>>
    where
        D: Memory,
        DD: DeviceWrites,
    {
        self.prepare_fill(destination, offset, len, pattern, GFP_KERNEL)?
            .submit()
            .wait()
    }

    /// Prepares a fill. Allocates with `flags`.
    ///
    /// # Errors
    ///
    /// As [`prepare`](Self::prepare).
    pub(crate) fn prepare_fill<D, DD>(
        &self,
        destination: Mapping<'bound, D, DD>,
        offset: usize,
        len: usize,
        pattern: Pattern,
        flags: Flags,
    ) -> PrepareResult<'_, 'bound, Mapping<'bound, D, DD>>
    where
        D: Memory,
        DD: DeviceWrites,
    {
        let lent = self.bus.submit(destination)?;
        let prepared = contiguous(lent.as_ref(), offset, len).and_then(|segment| {
            let segment = segment.ok_or(TransferError::Unreachable)?;
            let work = Work::Memset(ProgramWriter::new(Memset::new(
                segment.address,
                segment.len,
                pattern,
            ))?);
            // SAFETY: The programs read nothing but themselves, and write what is lent.
            let request = unsafe { Request::new(self, work, timeout_ms(len), flags)? };

            Ok((request, segment.address))
        });

        match prepared {
            // SAFETY: As above.
            Ok((request, address)) => Ok(unsafe {
                Prepared::new(
                    self,
                    request,
                    lent,
                    Addresses {
                        source: address,
                        destination: address,
                    },
                )
            }),
            Err(error) => Err(Failed {
                error,
                // SAFETY: The hardware was not told of it.
                mappings: Some(unsafe { lent.complete() }),
            }),
        }
    }

    /// Starts a copy as [`copy`](Self::copy) does, with a program that has a `flaw` and moves nothing:
    /// to see what becomes of a transfer that fails.
    ///
    /// # Errors
    ///
    /// [`TransferError::Fault`] or [`TransferError::Timeout`], unless something else is wrong.
    pub(crate) fn copy_with_flaw<S, D>(
        &self,
        source: S,
        destination: D,
        span: Span,
        flaw: InjectedFault,
    ) -> TransferResult<Pair<S, D>>
    where
        S: MappedMemory<Direction: DeviceReads>,
        D: MappedMemory<Direction: DeviceWrites>,
    {
        // SAFETY: The program loads and stores nothing.
        unsafe {
            self.prepare_pair(
                source,
                destination,
                FLAW_TIMEOUT_MS,
                GFP_KERNEL,
                |from, to| span.flawed(from, to, flaw),
            )?
        }
        .submit()
        .wait()
    }

    /// # Safety
    ///
    /// The programs of the work that `work` returns only read from the first and only write to the
    /// second of the sides that it is given.
    unsafe fn prepare_pair<S, D>(
        &self,
        source: S,
        destination: D,
        timeout_ms: u32,
        flags: Flags,
        work: impl FnOnce(
            InFlightRef<'_, S, u32>,
            InFlightRef<'_, D, u32>,
        ) -> Result<(Work, Addresses), TransferError>,
    ) -> PrepareResult<'_, 'bound, Pair<S, D>>
    where
        S: MappedMemory<Direction: DeviceReads>,
        D: MappedMemory<Direction: DeviceWrites>,
    {
        let lent: InFlight<_, u32> = self.bus.submit(Pair {
            source,
            destination,
        })?;
        let sides = lent.each_ref();
        let prepared = work(sides.source, sides.destination).and_then(|(work, addresses)| {
            // SAFETY: By the caller's promise the programs use what is lent. It stays so until the
            // request has ended, see `Prepared` and `Transfer`.
            let request = unsafe { Request::new(self, work, timeout_ms, flags)? };

            Ok((request, addresses))
        });

        match prepared {
            Ok((request, addresses)) => {
                // SAFETY: By the caller's promise.
                Ok(unsafe { Prepared::new(self, request, lent, addresses) })
            }
            Err(error) => Err(Failed {
                error,
                // SAFETY: The hardware was not told of them.
                mappings: Some(unsafe { lent.complete() }),
            }),
        }
    }
}

#[cfg(CONFIG_KUNIT = "y")]
mod tests;
