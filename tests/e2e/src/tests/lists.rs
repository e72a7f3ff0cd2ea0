// SPDX-License-Identifier: GPL-2.0

//! Copies of scattered memory: with 1, 2, 255 and 4096 pieces, below and above 4 GiB, bounced, and with more
//! of them than there are bounce buffers.

use anyhow::{
    ensure,
    Context,
    Result, //
};

use super::{
    expect_no_trace,
    of_boot,
    statistics::counters, //
};
use crate::{
    board::{
        Board,
        Boot, //
    },
    console::Console,
    demo,
    suite::Suite, //
};

const SCRIPT: &str = concat!(
    include_str!("../../guest/state.sh"),
    include_str!("../../guest/scatter.sh")
);

/// How many pieces.
const PIECES: [usize; 4] = [1, 2, 255, 4096];

/// What fits into the bounce buffers of a board with 1 GiB.
const FEW_PIECES: [usize; 3] = [1, 2, 64];

/// More than fits there.
const TOO_MANY: usize = 4096;

/// Runs them on Debian's kernel.
pub fn run(suite: &mut Suite, board: &Board) {
    let boot = Boot {
        overlays: vec![demo::overlay()],
        files: vec!["rk3588_dma.ko".into()],
        ..Boot::default()
    };

    cases(suite, board, "lists", &boot);
    six_gigabytes(
        suite,
        board,
        &Boot {
            memory: "6G".into(),
            ..boot.clone()
        },
    );
    bounced(
        suite,
        board,
        &Boot {
            append: "swiotlb=force".into(),
            ..boot
        },
    );
}

/// Copies on a board that boots with `boot`, in tests below the name `room`.
pub fn cases(suite: &mut Suite, board: &Board, room: &str, boot: &Boot) {
    let names = [
        format!("{room}::every_byte_is_right"),
        format!("{room}::have_as_many_entries_as_pieces"),
        format!("{room}::take_one_program_where_it_fits"),
        format!("{room}::raise_one_interrupt_a_program"),
        format!("{room}::leave_nothing"),
        format!("{room}::leave_the_kernel_well"),
    ];

    if !suite.wants(&names.each_ref().map(String::as_str)) {
        return;
    }

    let [right, entries, one, interrupts, nothing, well] = &names;
    let console = suite.prepare(&format!("{room}: scattered memory"), || {
        board.boot(boot, &script(&PIECES, None))
    });

    suite.test(right, || expect_right(of_boot(&console)?, &PIECES));
    suite.test(entries, || {
        for pieces in PIECES {
            let [list, gathered, ..] = copies(of_boot(&console)?, pieces)?;

            // Two of them that follow each other in memory are one, which is rare: they are parts of pages.
            for cut in [&list.source, &gathered.source] {
                let cut = cut.context("no list is the source")?;

                ensure!(
                    cut.entries <= pieces && cut.entries * 100 >= pieces * 99,
                    "{pieces} pieces: {cut:?}"
                );
                // There is no IOMMU.
                ensure!(cut.segments == cut.entries, "{pieces} pieces: {cut:?}");
            }
        }
        Ok(())
    });
    suite.test(one, || {
        for pieces in PIECES {
            let copies = copies(of_boot(&console)?, pieces)?;

            for copy in &copies[..3] {
                ensure!(
                    (copy.programs == 1) == (pieces < 1000),
                    "{pieces} pieces: {copy:?}"
                );
            }
        }
        Ok(())
    });
    suite.test(interrupts, || {
        let console = of_boot(&console)?;

        for pieces in PIECES {
            let interrupts: usize = console.section(&format!("interrupts-{pieces}"))?.parse()?;
            let programs: usize = copies(console, pieces)?
                .iter()
                .map(|copy| copy.programs)
                .sum();

            ensure!(
                interrupts == programs,
                "{pieces} pieces: {interrupts} interrupts for {programs} programs"
            );
        }
        Ok(())
    });
    suite.test(nothing, || expect_nothing_left(of_boot(&console)?));
    suite.test(well, || {
        expect_no_trace(of_boot(&console)?.section("dmesg")?)
    });
}

/// With 6 GiB, memory for lists is above 4 GiB, where the controller does not reach it.
fn six_gigabytes(suite: &mut Suite, board: &Board, boot: &Boot) {
    let names = [
        "lists_6g::every_byte_is_right",
        "lists_6g::bounce_what_is_above_4_gib",
        "lists_6g::leave_nothing",
    ];

    if !suite.wants(&names) {
        return;
    }

    let [right, above, nothing] = names;
    let console = suite.prepare("lists, 6 GiB", || board.boot(boot, &script(&PIECES, None)));

    suite.test(right, || expect_right(of_boot(&console)?, &PIECES));
    suite.test(above, || {
        let console = of_boot(&console)?;
        let mut before = 0;

        for pieces in PIECES {
            let now = counters(console, &format!("statistics-{pieces}"))?["bounced_bytes"];
            let [list, .., pages] = copies(console, pieces)?;
            // The lists of the first three copies, of which the first source is used twice, and the two
            // of the last. Destinations may be longer than what was copied.
            let least = 3 * list.bytes + 2 * pages.bytes;

            ensure!(
                now - before >= least,
                "{pieces} pieces: {} bytes were bounced, expected {least} or more",
                now - before
            );
            before = now;
        }
        Ok(())
    });
    suite.test(nothing, || expect_nothing_left(of_boot(&console)?));
}

