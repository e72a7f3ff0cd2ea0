// SPDX-License-Identifier: GPL-2.0

//! Two ways to cut the same bytes, one laid over the other: the entries that the CPU has, and the
//! segments that a device has of them.
//!
//! Uses `core` alone, so that it can be tested without a kernel.

use core::ops::Range;

/// Bytes that follow each other in one of the two.
pub(crate) trait Run: Copy {
    /// How many there are.
    fn len(&self) -> usize;

    /// Returns the bytes after the first `by` ones, which are not all.
    fn skip(self, by: usize) -> Self;
}

/// Bytes that follow each other in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part<A, B> {
    /// Where they begin in the one; this may go on.
    pub(crate) first: A,
    /// Where they begin in the other; this may go on.
    pub(crate) second: B,
    /// How many they are, at least 1.
    pub(crate) len: usize,
}

/// Steps through the bytes of a range, as far as both go.
pub(crate) struct Overlay<A: Iterator<Item: Run>, B: Iterator<Item: Run>> {
    first: Cursor<A>,
    second: Cursor<B>,
    left: usize,
}

impl<A, B> Overlay<A, B>
where
    A: Iterator<Item: Run>,
    B: Iterator<Item: Run>,
{
    /// The bytes of `range`, counted from the beginning of both.
    pub(crate) fn new(first: A, second: B, range: Range<usize>) -> Self {
        Self {
            first: Cursor::new(first, range.start),
            second: Cursor::new(second, range.start),
            left: range.len(),
        }
    }
}

impl<A, B> Iterator for Overlay<A, B>
where
    A: Iterator<Item: Run>,
    B: Iterator<Item: Run>,
{
    type Item = Part<A::Item, B::Item>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }

        let first = self.first.get()?;
        let second = self.second.get()?;
        let len = first.len().min(second.len()).min(self.left);

        self.left -= len;
        self.first.skip = len;
        self.second.skip = len;
        Some(Part { first, second, len })
    }
}

/// Runs, as far as they have been taken.
#[derive(Clone)]
struct Cursor<I: Iterator<Item: Run>> {
    rest: I,
    head: Option<I::Item>,
    /// So many bytes from here on are to be left out.
    skip: usize,
}

impl<I: Iterator<Item: Run>> Cursor<I> {
    fn new(runs: I, skip: usize) -> Self {
        Self {
            rest: runs,
            head: None,
            skip,
        }
    }

    /// Where the next byte is.
    fn get(&mut self) -> Option<I::Item> {
        loop {
            let head = match self.head.take() {
                Some(head) => head,
                None => self.rest.next()?,
            };

            if self.skip < head.len() {
                let head = head.skip(self.skip);

                self.skip = 0;
                self.head = Some(head);
                return Some(head);
            }
            self.skip -= head.len();
        }
    }
}

/// Steps over those of `runs` that end at byte `offset` or before, and says how many bytes they have.
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

/// Steps through the bytes of a range in one of the two.
#[derive(Clone)]
pub(crate) struct Within<I: Iterator<Item: Run>> {
    runs: Cursor<I>,
    left: usize,
}

impl<I: Iterator<Item: Run>> Within<I> {
    /// The bytes of `range`.
    pub(crate) fn new(runs: I, range: Range<usize>) -> Self {
        Self {
            runs: Cursor::new(runs, range.start),
            left: range.len(),
        }
    }
}

impl<I: Iterator<Item: Run>> Iterator for Within<I> {
    /// Where they begin, and how many they are.
    type Item = (I::Item, usize);

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }

        let run = self.runs.get()?;
        let len = run.len().min(self.left);

        self.left -= len;
        self.runs.skip = len;
        Some((run, len))
    }
}
