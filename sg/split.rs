// SPDX-License-Identifier: GPL-2.0

//! From pieces of memory to entries of a table: pieces that follow each other are joined, and those
//! that a device cannot do in one are cut.
//!
//! Uses `core` alone, so that it can be tested without a kernel.

/// Bytes that follow each other in physical memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The physical address of the first of them.
    pub(crate) start: u64,
    /// How many.
    pub(crate) len: usize,
}

impl Extent {
    fn end(self) -> u64 {
        // CAST: `usize` has at most 64 bits.
        self.start.wrapping_add(self.len as u64)
    }
}

/// What an entry may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryLimits {
    /// The longest, in bytes.
    max_len: usize,
    /// None crosses a multiple of this and 1, which is a power of two.
    boundary_mask: u64,
    /// What would be longer than the longest ends at a multiple of this.
    unit: usize,
}

impl EntryLimits {
    /// Entries of at most `max_len` bytes, none across a multiple of `boundary_mask` and 1, and as few of
    /// them as can be, but that what is too long is cut at addresses that are multiples of the largest of
    /// `units` that is not more than `max_len`: at pages, or else at cache lines, so that two entries have
    /// no cache line in common that one piece did not have with another.
    ///
    /// `max_len` is at least 1; `units` are powers of two, and descend.
    pub(crate) fn new(max_len: usize, boundary_mask: u64, units: [usize; 2]) -> Self {
        Self {
            max_len,
            boundary_mask,
            unit: units.into_iter().find(|&unit| unit <= max_len).unwrap_or(1),
        }
    }

    /// How many of the bytes of `extent` can be in an entry that begins where it does.
    fn fitting(&self, extent: Extent) -> usize {
        // How far it is to the last byte before the boundary; one less than the distance, because that
        // has no room in 64 bits where there are no boundaries.
        let before_boundary = self.boundary_mask - (extent.start & self.boundary_mask);
        let len = match usize::try_from(before_boundary) {
            Ok(before) if before < extent.len => before + 1,
            _ => extent.len,
        };

        if len <= self.max_len {
            return len;
        }

        // CAST: `usize` has at most 64 bits.
        let end = extent.start.wrapping_add(self.max_len as u64);
        // CAST: Less than the unit. That is not more than `max_len`, so something is left of that.
        self.max_len - (end % self.unit as u64) as usize
    }
}

/// Turns pieces into entries.
///
/// # Examples
///
/// ```ignore
/// let mut entries = EntryBuilder::new(EntryLimits::new(64 << 10, u64::MAX, [4096, 64]));
///
/// for piece in pieces {
///     entries.push(piece, &mut |entry| add(entry));
/// }
/// entries.finish(&mut |entry| add(entry));
/// ```
pub(crate) struct EntryBuilder {
    rules: EntryLimits,
    /// What may go on with the next piece.
    pending: Option<Extent>,
}

impl EntryBuilder {
    /// Entries as `rules` want them.
    pub(crate) fn new(rules: EntryLimits) -> Self {
        Self {
            rules,
            pending: None,
        }
    }

    /// Goes on with `piece`. Calls `emit` with entries that are complete.
    pub(crate) fn push(&mut self, piece: Extent, emit: &mut impl FnMut(Extent)) {
        if piece.len == 0 {
            return;
        }

        let mut rest = match self.pending.take() {
            Some(pending) if pending.end() == piece.start => {
                match pending.len.checked_add(piece.len) {
                    Some(len) => Extent {
                        start: pending.start,
                        len,
                    },
                    None => {
                        emit(pending);
                        piece
                    }
                }
            }
            Some(pending) => {
                emit(pending);
                piece
            }
            None => piece,
        };

        // What is pending fits, always.
        loop {
            let len = self.rules.fitting(rest);

            if len == rest.len {
                break;
            }
            emit(Extent { len, ..rest });
            rest = Extent {
                // CAST: `usize` has at most 64 bits.
                start: rest.start.wrapping_add(len as u64),
                len: rest.len - len,
            };
        }
        self.pending = Some(rest);
    }

    /// What comes next is not joined with what was there so far. Calls `emit` with the last entry of that.
    pub(crate) fn flush(&mut self, emit: &mut impl FnMut(Extent)) {
        if let Some(pending) = self.pending.take() {
            emit(pending);
        }
    }

    /// There are no more pieces. Calls `emit` with the last entry.
    pub(crate) fn finish(mut self, emit: &mut impl FnMut(Extent)) {
        self.flush(emit);
    }
}
