// SPDX-License-Identifier: GPL-2.0

//! Transfers: mappings go in, a program runs over them, and they come back.

use kernel::{
    prelude::*,
    time::{
        Delta,
        Instant,
        Monotonic, //
    }, //
};

use super::{
    controller::{
        Controller,
        EVENT,
        PROGRAM_LEN, //
    },
    error::TransferError,
    insn::Assembler,
    program::{
        self,
        Plan, //
    }, //
};
use crate::dma::{
    DeviceReads,
    DeviceWrites,
    Mapping,
    Memory, //
};

/// How long a program may take, in milliseconds: this much, and one more for so many bytes.
///
/// The board moves a thousand times as much, but a busy host that emulates it may not. The timeout
/// is there to come back at all.
const TIMEOUT_MS: u32 = 5000;
const BYTES_PER_MS: usize = 512;

/// Which bytes to copy.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    /// From this offset in the source, in bytes.
    pub(crate) from: usize,
    /// To this offset in the destination, in bytes.
    pub(crate) to: usize,
    /// So many bytes.
    pub(crate) len: usize,
}

/// What there is to say of a transfer that was done.
#[derive(Clone, Copy)]
pub(crate) struct Receipt {
    /// The bus address of the first byte read.
    pub(crate) source: u32,
    /// The bus address of the first byte written.
    pub(crate) destination: u32,
    /// The length of the program in bytes.
    pub(crate) program_len: usize,
    /// From before the program was put into its memory until the channel had stopped.
    pub(crate) duration: Delta,
}

/// A copy that was done, with the mappings.
pub(crate) struct CopyDone<S, D> {
    /// What was read.
    pub(crate) source: S,
    /// What was written.
    pub(crate) destination: D,
    /// How it went.
    pub(crate) receipt: Receipt,
}

/// A copy that was not done, or not wholly, with the mappings.
///
/// Turns into its error with `?`, which unmaps and drops what was mapped.
pub(crate) struct CopyError<S, D> {
    /// Why.
    pub(crate) error: TransferError,
    /// Source and destination. `None` if the channel could not be stopped
    /// ([`TransferError::Stuck`]): the hardware may still use them, so they are lost.
    pub(crate) mappings: Option<(S, D)>,
}

impl<S, D> From<CopyError<S, D>> for Error {
    fn from(failed: CopyError<S, D>) -> Self {
        failed.error.into()
    }
}

/// What a copy comes to.
pub(crate) type CopyResult<S, D> = Result<CopyDone<S, D>, CopyError<S, D>>;

impl<'bound> Controller<'bound> {
    /// Copies `span` from `source` to `destination`, and gives both back. Sleeps: until others'
    /// transfers have had their turn, then for at most 7 s and 2 s for each MiB.
    ///
    /// # Errors
    ///
    /// Any [`TransferError`]. Bytes outside the span are untouched in any case; those inside are
    /// undefined after a fault or a timeout.
    ///
    /// # Examples
    ///
    /// ```ignore
    /// let CopyDone { destination, .. } = controller.copy(source, destination, span)?;
    /// ```
    pub(crate) fn copy<S, SD, D, DD>(
        &self,
        source: Mapping<'bound, S, SD>,
        destination: Mapping<'bound, D, DD>,
        span: Span,
    ) -> CopyResult<Mapping<'bound, S, SD>, Mapping<'bound, D, DD>>
    where
        S: Memory,
        SD: DeviceReads,
        D: Memory,
        DD: DeviceWrites,
    {
        // A span that does not fit into 32 bits is refused before it is used.
        let timeout_ms = TIMEOUT_MS.saturating_add((span.len / BYTES_PER_MS) as u32);

        // SAFETY: The program of a plan for `copy` loads from the source and stores to the destination,
        // at most `copy.len` bytes of each.
        unsafe {
            self.transfer(source, destination, span, timeout_ms, |asm, copy| {
                let mut plan = Plan::new(copy)?;

                plan.write(asm, self.config.bus(), EVENT)?;
                // There is one program for a transfer.
                match plan.is_written() {
                    true => Ok(()),
                    false => Err(TransferError::TooLong),
                }
            })
        }
    }

