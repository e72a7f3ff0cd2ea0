// SPDX-License-Identifier: GPL-2.0

//! Entries of a table from pieces of memory: contiguous pieces are joined, and pieces that exceed
//! the limits of an entry are cut.
//!
//! Uses `core` alone, so that it can be tested without a kernel.

/// Contiguous bytes of physical memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Physical address of the first byte.
    pub(crate) start: u64,
    /// Number of bytes.
    pub(crate) len: usize,
}

impl Extent {
    fn end(self) -> u64 {
        // CAST: `usize` has at most 64 bits.
        self.start.wrapping_add(self.len as u64)
    }
}

/// Limits of an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryLimits {
    /// Maximum number of bytes.
    max_len: usize,
    /// No entry crosses a multiple of `boundary_mask + 1`, which is a power of two.
    boundary_mask: u64,
    /// Alignment, in bytes, of the end of an entry that is cut because of its length.
    unit: usize,
}

impl EntryLimits {
    /// Returns limits: at most `max_len` bytes, and no multiple of `boundary_mask + 1` is crossed.
    ///
    /// A longer entry is cut at a multiple of the largest of `units` that is at most `max_len`: at
    /// the end of a page, or of a cache line, so that two entries share no line that two pieces did
    /// not share.
    ///
    /// `max_len` is at least 1; `units` are powers of two, in descending order.
    pub(crate) fn new(max_len: usize, boundary_mask: u64, units: [usize; 2]) -> Self {
        Self {
            max_len,
            boundary_mask,
            unit: units.into_iter().find(|&unit| unit <= max_len).unwrap_or(1),
        }
    }

    /// Returns true if `extent`, which is not empty, can be one entry.
    #[inline(always)]
    fn fits(&self, extent: Extent) -> bool {
        let last = extent.len.wrapping_sub(1);

        // CAST: `usize` has at most 64 bits.
        last < self.max_len && last as u64 <= self.before_boundary(extent)
    }

    /// Returns the number of bytes of `extent`, from its first byte on, that fit into one entry.
    fn fitting(&self, extent: Extent) -> usize {
        let len = match usize::try_from(self.before_boundary(extent)) {
            Ok(before) if before < extent.len => before + 1,
            _ => extent.len,
        };

        if len <= self.max_len {
            return len;
        }

        // CAST: `usize` has at most 64 bits.
        let end = extent.start.wrapping_add(self.max_len as u64);
        // CAST: Less than the unit, which is at most `max_len`, so the result is not 0.
        self.max_len - (end % self.unit as u64) as usize
    }

    /// Returns the distance from the first byte of `extent` to the last byte before the next
    /// boundary.
    ///
    /// The distance to the boundary is one more, which does not fit into 64 bits if there are no
    /// boundaries.
    #[inline(always)]
    fn before_boundary(&self, extent: Extent) -> u64 {
        self.boundary_mask & !extent.start
    }
}

/// Destination of entries.
pub(crate) trait Sink: Copy {
    /// Begin of a piece, for sinks that need more than its physical address.
    type Origin: Copy;

    /// Begins an entry at the physical address `start`. If a piece begins there, `origin` is that
    /// of the piece.
    fn begin(&mut self, start: u64, origin: Option<Self::Origin>);

    /// Ends the entry after `len` bytes, at least 1.
    fn end(&mut self, len: usize);
}

/// Makes entries of pieces, and puts them into a [`Sink`].
///
/// # Examples
///
/// ```
/// # fn split<S: Sink>(pieces: &[(Extent, S::Origin)], sink: S) -> S {
/// let mut builder = EntryBuilder::new(EntryLimits::new(64 << 10, u64::MAX, [4096, 64]), sink);
///
/// for &(piece, origin) in pieces {
///     builder.push(piece, origin);
/// }
/// let (_, sink) = builder.finish();
/// # sink
/// # }
/// ```
#[derive(Clone, Copy)]
pub(crate) struct EntryBuilder<S: Sink> {
    limits: EntryLimits,
    /// Entry that has begun and may continue with the next piece; empty if there is none. It is
    /// within the limits.
    pending: Extent,
    entries: S,
}

impl<S: Sink> EntryBuilder<S> {
    /// Makes entries within `limits`.
    pub(crate) fn new(limits: EntryLimits, entries: S) -> Self {
        Self {
            limits,
            pending: Extent { start: 0, len: 0 },
            entries,
        }
    }

    /// Adds `piece`, which begins at `origin`.
    #[inline(always)]
    pub(crate) fn push(&mut self, piece: Extent, origin: S::Origin) {
        let is_joined = self.continues_with(piece);
        let entry = if is_joined {
            Extent {
                start: self.pending.start,
                len: self.pending.len.wrapping_add(piece.len),
            }
        } else {
            piece
        };

        // A smaller sum has overflowed.
        if entry.len < piece.len || !self.limits.fits(entry) {
            return self.push_and_cut(piece, origin);
        }
        if !is_joined {
            self.flush();
            self.entries.begin(piece.start, Some(origin));
        }
        self.pending = entry;
    }

    /// Adds `piece`, which may be empty, or may have to be cut.
    #[cold]
    #[inline(never)]
    fn push_and_cut(&mut self, piece: Extent, origin: S::Origin) {
        if piece.len == 0 {
            return;
        }

        let mut rest = piece;

        match self.pending.len.checked_add(piece.len) {
            Some(len) if self.continues_with(piece) => {
                rest = Extent {
                    start: self.pending.start,
                    len,
                };
            }
            _ => {
                self.flush();
                self.entries.begin(piece.start, Some(origin));
            }
        }
        loop {
            let len = self.limits.fitting(rest);

            if len == rest.len {
                break;
            }
            self.entries.end(len);
            rest = Extent {
                // CAST: `usize` has at most 64 bits.
                start: rest.start.wrapping_add(len as u64),
                len: rest.len - len,
            };
            self.entries.begin(rest.start, None);
        }
        self.pending = rest;
    }

    fn continues_with(&self, piece: Extent) -> bool {
        self.pending.len != 0 && self.pending.end() == piece.start
    }

    /// Ends the last entry: the next piece is not joined with it.
    #[inline(always)]
    pub(crate) fn flush(&mut self) {
        if self.pending.len != 0 {
            self.entries.end(self.pending.len);
            self.pending.len = 0;
        }
    }

    /// Ends the last entry. Returns the limits and the sink.
    #[inline(always)]
    pub(crate) fn finish(mut self) -> (EntryLimits, S) {
        self.flush();
        (self.limits, self.entries)
    }
}
