// SPDX-License-Identifier: GPL-2.0

//! Copies of scattered memory: with 1, 2, 255 and 4096 chunks, below and above 4 GiB, bounced, and
//! with more chunks than there are bounce buffers.

use std::str::FromStr;

use crate::prelude::*;

/// Numbers of chunks.
const CHUNKS: [usize; 4] = [1, 2, 255, 4096];

/// Numbers of chunks that fit into the bounce buffers of a board with 1 GiB.
const FEW_CHUNKS: [usize; 3] = [1, 2, 64];

/// A number of chunks that does not fit there.
const TOO_MANY: &str = "4096";

/// Adds the tests on Debian's kernel.
pub fn add(suite: &mut Suite) {
    cases(suite, "lists", Boot::with_driver());
    // With 6 GiB, memory for lists is above 4 GiB, where the controller does not reach it.
    suite.boot(
        "lists_6g",
        Boot {
            memory: "6G".into(),
            ..Boot::with_driver()
        },
        scatter(&CHUNKS, ""),
        [
            ("every_byte_is_right", all_right(&CHUNKS)),
            ("bounce_what_is_above_4_gib", by(bounce_all_bytes)),
            ("leave_nothing", nothing_left()),
        ],
    );
    suite.boot(
        "lists_bounced",
        Boot {
            append: "swiotlb=force".into(),
            ..Boot::with_driver()
        },
        scatter(&FEW_CHUNKS, TOO_MANY),
        [
            ("every_byte_is_right", all_right(&FEW_CHUNKS)),
            ("are_refused_if_they_do_not_fit", by(are_refused)),
            ("leave_nothing", nothing_left()),
        ],
    );
}

/// Adds the tests of a board that boots with `boot`.
pub fn cases(suite: &mut Suite, group: &str, boot: Boot) {
    suite.boot(
        group,
        boot,
        scatter(&CHUNKS, ""),
        [
            ("every_byte_is_right", all_right(&CHUNKS)),
            (
                "have_as_many_entries_as_pieces",
                each(&CHUNKS, have_entries),
            ),
            (
                "take_one_program_where_it_fits",
                each(&CHUNKS, take_one_program),
            ),
            (
                "raise_one_interrupt_a_program",
                each(&CHUNKS, raise_interrupts),
            ),
            ("leave_nothing", nothing_left()),
            ("leave_the_kernel_well", clean("dmesg")),
        ],
    );
}

fn scatter(chunks: &[usize], too_many: &str) -> Result<String> {
    let chunks: Vec<_> = chunks.iter().map(usize::to_string).collect();
    let (chunks, script) = (chunks.join(" "), script(&["state", "scatter"])?);

    Ok(format!(
        "pieces='{chunks}'\ntoo_many='{too_many}'\n{script}"
    ))
}

fn nothing_left() -> Check {
    all([
        unchanged("before", "after"),
        same("mappings-before", "mappings-after"),
    ])
}

/// The four copies with a number of chunks: list to list, to a buffer, from the buffer to a list,
/// pages to pages.
type Copies = [Copy; 4];

/// Checks the copies of each number of chunks.
fn each(chunks: &'static [usize], check: fn(&Console, usize, &Copies) -> Result<()>) -> Check {
    by(move |console| {
        chunks.iter().try_for_each(|&chunks| {
            let copies = copies(console, chunks)?;

            check(console, chunks, &copies).with_context(|| format!("{chunks} chunks: {copies:?}"))
        })
    })
}

/// Checks that each copy is of all bytes, and that none failed.
fn all_right(chunks: &'static [usize]) -> Check {
    let are_whole = |_: &Console, chunks, [list, gather, scatter, pages]: &Copies| {
        ensure!(list.bytes >= chunks as u64);
        ensure!(list.bytes == gather.bytes && list.bytes == scatter.bytes);
        expect("bytes of pages", pages.bytes, chunks as u64 * 4096)
    };

    all([each(chunks, are_whole), exits(0)])
}

fn have_entries(_: &Console, chunks: usize, copies: &Copies) -> Result<()> {
    for copy in &copies[..2] {
        let (entries, segments) = copy.source.context("the source is not a list")?;

        // Chunks that follow each other in memory share an entry. This is rare: each is a part of a
        // page.
        ensure!(entries <= chunks && entries * 100 >= chunks * 99);
        // There is no IOMMU.
        expect("segments", segments, entries)?;
    }
    Ok(())
}

fn take_one_program(_: &Console, chunks: usize, copies: &Copies) -> Result<()> {
    ensure!(copies[..3]
        .iter()
        .all(|copy| (copy.programs == 1) == (chunks < 1000)));
    Ok(())
}

fn raise_interrupts(console: &Console, chunks: usize, copies: &Copies) -> Result<()> {
    expect(
        "interrupts",
        console.number(&format!("interrupts-{chunks}"))?,
        copies.iter().map(|copy| copy.programs).sum(),
    )
}

fn bounce_all_bytes(console: &Console) -> Result<()> {
    let mut before = 0;

    for chunks in CHUNKS {
        let now = console.counters(&format!("statistics-{chunks}"))?["bounced_bytes"];
        let [list, .., pages] = copies(console, chunks)?;
        // The lists of the first three copies, of which the first source is used twice, and the two
        // of the last. Destinations may be longer than what was copied.
        let least = 3 * list.bytes + 2 * pages.bytes;

        ensure!(
            now - before >= least,
            "{chunks} chunks: {} bytes were bounced, expected {least} or more",
            now - before
        );
        before = now;
    }
    Ok(())
}

fn are_refused(console: &Console) -> Result<()> {
    let last = format!("statistics-{}", FEW_CHUNKS[FEW_CHUNKS.len() - 1]);
    let before = console.counters(&last)?;
    let after = console.counters("statistics-too-many")?;
    let answer = console.section("too-many")?;

    ensure!(
        answer.contains("Input/output error") && answer.ends_with("refused"),
        "{answer}"
    );
    expect("failures", after["failures"], before["failures"] + 1)?;
    expect("live", after["live"], 0)
}

/// A copy as the module reports it, after it has verified the bytes.
#[derive(Debug)]
struct Copy {
    bytes: u64,
    /// Numbers of entries and segments, if the source is a list.
    source: Option<(usize, usize)>,
    programs: u64,
}

fn copies(console: &Console, chunks: usize) -> Result<Copies> {
    let copies: Vec<_> = console
        .section(&format!("log-{chunks}"))?
        .lines()
        .filter_map(|line| line.split_once(": scatter: "))
        .map(|(_, text)| parse(text).with_context(|| format!("the module reports: {text}")))
        .collect::<Result<_>>()?;

    copies
        .try_into()
        .map_err(|copies| anyhow!("expected four copies of {chunks} chunks: {copies:?}"))
}

/// Parses `995 bytes from 1 entries in 1 segments to a buffer, 1 programs`.
fn parse(text: &str) -> Option<Copy> {
    let (source, _) = text.split_once(" to ")?;
    let (entries, segments) = (before(source, " entries in "), before(source, " segments"));

    Some(Copy {
        bytes: before(text, " bytes from ")?,
        source: entries.zip(segments),
        programs: before(text, " programs")?,
    })
}

/// Returns the number before the first `words` in `text`.
fn before<T: FromStr>(text: &str, words: &str) -> Option<T> {
    let (before, _) = text.split_once(words)?;

    before.rsplit(' ').next()?.parse().ok()
}