    /// Runs the program that `write` writes over `span`. All that is said of [`copy`](Self::copy)
    /// holds.
    ///
    /// # Safety
    ///
    /// The program that `write` writes only reads from the source and only writes to the destination
    /// of the [`program::Copy`] that it is given.
    pub(super) unsafe fn transfer<S, SD, D, DD>(
        &self,
        source: Mapping<'bound, S, SD>,
        destination: Mapping<'bound, D, DD>,
        span: Span,
        timeout_ms: u32,
        write: impl FnOnce(&mut Assembler<'_>, program::Copy) -> Result<(), TransferError>,
    ) -> CopyResult<Mapping<'bound, S, SD>, Mapping<'bound, D, DD>>
    where
        S: Memory,
        SD: DeviceReads,
        D: Memory,
        DD: DeviceWrites,
    {
        let refused = if !source.is_for(self.dma) || !destination.is_for(self.dma) {
            Some(TransferError::WrongDevice)
        } else if !span.is_within(source.len(), destination.len()) {
            Some(TransferError::OutOfRange)
        } else {
            None
        };

        if let Some(error) = refused {
            return Err(CopyError {
                error,
                mappings: Some((source, destination)),
            });
        }

        let source = source.submit();
        let destination = destination.submit();
        let outcome = span
            .on_the_bus(
                source.address().to_bus32(span.from),
                destination.address().to_bus32(span.to),
            )
            // SAFETY: Both are in flight from here until after the call, and stay so after `Stuck`.
            .and_then(|copy| unsafe { self.write_and_run(copy, timeout_ms, write) });

        if let Err(error @ TransferError::Stuck) = outcome {
            // Dropping what is in flight leaks it.
            return Err(CopyError {
                error,
                mappings: None,
            });
        }

        // SAFETY: By the contract of `run`, after any outcome but `Stuck` the channel is stopped,
        // or was not started, and the debug port holds no order to start it. It runs no program
        // again before that has been rewritten. A stopped channel has no accesses outstanding.
        let (source, destination) = unsafe { (source.complete(), destination.complete()) };

        match outcome {
            Ok(receipt) => Ok(CopyDone {
                source,
                destination,
                receipt,
            }),
            Err(error) => Err(CopyError {
                error,
                mappings: Some((source, destination)),
            }),
        }
    }

    /// # Safety
    ///
    /// As [`transfer`](Self::transfer), and what `copy` names is lent to the hardware, see
    /// [`run`](Self::run).
    unsafe fn write_and_run(
        &self,
        copy: program::Copy,
        timeout_ms: u32,
        write: impl FnOnce(&mut Assembler<'_>, program::Copy) -> Result<(), TransferError>,
    ) -> Result<Receipt, TransferError> {
        let mut code = [0; PROGRAM_LEN];
        let mut asm = Assembler::new(&mut code);

        write(&mut asm, copy)?;

        let program_len = asm.len();
        let mut program = self.program.lock();
        let start = Instant::<Monotonic>::now();

        // SAFETY: By the caller's promise.
        unsafe { self.run(&mut program, &code, timeout_ms)? };
        Ok(Receipt {
            source: copy.source,
            destination: copy.destination,
            program_len,
            duration: start.elapsed(),
        })
    }
}

impl Span {
    /// Whether the span is inside buffers of these lengths, and not empty.
    fn is_within(&self, source_len: usize, destination_len: usize) -> bool {
        let ends_within =
            |start: usize, len: usize| start.checked_add(self.len).is_some_and(|end| end <= len);

        self.len != 0 && ends_within(self.from, source_len) && ends_within(self.to, destination_len)
    }

    /// The span in bus addresses, where all of it has 32-bit ones.
    fn on_the_bus(
        &self,
        source: Result<u32>,
        destination: Result<u32>,
    ) -> Result<program::Copy, TransferError> {
        let (Ok(source), Ok(destination), Ok(len)) = (source, destination, u32::try_from(self.len))
        else {
            return Err(TransferError::Unreachable);
        };

        if source.checked_add(len - 1).is_none() || destination.checked_add(len - 1).is_none() {
            return Err(TransferError::Unreachable);
        }
        Ok(program::Copy {
            source,
            destination,
            len,
        })
    }
}
