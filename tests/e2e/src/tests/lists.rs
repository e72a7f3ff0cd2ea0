// SPDX-License-Identifier: GPL-2.0

//! Copies of scattered memory: with 1, 2, 255 and 4096 chunks, below and above 4 GiB, bounced, and
//! with more chunks than there are bounce buffers.

use crate::prelude::*;

/// Numbers of chunks.
const CHUNKS: &[u64] = &[1, 2, 255, 4096];

/// Numbers of chunks that fit into the bounce buffers of a board with 1 GiB.
const FEW_CHUNKS: &[u64] = &[1, 2, 64];

/// A number of chunks that does not fit there.
const TOO_MANY: &str = "4096";

/// Adds the tests on Debian's kernel.
pub fn add(suite: &mut Suite) {
    let (mut six_gib, mut bounced) = (Boot::with_driver(), Boot::with_driver());

    // Memory for lists is above 4 GiB then, where the controller does not reach it.
    six_gib.memory = "6G".into();
    bounced.append = "swiotlb=force".into();
    cases(suite, "lists", Boot::with_driver());
    suite.boot("lists_6g", six_gib, scatter(CHUNKS, ""), |tests| {
        tests.add("every_byte_is_right", |it| all_right(it, CHUNKS));
        tests.add("bounce_what_is_above_4_gib", bounce_all_bytes);
        tests.add("leave_nothing", nothing_left);
    });

    let script = scatter(FEW_CHUNKS, TOO_MANY);

    suite.boot("lists_bounced", bounced, script, |tests| {
        tests.add("every_byte_is_right", |it| all_right(it, FEW_CHUNKS));
        tests.add("are_refused_if_they_do_not_fit", are_refused);
        tests.add("leave_nothing", nothing_left);
    });
}

/// Adds the tests of a board that boots with `boot`.
pub fn cases(suite: &mut Suite, group: &str, boot: Boot) {
    suite.boot(group, boot, scatter(CHUNKS, ""), |tests| {
        tests.add("every_byte_is_right", |it| all_right(it, CHUNKS));
        tests.add("have_as_many_entries_as_pieces", have_entries);
        tests.add("take_one_program_where_it_fits", take_one_program);
        tests.add("raise_one_interrupt_a_program", raise_interrupts);
        tests.add("leave_nothing", nothing_left);
        tests.add("leave_the_kernel_well", |it| it.clean("dmesg"));
    });
}

fn scatter(chunks: &[u64], too_many: &str) -> Result<String> {
    let chunks: Vec<_> = chunks.iter().map(u64::to_string).collect();
    let (chunks, script) = (chunks.join(" "), script(&["trace", "state", "scatter"])?);

    Ok(format!(
        "pieces='{chunks}'\ntoo_many='{too_many}'\n{script}"
    ))
}

fn nothing_left(it: &Console) -> Result<()> {
    it.unchanged("before", "after")?;
    it.same("mappings-before", "mappings-after")
}

/// Numbers of a copy: bytes, entries and segments of the source and of the destination, programs. A
/// buffer has no entries.
type Copy = [u64; 6];

/// Returns the four copies with a number of chunks: list to list, to a buffer, from the buffer to a
/// list, pages to pages. The module reports them after it has verified the bytes.
fn copies(it: &Console, chunks: u64) -> Result<[Copy; 4]> {
    let log = it.section(&format!("log-{chunks}"))?;
    // As in scatter: 995 bytes from 1 entries in 1 segments to a buffer, 1 programs
    let text = log.replace("a buffer", "0 entries in 0 segments");
    let reports = text
        .lines()
        .filter_map(|line| line.split_once(": scatter: "));
    let copies = reports.map(|(_, report)| numbers(report).try_into().ok());
    let copies = copies.collect::<Option<Vec<Copy>>>();

    copies
        .and_then(|copies| copies.try_into().ok())
        .with_context(|| format!("not four copies of {chunks} chunks:\n{log}"))
}

/// Checks that each copy is of all bytes, and that none failed.
fn all_right(it: &Console, chunks: &[u64]) -> Result<()> {
    for &chunks in chunks {
        let [list, gather, scatter, pages] = copies(it, chunks)?.map(|[bytes, ..]| bytes);

        ensure!(list >= chunks, "{list} bytes in {chunks} chunks");
        expect(
            "bytes",
            [gather, scatter, pages],
            [list, list, chunks * 4096],
        )?;
    }
    it.exits(0)
}

fn have_entries(it: &Console) -> Result<()> {
    for &chunks in CHUNKS {
        for [_, entries, segments, ..] in &copies(it, chunks)?[..2] {
            // Chunks that follow each other in memory share an entry. This is rare: each is a part
            // of a page.
            let is_right = *entries <= chunks && entries * 100 >= chunks * 99;

            ensure!(is_right, "{entries} entries for {chunks} chunks");
            // There is no IOMMU.
            expect("segments", segments, entries)?;
        }
    }
    Ok(())
}

fn take_one_program(it: &Console) -> Result<()> {
    for &chunks in CHUNKS {
        for [.., programs] in &copies(it, chunks)?[..3] {
            let is_right = (*programs == 1) == (chunks < 1000);

            ensure!(is_right, "{programs} programs for {chunks} chunks");
        }
    }
    Ok(())
}

fn raise_interrupts(it: &Console) -> Result<()> {
    for &chunks in CHUNKS {
        let programs = copies(it, chunks)?.map(|[.., programs]| programs);
        let interrupts = it.number(&format!("interrupts-{chunks}"))?;

        expect("interrupts", interrupts, programs.iter().sum())?;
    }
    Ok(())
}

fn bounce_all_bytes(it: &Console) -> Result<()> {
    let mut before = 0;

    for &chunks in CHUNKS {
        let now = it.counters(&format!("traced-{chunks}"))?["bounced_bytes"];
        let [[list, ..], .., [pages, ..]] = copies(it, chunks)?;
        // The lists of the first three copies, of which the first source is used twice, and the two
        // of the last. Destinations may be longer than what was copied.
        let least = 3 * list + 2 * pages;
        let bounced = now - before;

        ensure!(bounced >= least, "{bounced} of {least} bytes were bounced");
        before = now;
    }
    Ok(())
}

fn are_refused(it: &Console) -> Result<()> {
    it.counts("traced-too-many", &[("live", 0)])?;
    expect_like(it.section("too-many")?, "*Input/output error*refused")
}
