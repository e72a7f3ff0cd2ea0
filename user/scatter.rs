// SPDX-License-Identifier: GPL-2.0

//! Copies of scattered memory, each byte of which is verified:
//!
//! ```sh
//! echo 255 1 > scatter        # chunks of 255 pages, of random lengths at random offsets; seed 1
//! ```
//!
//! The chunks are copied to other chunks and to one buffer, and the buffer to further chunks; then
//! whole pages to whole pages. Each copy writes one line to the kernel log:
//!
//! ```text
//! scatter: 522240 bytes from 255 entries in 255 segments to 263 entries in 263 segments,
//!     2 programs
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

/// Maximum number of pages.
const MAX_PAGES: usize = 8192;

/// Value of bytes that were not copied.
const BACKGROUND: u8 = 0xa5;

/// Mapped list of pages.
type Pages<'bound> = MappedSgTable<'bound, KVec<PageBuffer>, Bidirectional>;

/// Runs the copies: `word` is a number of pages and a seed.
///
/// # Errors
///
/// `EIO` if a byte is wrong, with a line in the kernel log; `EINVAL` for no pages or too many;
/// those of mappings and transfers.
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
    // The bytes of all pages fit into one buffer.
    let max_len = PageBuffer::LEN.min(Buffer::MAX_LEN / count);
    let mut source = Chunks::random(&mut random, max_len, |chunks| chunks.ranges.len() < count)?;
    let len = source.len;
    let mut chunks = || Chunks::random(&mut random, max_len, |chunks| chunks.len < len);
    let (first, last) = (chunks()?, chunks()?);
    let copier = Copier {
        dev,
        controller,
        len,
    };

    source.fill();

    let source = copier.copy(copier.map(source.pages)?, first)?;
    let buffer = copier.gather(source)?;

    copier.scatter(buffer, last)?;

    let mut source = Chunks::pages(count)?;
    let copier = Copier {
        len: source.len,
        ..copier
    };

    source.fill();
    drop(copier.copy(copier.map(source.pages)?, Chunks::pages(count)?)?);
    Ok(())
}

/// Returns byte `index` of the copied bytes.
fn byte(index: usize) -> u8 {
    // CAST: The highest 8 of 64 bits, which depend on all bits of `index`.
    ((index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8
}

/// Chunks of memory: pages, and the range of each that is used.
struct Chunks {
    pages: KVec<PageBuffer>,
    ranges: KVec<Range<usize>>,
    /// Number of used bytes.
    len: usize,
}

impl Chunks {
    const fn new() -> Self {
        Self {
            pages: KVec::new(),
            ranges: KVec::new(),
            len: 0,
        }
    }

    /// Allocates `count` whole pages.
    fn pages(count: usize) -> Result<Self> {
        let mut chunks = Self::new();

        for _ in 0..count {
            chunks.push(0..PageBuffer::LEN)?;
        }
        Ok(chunks)
    }

    /// Allocates random chunks of at most `max_len` bytes, while `more` returns true.
    fn random(random: &mut Random, max_len: usize, more: impl Fn(&Self) -> bool) -> Result<Self> {
        let mut chunks = Self::new();

        while more(&chunks) {
            let len = 1 + random.below(max_len);
            let start = random.below(PageBuffer::LEN - len + 1);

            chunks.push(start..start + len)?;
        }
        Ok(chunks)
    }

    fn push(&mut self, range: Range<usize>) -> Result {
        let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

        page.fill(BACKGROUND);
        page.set_range(range.clone())?;
        self.len += range.len();
        self.pages.push(page, GFP_KERNEL)?;
        self.ranges.push(range, GFP_KERNEL)?;
        Ok(())
    }

    /// Writes the bytes to copy.
    fn fill(&mut self) {
        let bytes = self.pages.iter_mut().flat_map(|page| page.iter_mut());

        for (index, place) in bytes.enumerate() {
            *place = byte(index);
        }
    }

    /// Returns true if the first `len` bytes were copied, and the others are unchanged.
    fn holds(mut self, len: usize) -> bool {
        let mut index = 0;

        for (page, range) in self.pages.iter_mut().zip(self.ranges) {
            if page.set_range(0..PageBuffer::LEN).is_err() {
                return false;
            }
            for (offset, &found) in page.iter().enumerate() {
                let expected = if range.contains(&offset) {
                    index += 1;
                    expected(index - 1, len)
                } else {
                    BACKGROUND
                };

                if found != expected {
                    return false;
                }
            }
        }
        index == self.len
    }
}

/// Returns byte `index` of a destination to which `len` bytes were copied.
fn expected(index: usize, len: usize) -> u8 {
    if index < len {
        byte(index)
    } else {
        BACKGROUND
    }
}

/// Copies of `len` bytes by a device.
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

    /// Copies a list to chunks, and verifies them. Returns the list.
    fn copy(&self, source: Pages<'bound>, destination: Chunks) -> Result<Pages<'bound>> {
        let Chunks { pages, ranges, len } = destination;
        let done = self
            .controller
            .copy(source, self.map(pages)?, self.range())?;
        let Pair {
            source,
            destination,
        } = done.mappings;

        self.log(&done.stats, Some(&source), Some(&destination));
        self.expect(
            Chunks {
                pages: destination.unmap().into_memory(),
                ranges,
                len,
            }
            .holds(self.len),
        )?;
        Ok(source)
    }

    /// Copies a list to one buffer, and verifies it. Returns the buffer.
    fn gather(&self, source: Pages<'bound>) -> Result<Mapping<'bound, Buffer, Bidirectional>> {
        let mut buffer = Buffer::zeroed(self.len, GFP_KERNEL)?;

        buffer.fill(BACKGROUND);

        let buffer = Mapping::new(self.dev, buffer)?;
        let done = self.controller.copy(source, buffer, self.range())?;
        let Pair {
            source,
            mut destination,
        } = done.mappings;

        self.log(&done.stats, Some(&source), None);
        self.expect(
            destination
                .for_cpu(..)?
                .iter()
                .enumerate()
                .all(|(index, &found)| found == byte(index)),
        )?;
        Ok(destination)
    }

    /// Copies a buffer to chunks, and verifies them.
    fn scatter(
        &self,
        source: Mapping<'bound, Buffer, Bidirectional>,
        destination: Chunks,
    ) -> Result {
        let Chunks { pages, ranges, len } = destination;
        let done = self
            .controller
            .copy(source, self.map(pages)?, self.range())?;
        let destination = done.mappings.destination;

        self.log(&done.stats, None, Some(&destination));
        self.expect(
            Chunks {
                pages: destination.unmap().into_memory(),
                ranges,
                len,
            }
            .holds(self.len),
        )
    }

    fn expect(&self, is_right: bool) -> Result {
        if is_right {
            Ok(())
        } else {
            dev_err!(self.dev.as_device(), "scatter: a byte is wrong\n");
            Err(EIO)
        }
    }

    fn log(
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

/// Side of a copy, as text.
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
