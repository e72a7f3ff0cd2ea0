// SPDX-License-Identifier: GPL-2.0

//! Copies of scattered memory, with every byte looked at:
//!
//! ```sh
//! echo 255 1 > scatter        # pieces of 255 pages, of random lengths at random offsets; seed 1
//! ```
//!
//! Such pieces are copied to other pieces, from those to one buffer, and from that to pieces again;
//! then as many whole pages to as many others. The kernel log gets a line for each of these copies:
//!
//! ```text
//! scatter: 522240 bytes from 255 entries in 255 segments to 263 entries in 263 segments, 2 programs
//! ```

use core::ops::Range;

use kernel::{
    fmt,
    prelude::*, //
};

use super::{
    numbers,
    random::Random, //
};
use crate::{
    dma::{
        Bidirectional,
        Buffer,
        DmaDevice,
        Mapping,
        PageBuffer,
        Pair, //
    },
    pl330::{
        Controller,
        CopyRange,
        TransferStats, //
    },
    sg::{
        MappedSgTable,
        SgTable, //
    }, //
};

/// The most pages.
const MAX_PAGES: usize = 8192;

/// What is in memory where nothing was copied to.
const BACKGROUND: u8 = 0xa5;

/// Pages that are mapped.
type Pages<'bound> = MappedSgTable<'bound, KVec<PageBuffer>, Bidirectional>;

/// Does the copies that `word`, a number of pages and a seed, asks for.
///
/// # Errors
///
/// `EIO` if a byte is not what it should be, with a line in the kernel log; `EINVAL` for no pages
/// or too many; those of mappings and transfers.
pub(super) fn run<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    word: &str,
) -> Result {
    let [count, seed] = numbers(word)?;

    if count == 0 || count > MAX_PAGES {
        return Err(EINVAL);
    }

    // CAST: `usize` has 64 bits at most.
    let mut random = Random::new(seed as u64);
    // All of them fit into one buffer.
    let most = PageBuffer::LEN.min(Buffer::MAX_LEN / count);
    let mut source = Pieces::random(&mut random, most, |pieces| pieces.ranges.len() < count)?;
    let len = source.len;
    let mut other = || Pieces::random(&mut random, most, |pieces| pieces.len < len);
    let (first, last) = (other()?, other()?);
    let copier = Copier {
        dev,
        controller,
        len,
    };

    source.fill();

    let source = copier.copy(copier.map(source.pages)?, first)?;
    let buffer = copier.gather(source)?;

    copier.scatter(buffer, last)?;

    let mut source = Pieces::pages(count)?;
    let copier = Copier {
        len: source.len,
        ..copier
    };

    source.fill();
    drop(copier.copy(copier.map(source.pages)?, Pieces::pages(count)?)?);
    Ok(())
}

