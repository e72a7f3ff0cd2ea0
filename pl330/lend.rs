// SPDX-License-Identifier: GPL-2.0

//! What transfers use: mappings and mapped lists, which are lent to the hardware and come back.

use super::layout::Side;
use crate::{
    dma::{
        Direction,
        DmaDevice,
        InFlight,
        Mapping,
        Memory, //
    },
    sg::{
        ListInFlight,
        MappedList,
        Scattered, //
    }, //
};

/// One side of a transfer: a [`Mapping`] or a [`MappedList`].
///
/// # Safety
///
/// [`side`](Self::side) tells of memory that is lent, in direction [`Direction`](Self::Direction), for as
/// long as its argument is not completed.
pub(crate) unsafe trait Lend: Sized {
    /// What the hardware may do with it.
    type Direction: Direction;
    /// It, while it is lent.
    type Lent: Lent<Mappings = Self>;

    /// Whether it was made for `dev`.
    fn is_for(&self, dev: &DmaDevice) -> bool;

    /// Lends it.
    fn lend(self) -> Self::Lent;

    /// Where it is, for programs.
    fn side(lent: &Self::Lent) -> Side<'_>;
}

/// What is lent to the hardware for a transfer.
pub(crate) trait Lent {
    /// What it was before.
    type Mappings;

    /// Takes it back from the hardware.
    ///
    /// # Safety
    ///
    /// As [`InFlight::complete`].
    unsafe fn complete(self) -> Self::Mappings;
}

// SAFETY: By the invariants of `InFlight`.
unsafe impl<'dev, M: Memory, D: Direction> Lend for Mapping<'dev, M, D> {
    type Direction = D;
    type Lent = InFlight<'dev, M, D>;

    fn is_for(&self, dev: &DmaDevice) -> bool {
        self.is_for(dev)
    }

    fn lend(self) -> Self::Lent {
        self.submit()
    }

    fn side(lent: &Self::Lent) -> Side<'_> {
        Side::Single {
            address: lent.address(),
            len: lent.len(),
        }
    }
}

impl<'dev, M: Memory, D: Direction> Lent for InFlight<'dev, M, D> {
    type Mappings = Mapping<'dev, M, D>;

    unsafe fn complete(self) -> Self::Mappings {
        // SAFETY: By the caller's promise.
        unsafe { InFlight::complete(self) }
    }
}

// SAFETY: By the invariants of `ListInFlight`.
unsafe impl<'dev, M: Scattered, D: Direction> Lend for MappedList<'dev, M, D> {
    type Direction = D;
    type Lent = ListInFlight<'dev, M, D>;

    fn is_for(&self, dev: &DmaDevice) -> bool {
        self.is_for(dev)
    }

    fn lend(self) -> Self::Lent {
        self.submit()
    }

    fn side(lent: &Self::Lent) -> Side<'_> {
        Side::List {
            segments: lent.segments(),
            len: lent.len(),
        }
    }
}

impl<'dev, M: Scattered, D: Direction> Lent for ListInFlight<'dev, M, D> {
    type Mappings = MappedList<'dev, M, D>;

    unsafe fn complete(self) -> Self::Mappings {
        // SAFETY: By the caller's promise.
        unsafe { ListInFlight::complete(self) }
    }
}

/// The two sides of a copy.
pub(crate) struct Pair<S, D> {
    /// What is read.
    pub(crate) source: S,
    /// What is written.
    pub(crate) destination: D,
}

impl<S: Lent, D: Lent> Lent for Pair<S, D> {
    type Mappings = Pair<S::Mappings, D::Mappings>;

    unsafe fn complete(self) -> Self::Mappings {
        // SAFETY: By the caller's promise.
        unsafe {
            Pair {
                source: self.source.complete(),
                destination: self.destination.complete(),
            }
        }
    }
}

/// The two sides of a copy, `S` and `D`, while it is being done.
pub(crate) type LentPair<S, D> = Pair<<S as Lend>::Lent, <D as Lend>::Lent>;