/// With `swiotlb=force` all of it is bounced, and some of it does not fit.
fn bounced(suite: &mut Suite, board: &Board, boot: &Boot) {
    let names = [
        "lists_bounced::every_byte_is_right",
        "lists_bounced::are_refused_if_they_do_not_fit",
        "lists_bounced::leave_nothing",
    ];

    if !suite.wants(&names) {
        return;
    }

    let [right, refused, nothing] = names;
    let console = suite.prepare("lists, bounced", || {
        board.boot(boot, &script(&FEW_PIECES, Some(TOO_MANY)))
    });

    suite.test(right, || expect_right(of_boot(&console)?, &FEW_PIECES));
    suite.test(refused, || {
        let console = of_boot(&console)?;
        let last = format!("statistics-{}", FEW_PIECES[FEW_PIECES.len() - 1]);
        let (before, after) = (
            counters(console, &last)?,
            counters(console, "statistics-too-many")?,
        );
        let answer = console.section("too-many")?;

        ensure!(
            answer.contains("Input/output error") && answer.ends_with("refused"),
            "{answer}"
        );
        ensure!(
            after["failures"] == before["failures"] + 1 && after["live"] == 0,
            "{after:?}"
        );
        Ok(())
    });
    suite.test(nothing, || expect_nothing_left(of_boot(&console)?));
}

fn script(pieces: &[usize], too_many: Option<usize>) -> String {
    let pieces: Vec<_> = pieces.iter().map(usize::to_string).collect();

    format!(
        "pieces='{}'\ntoo_many='{}'\n{SCRIPT}",
        pieces.join(" "),
        too_many.map_or(String::new(), |count| count.to_string())
    )
}

fn expect_right(console: &Console, pieces: &[usize]) -> Result<()> {
    for &pieces in pieces {
        let copies = copies(console, pieces)?;

        ensure!(
            copies[..3]
                .iter()
                .all(|copy| copy.bytes >= pieces as u64 && copy.bytes == copies[0].bytes),
            "{copies:?}"
        );
        ensure!(copies[3].bytes == pieces as u64 * 4096, "{copies:?}");
    }
    ensure!(console.exit()? == 0, "a copy failed");
    Ok(())
}

fn expect_nothing_left(console: &Console) -> Result<()> {
    for (before, after) in [("before", "after"), ("mappings-before", "mappings-after")] {
        let (before, after) = (console.section(before)?, console.section(after)?);

        ensure!(before == after, "before:\n{before}\nafter:\n{after}");
    }
    Ok(())
}

/// A copy as the module tells of it, after it has looked at the bytes.
#[derive(Debug)]
struct Copy {
    bytes: u64,
    source: Option<Cut>,
    programs: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Cut {
    entries: usize,
    segments: usize,
}

/// The four copies with so many `pieces`: list to list, to a buffer, from that to a list, pages to pages.
fn copies(console: &Console, pieces: usize) -> Result<[Copy; 4]> {
    let log = console.section(&format!("log-{pieces}"))?;
    let copies: Vec<_> = log
        .lines()
        .filter_map(|line| line.split_once(": scatter: "))
        .map(|(_, text)| parse(text).with_context(|| format!("the module says: {text}")))
        .collect::<Result<_>>()?;

    copies
        .try_into()
        .map_err(|copies| anyhow::anyhow!("expected four copies of {pieces} pieces: {copies:?}"))
}

/// `995 bytes from 1 entries in 1 segments to a buffer, 1 programs`
fn parse(text: &str) -> Option<Copy> {
    let (bytes, rest) = text.split_once(" bytes from ")?;
    let (sides, programs) = rest.split_once(", ")?;
    let (source, _) = sides.split_once(" to ")?;

    Some(Copy {
        bytes: bytes.parse().ok()?,
        source: match source {
            "a buffer" => None,
            _ => {
                let (entries, rest) = source.split_once(" entries in ")?;

                Some(Cut {
                    entries: entries.parse().ok()?,
                    segments: rest.strip_suffix(" segments")?.parse().ok()?,
                })
            }
        },
        programs: programs.strip_suffix(" programs")?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_module_says_is_understood() {
        let copy = parse("995 bytes from 3 entries in 2 segments to a buffer, 1 programs").unwrap();

        assert_eq!((copy.bytes, copy.programs), (995, 1));
        assert_eq!(
            copy.source,
            Some(Cut {
                entries: 3,
                segments: 2
            })
        );
        assert!(
            parse("7 bytes from a buffer to 1 entries in 1 segments, 2 programs")
                .is_some_and(|copy| copy.source.is_none())
        );
        assert!(parse("7 bytes").is_none());
    }
}