/// What byte `index` of the copied ones is.
fn byte(index: usize) -> u8 {
    // CAST: The highest of 64 bits, in which all of `index` take part.
    ((index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8
}

/// Pages, and which bytes of them are used.
struct Pieces {
    pages: KVec<PageBuffer>,
    ranges: KVec<Range<usize>>,
    /// How many bytes that is.
    len: usize,
}

impl Pieces {
    const fn new() -> Self {
        Self {
            pages: KVec::new(),
            ranges: KVec::new(),
            len: 0,
        }
    }

    /// Whole pages.
    fn pages(count: usize) -> Result<Self> {
        let mut pieces = Self::new();

        for _ in 0..count {
            pieces.push(0..PageBuffer::LEN)?;
        }
        Ok(pieces)
    }

    /// Random parts of pages, at most `most` bytes of each, for as long as `goes_on` says so.
    fn random(random: &mut Random, most: usize, goes_on: impl Fn(&Self) -> bool) -> Result<Self> {
        let mut pieces = Self::new();

        while goes_on(&pieces) {
            let len = 1 + random.below(most);
            let start = random.below(PageBuffer::LEN - len + 1);

            pieces.push(start..start + len)?;
        }
        Ok(pieces)
    }

    fn push(&mut self, range: Range<usize>) -> Result {
        let mut page = PageBuffer::zeroed()?;

        page.fill(BACKGROUND);
        page.set_range(range.clone())?;
        self.len += range.len();
        self.pages.push(page, GFP_KERNEL)?;
        self.ranges.push(range, GFP_KERNEL)?;
        Ok(())
    }

    /// Writes the bytes that are to be copied.
    fn fill(&mut self) {
        let bytes = self.pages.iter_mut().flat_map(|page| page.iter_mut());

        for (index, place) in bytes.enumerate() {
            *place = byte(index);
        }
    }

    /// Returns true if the first `len` bytes are those that were copied, and the others are
    /// unchanged.
    fn has(mut self, len: usize) -> bool {
        let mut index = 0;

        for (page, range) in self.pages.iter_mut().zip(self.ranges) {
            if page.set_range(0..PageBuffer::LEN).is_err() {
                return false;
            }
            for (offset, &found) in page.iter().enumerate() {
                let expected = match range.contains(&offset) {
                    true => {
                        index += 1;
                        expected(index - 1, len)
                    }
                    false => BACKGROUND,
                };

                if found != expected {
                    return false;
                }
            }
        }
        index == self.len
    }
}

/// What byte `index` of a destination is to which `len` bytes were copied.
fn expected(index: usize, len: usize) -> u8 {
    match index < len {
        true => byte(index),
        false => BACKGROUND,
    }
}

/// Copies of `len` bytes, as the device has them.
struct Copier<'a, 'bound> {
    dev: &'bound DmaDevice,
    controller: &'a Controller<'bound>,
    len: usize,
}

impl<'bound> Copier<'_, 'bound> {
    fn map(&self, pages: KVec<PageBuffer>) -> Result<Pages<'bound>> {
        Ok(SgTable::new(self.dev, pages, GFP_KERNEL)?.map()?)
    }

    fn range(&self) -> CopyRange {
        CopyRange {
            src_offset: 0,
            dst_offset: 0,
            len: self.len,
        }
    }

    /// Copies a list to pieces.
    fn copy(&self, source: Pages<'bound>, destination: Pieces) -> Result<Pages<'bound>> {
        let Pieces { pages, ranges, len } = destination;
        let done = self
            .controller
            .copy(source, self.map(pages)?, self.range())?;
        let Pair {
            source,
            destination,
        } = done.mappings;

        self.say(&done.stats, Some(&source), Some(&destination));
        self.expect(
            Pieces {
                pages: destination.unmap().into_memory(),
                ranges,
                len,
            }
            .has(self.len),
        )?;
        Ok(source)
    }

    /// Copies a list to one buffer.
    fn gather(&self, source: Pages<'bound>) -> Result<Mapping<'bound, Buffer, Bidirectional>> {
        let mut buffer = Buffer::zeroed(self.len)?;

        buffer.fill(BACKGROUND);

        let buffer = Mapping::new(self.dev, buffer)?;
        let done = self.controller.copy(source, buffer, self.range())?;
        let Pair {
            source,
            mut destination,
        } = done.mappings;

        self.say(&done.stats, Some(&source), None);
        self.expect(
            destination
                .for_cpu(..)?
                .iter()
                .enumerate()
                .all(|(index, &found)| found == byte(index)),
        )?;
        Ok(destination)
    }

    /// Copies a buffer to pieces.
    fn scatter(
        &self,
        source: Mapping<'bound, Buffer, Bidirectional>,
        destination: Pieces,
    ) -> Result {
        let Pieces { pages, ranges, len } = destination;
        let done = self
            .controller
            .copy(source, self.map(pages)?, self.range())?;
        let destination = done.mappings.destination;

        self.say(&done.stats, None, Some(&destination));
        self.expect(
            Pieces {
                pages: destination.unmap().into_memory(),
                ranges,
                len,
            }
            .has(self.len),
        )
    }

    fn expect(&self, is_right: bool) -> Result {
        match is_right {
            true => Ok(()),
            false => {
                dev_err!(self.dev.as_device(), "scatter: a byte is wrong\n");
                Err(EIO)
            }
        }
    }

    fn say(
        &self,
        stats: &TransferStats,
        source: Option<&Pages<'bound>>,
        destination: Option<&Pages<'bound>>,
    ) {
        dev_info!(
            self.dev.as_device(),
            "scatter: {} bytes from {} to {}, {} programs\n",
            self.len,
            Side(source),
            Side(destination),
            stats.programs
        );
    }
}

/// A side of a copy, in words.
struct Side<'a, 'bound>(Option<&'a Pages<'bound>>);

impl fmt::Display for Side<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("a buffer"),
            Some(list) => f.write_fmt(fmt!(
                "{} entries in {} segments",
                list.orig_nents(),
                list.nents()
            )),
        }
    }
}
