// SPDX-License-Identifier: GPL-2.0

//! Runs of contiguous bytes: the entries of a table, the segments of a mapped one, and ranges of
//! them.
//!
//! Uses `core` alone, so that it can be tested without a kernel.

use core::ops::Range;

/// Contiguous bytes: an entry or a segment, or the rest of one.
pub(crate) trait Run: Copy {
    /// Returns the number of bytes.
    fn len(&self) -> usize;

    /// Returns the bytes from `by` on, which is less than [`len`](Self::len).
    fn skip(self, by: usize) -> Self;
}

/// Calls `act` for each part of `range` that is contiguous in `entries` and in `segments`.
///
/// `range` counts from the first byte of both; bytes after the end of the shorter one are ignored.
/// `act` gets the entry and the segment, both from the first byte of the part on, and the number of
/// bytes in the part, which is not 0.
#[inline(always)]
pub(crate) fn for_each_contiguous<A: Run, B: Run>(
    mut entries: impl Iterator<Item = A>,
    mut segments: impl Iterator<Item = B>,
    range: Range<usize>,
    mut act: impl FnMut(A, B, usize),
) {
    let mut left = range.len();

    if left == 0 {
        return;
    }

    let mut entry = run_at(&mut entries, range.start);
    let mut segment = run_at(&mut segments, range.start);

    while let (Some(in_entry), Some(in_segment)) = (entry, segment) {
        let len = in_entry.len().min(in_segment.len()).min(left);

        act(in_entry, in_segment, len);
        left -= len;
        if left == 0 {
            return;
        }
        entry = run_after(in_entry, len, &mut entries);
        segment = run_after(in_segment, len, &mut segments);
    }
}

/// Returns the run with the byte at `offset`, from that byte on. `runs` continues with the next
/// run.
#[inline(always)]
fn run_at<R: Run>(runs: &mut impl Iterator<Item = R>, mut offset: usize) -> Option<R> {
    loop {
        let run = runs.next()?;

        if offset < run.len() {
            return Some(run.skip(offset));
        }
        offset -= run.len();
    }
}

/// Returns the rest of `run` after `by` bytes, or the next of `runs` if there is no rest. `by` is
/// at most the length of `run`.
#[inline(always)]
fn run_after<R: Run>(run: R, by: usize, runs: &mut impl Iterator<Item = R>) -> Option<R> {
    if by < run.len() {
        Some(run.skip(by))
    } else {
        run_at(runs, 0)
    }
}

/// Advances `runs` past those that end at byte `offset` or before. Returns the number of their
/// bytes.
pub(crate) fn skip_before<I: Iterator<Item: Run> + Clone>(runs: &mut I, offset: usize) -> usize {
    let mut skipped = 0;

    loop {
        let mut rest = runs.clone();

        match rest.next() {
            Some(run) if run.len() <= offset - skipped => {
                skipped += run.len();
                *runs = rest;
            }
            _ => return skipped,
        }
    }
}

/// Iterator over the runs of a range: each from its first byte in the range on, with the number of
/// its bytes in the range.
#[derive(Clone)]
pub(crate) struct Window<I: Iterator<Item: Run>> {
    runs: I,
    /// Offset of the range in `runs`; 0 after the first run.
    start: usize,
    left: usize,
}

impl<I: Iterator<Item: Run>> Window<I> {
    /// Returns an iterator over the bytes of `range`, which counts from the first byte of `runs`.
    /// Bytes after the end of `runs` are ignored.
    pub(crate) fn new(runs: I, range: Range<usize>) -> Self {
        Self {
            runs,
            start: range.start,
            left: range.len(),
        }
    }
}

impl<I: Iterator<Item: Run>> Iterator for Window<I> {
    type Item = (I::Item, usize);

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }

        // A run that ends in the range is used to its end.
        let run = run_at(&mut self.runs, self.start)?;
        let len = run.len().min(self.left);

        self.start = 0;
        self.left -= len;
        Some((run, len))
    }
}
