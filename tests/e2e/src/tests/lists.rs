// SPDX-License-Identifier: GPL-2.0

//! Copies of scattered memory: with 1, 2, 255 and 4096 chunks, below and above 4 GiB, bounced, and
//! with more chunks than there are bounce buffers.

use crate::prelude::*;

/// Numbers of chunks.
const CHUNKS: [usize; 4] = [1, 2, 255, 4096];

/// Numbers of chunks that fit into the bounce buffers of a board with 1 GiB.
const FEW_CHUNKS: [usize; 3] = [1, 2, 64];

/// A number of chunks that does not fit there.
const TOO_MANY: usize = 4096;

/// Adds the tests on Debian's kernel.
pub fn add(suite: &mut Suite) {
    cases(suite, "lists", Boot::with_driver());
    // With 6 GiB, memory for lists is above 4 GiB, where the controller does not reach it.
    suite.boot(
        "lists_6g",
        || {
            let boot = Boot {
                memory: "6G".into(),
                ..Boot::with_driver()
            };

            Ok((boot, scatter(&CHUNKS, None)?))
        },
        [
            ("every_byte_is_right", by(|it| expect_right(it, &CHUNKS))),
            ("bounce_what_is_above_4_gib", by(bounce_all_bytes)),
            ("leave_nothing", nothing_left()),
        ],
    );
    suite.boot(
        "lists_bounced",
        || {
            let boot = Boot {
                append: "swiotlb=force".into(),
                ..Boot::with_driver()
            };

            Ok((boot, scatter(&FEW_CHUNKS, Some(TOO_MANY))?))
        },
        [
            (
                "every_byte_is_right",
                by(|it| expect_right(it, &FEW_CHUNKS)),
            ),
            ("are_refused_if_they_do_not_fit", by(are_refused)),
            ("leave_nothing", nothing_left()),
        ],
    );
}

/// Adds the tests of a board that boots with `boot`.
pub fn cases(suite: &mut Suite, group: &str, boot: Boot) {
    suite.boot(
        group,
        || Ok((boot, scatter(&CHUNKS, None)?)),
        [
            ("every_byte_is_right", by(|it| expect_right(it, &CHUNKS))),
            ("have_as_many_entries_as_pieces", by(have_entries)),
            ("take_one_program_where_it_fits", by(take_one_program)),
            ("raise_one_interrupt_a_program", by(raise_interrupts)),
            ("leave_nothing", nothing_left()),
            ("leave_the_kernel_well", clean("dmesg")),
        ],
    );
}

fn scatter(chunks: &[usize], too_many: Option<usize>) -> Result<String> {
    let chunks: Vec<_> = chunks.iter().map(usize::to_string).collect();

    Ok(format!(
        "pieces='{}'\ntoo_many='{}'\n{}",
        chunks.join(" "),
        too_many.map_or(String::new(), |count| count.to_string()),
        script(&["state", "scatter"])?
    ))
}

fn nothing_left() -> Check {
    all([
        unchanged("before", "after"),
        by(|console| {
            expect(
                "mappings",
                console.section("mappings-after")?,
                console.section("mappings-before")?,
            )
        }),
    ])
}

fn expect_right(console: &Console, chunks: &[usize]) -> Result<()> {
    for &chunks in chunks {
        let copies = copies(console, chunks)?;

        ensure!(
            copies[..3]
                .iter()
                .all(|copy| copy.bytes >= chunks as u64 && copy.bytes == copies[0].bytes),
            "{copies:?}"
        );
        ensure!(copies[3].bytes == chunks as u64 * 4096, "{copies:?}");
    }
    expect("exit status, as no copy failed", console.exit()?, 0)
}

fn have_entries(console: &Console) -> Result<()> {
    for chunks in CHUNKS {
        let [list, gathered, ..] = copies(console, chunks)?;

        for copy in [list, gathered] {
            let (entries, segments) = copy.source.context("the source is not a list")?;

            // Chunks that follow each other in memory share an entry. This is rare: each is a part
            // of a page.
            ensure!(
                entries <= chunks && entries * 100 >= chunks * 99,
                "{chunks} chunks: {entries} entries"
            );
            // There is no IOMMU.
            expect("segments", segments, entries)?;
        }
    }
    Ok(())
}

fn take_one_program(console: &Console) -> Result<()> {
    for chunks in CHUNKS {
        for copy in &copies(console, chunks)?[..3] {
            ensure!(
                (copy.programs == 1) == (chunks < 1000),
                "{chunks} chunks: {copy:?}"
            );
        }
    }
    Ok(())
}

fn raise_interrupts(console: &Console) -> Result<()> {
    for chunks in CHUNKS {
        let copies = copies(console, chunks)?;

        expect(
            &format!("interrupts of {chunks} chunks"),
            console.number(&format!("interrupts-{chunks}"))?,
            copies.iter().map(|copy| copy.programs).sum(),
        )?;
    }
    Ok(())
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
#[derive(Debug, PartialEq)]
struct Copy {
    bytes: u64,
    /// Numbers of entries and segments, if the source is a list.
    source: Option<(usize, usize)>,
    programs: u64,
}

/// Returns the four copies with this number of chunks: list to list, to a buffer, from the buffer
/// to a list, pages to pages.
fn copies(console: &Console, chunks: usize) -> Result<[Copy; 4]> {
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
    let words: Vec<_> = text.split([' ', ',']).filter(|it| !it.is_empty()).collect();
    let (source, rest) = match &words[..] {
        [_, "bytes", "from", "a", "buffer", rest @ ..] => (None, rest),
        [_, "bytes", "from", entries, "entries", "in", segments, "segments", rest @ ..] => {
            (Some((entries.parse().ok()?, segments.parse().ok()?)), rest)
        }
        _ => return None,
    };
    let [.., programs, "programs"] = rest else {
        return None;
    };

    Some(Copy {
        bytes: words[0].parse().ok()?,
        source,
        programs: programs.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_parsed() {
        let copy = |bytes, source, programs| {
            Some(Copy {
                bytes,
                source,
                programs,
            })
        };

        for (text, expected) in [
            (
                "995 bytes from 3 entries in 2 segments to a buffer, 1 programs",
                copy(995, Some((3, 2)), 1),
            ),
            (
                "7 bytes from a buffer to 1 entries in 1 segments, 2 programs",
                copy(7, None, 2),
            ),
            ("7 bytes", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
