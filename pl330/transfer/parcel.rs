// SPDX-License-Identifier: GPL-2.0

//! Mappings of a transfer while the engine has them, and what they come back with.

use kernel::{
    prelude::*,
    time::Delta, //
};

use super::{
    super::engine::{
        Callback,
        RequestResult,
        TransferError, //
    },
    progressive::Progress,
    shape::Addresses, //
};
use crate::dma::{
    InFlight,
    Mapped,
    WrongDevice, //
};

/// Figures of a completed transfer.
#[derive(Clone, Copy)]
pub(crate) struct TransferStats {
    /// Bus address, for logs, of the first byte that was read, or written if none was read.
    pub(crate) source: u32,
    /// Bus address, for logs, of the first byte that was written.
    pub(crate) destination: u32,
    /// Number of programs, each of which raised one interrupt.
    pub(crate) programs: u32,
    /// Total length of the programs in bytes.
    pub(crate) program_len: usize,
    /// Time from the start of the first program to the interrupt of the last.
    pub(crate) duration: Delta,
}

/// Transfer that was completed.
pub(crate) struct Completed<M> {
    /// Mappings of the transfer: a [`Pair`](crate::dma::Pair), or the one that was set.
    pub(crate) mappings: M,
    /// Figures of the transfer.
    pub(crate) stats: TransferStats,
}

/// Transfer that was not completed.
///
/// Converts into its error with `?`, which unmaps and drops the mappings.
pub(crate) struct Failed<M> {
    /// Reason.
    pub(crate) error: TransferError,
    /// Mappings of the transfer. `None` for [`TransferError::Stuck`]: they are leaked, because the
    /// hardware may still use them.
    pub(crate) mappings: Option<M>,
}

impl<M> From<WrongDevice<M>> for Failed<M> {
    fn from(WrongDevice(mappings): WrongDevice<M>) -> Self {
        Self {
            error: TransferError::WrongDevice,
            mappings: Some(mappings),
        }
    }
}

impl<M> From<Failed<M>> for Error {
    fn from(failed: Failed<M>) -> Self {
        failed.error.into()
    }
}

/// Result of a transfer.
pub(crate) type TransferResult<M> = Result<Completed<M>, Failed<M>>;

/// Mappings that are in flight for one request.
///
/// # Invariants
///
/// - The programs of the request access only `flight`.
/// - With `progress`, `flight` is a pair, and the programs write each byte of the range in its
///   destination once, in ascending order, and no others.
pub(super) struct Parcel<T: Mapped> {
    /// If it is dropped, it is leaked, because the program has its addresses.
    pub(super) flight: InFlight<T, u32>,
    pub(super) addresses: Addresses,
    /// Progress that the programs report, if they do.
    pub(super) progress: Option<KBox<Progress>>,
}

impl<T: Mapped> Parcel<T> {
    /// Takes the mappings back, with the result of the request.
    ///
    /// # Safety
    ///
    /// `result` is that of the request to which the parcel belongs.
    pub(super) unsafe fn into_result(self, result: RequestResult) -> TransferResult<T> {
        let Self {
            flight, addresses, ..
        } = self;

        match result {
            Ok(stats) => Ok(Completed {
                // SAFETY: The device must not use the mapping any more: by the invariants of
                // `Request` none of its programs runs or will run. Their last accesses came before
                // the barrier in front of their events.
                mappings: unsafe { flight.complete() },
                stats: TransferStats {
                    source: addresses.source,
                    destination: addresses.destination,
                    programs: stats.programs,
                    program_len: stats.program_len,
                    duration: stats.duration,
                },
            }),
            // What is in flight is leaked when it is dropped.
            Err(error @ TransferError::Stuck) => Err(Failed {
                error,
                mappings: None,
            }),
            Err(error) => Err(Failed {
                error,
                // SAFETY: As above; a stopped channel has no accesses outstanding.
                mappings: Some(unsafe { flight.complete() }),
            }),
        }
    }
}

/// Callback that drops the mappings of a transfer without a waiting caller.
///
/// # Invariants
///
/// As of [`Parcel`], for the request for which the callback is set.
pub(super) struct Orphan<T: Mapped>(pub(super) Option<Parcel<T>>);

impl<T: Mapped> Orphan<T> {
    /// Returns the progress that the programs report, if they do.
    pub(super) fn progress(&self) -> Option<&Progress> {
        self.0.as_ref()?.progress.as_deref()
    }
}

impl<T: Mapped + Send> Callback for Orphan<T> {
    unsafe fn call(&mut self, result: RequestResult) {
        if let Some(parcel) = self.0.take() {
            // SAFETY: The result must be that of the parcel's request: the caller guarantees it, by
            // the type invariant.
            drop(unsafe { parcel.into_result(result) });
        }
    }
}

/// Callback of a caller, with the mappings.
///
/// # Invariants
///
/// As of [`Parcel`], for the request for which the callback is set.
pub(super) struct Call<T: Mapped, F> {
    parcel: Option<(KBox<Orphan<T>>, F)>,
}

impl<T: Mapped, F> Call<T, F> {
    /// Creates a callback that passes the mappings in `parcel` to `f`.
    pub(super) fn new(parcel: KBox<Orphan<T>>, f: F) -> Self {
        // INVARIANT: By that of `Orphan`.
        Self {
            parcel: Some((parcel, f)),
        }
    }
}

impl<T, F> Callback for Call<T, F>
where
    T: Mapped + Send,
    F: FnOnce(TransferResult<T>) + Send,
{
    unsafe fn call(&mut self, result: RequestResult) {
        let Some((mut orphan, f)) = self.parcel.take() else {
            return;
        };

        if let Some(parcel) = orphan.0.take() {
            // SAFETY: As in `Orphan`.
            f(unsafe { parcel.into_result(result) });
        }
    }
}
