// SPDX-License-Identifier: GPL-2.0

//! The board boots and the lessons hold: with 1 GiB and 6 GiB, plain and bounced.

use std::fs;

use crate::{
    demo::{
        self,
        Report, //
    },
    prelude::*,
};

/// Longest mapping that fits into the bounce buffers (`swiotlb_max_mapping_size()`).
const BOUNCED_MAX: u64 = 256 << 10;

/// Lessons of which one transfer at least is in the report.
const LESSONS: [&str; 13] = [
    "fill",
    "rows",
    "pieces",
    "gather",
    "scatter",
    "split",
    "pages",
    "changed pages",
    "segments",
    "zero copy",
    "together",
    "in order",
    "chain",
];

/// Warnings of the kernel on the virtual board, each with its reason.
const KNOWN_WARNINGS: [&str; 12] = [
    // QEMU has no firmware that would give a seed.
    "KASLR disabled due to lack of seed",
    // The SMMU of the PCIe controllers is not modelled.
    "arm-smmu-v3 fc900000.iommu: no translation support!",
    // Nor is the firmware of SCMI; QEMU answers its calls with "not supported".
    "arm-scmi",
    "SCMI",
    // Of each out-of-tree module, and of each module without Debian's signature.
    "rk3588_dma: loading out-of-tree module taints kernel",
    "rk3588_dma: module verification failed: signature",
    // Devices whose suppliers are not modelled; see machine/README.md.
    "deferred probe pending",
    "sync_state() pending due to",
    // The fault that a lesson provokes, with its program.
    " fault: undefined instruction at 0x",
    ":     0  DMAMOV SAR, 0x",
    ":     6  DMAMOV DAR, 0x",
    ":    12  undefined opcode 0xff",
];

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    suite.boot(
        "lessons",
        || demo::boot(Boot::with_driver()),
        [
            ("board_1g::switches_itself_off", exits(0)),
            ("board_1g::runs_the_stock_kernel", by(runs_the_stock_kernel)),
            (
                "board_1g::is_a_rock_5b_plus",
                has("model", "Radxa ROCK 5B+"),
            ),
            ("board_1g::brings_up_all_cpus", by(brings_up_all_cpus)),
            (
                "board_1g::logs_nothing_wrong",
                all([clean("dmesg-boot"), clean("dmesg")]),
            ),
            (
                "board_1g::logs_only_known_warnings",
                by(logs_only_known_warnings),
            ),
            ("all_hold", by(all_hold)),
            (
                "are_not_bounced",
                by(|console| {
                    let (checked, bounced) = bounced_addresses(console)?;

                    ensure!(checked > 80, "only {checked} addresses");
                    expect("addresses in the bounce buffers", bounced, 0)
                }),
            ),
            ("cover_what_they_claim", by(cover_what_they_claim)),
            ("show_segments_before_and_after_mapping", by(show_segments)),
            (
                "raise_at_most_one_interrupt_a_program",
                by(raise_interrupts),
            ),
            ("name_the_errors", by(name_the_errors)),
        ],
    );
    suite.boot(
        "lessons_6g",
        || {
            demo::boot(Boot {
                memory: "6G".into(),
                ..Boot::with_driver()
            })
        },
        [
            ("board_6g::sees_all_memory", by(sees_6g)),
            ("board_6g::logs_nothing_wrong", clean("dmesg")),
            ("all_hold", by(all_hold)),
        ],
    );
    // With `swiotlb=force` the device works on copies. A missing sync shows as wrong bytes; a
    // buffer that does not fit cannot be mapped.
    suite.boot(
        "lessons_bounced",
        || {
            demo::boot(Boot {
                append: "swiotlb=force".into(),
                ..Boot::with_driver()
            })
        },
        [
            ("all_that_fit_hold", by(all_that_fit_hold)),
            ("too_long_is_refused", by(too_long_is_refused)),
            (
                "use_the_bounce_buffers",
                by(|console| {
                    let (checked, bounced) = bounced_addresses(console)?;

                    ensure!(checked > 60, "only {checked} addresses");
                    expect("addresses in the bounce buffers", bounced, checked)
                }),
            ),
            ("leave_nothing_mapped", is("bounced", "0")),
        ],
    );
}

fn runs_the_stock_kernel(console: &Console) -> Result<()> {
    let board = Board::get()?;
    let release = fs::read_to_string(board.kernel.join("release"))?;

    ensure!(board.is_stock(), "KERNEL= names another kernel");
    expect("kernel", console.section("release")?, release.trim())
}

/// Checks for four Cortex-A55 and four Cortex-A76.
fn brings_up_all_cpus(console: &Console) -> Result<()> {
    let midrs = [["0x00000000412fd050"; 4], ["0x00000000414fd0b1"; 4]].concat();

    expect("CPUs", console.section("cpus")?, "0-7")?;
    expect("MIDRs", console.section("midr")?, &midrs.join("\n"))
}

fn logs_only_known_warnings(console: &Console) -> Result<()> {
    let unknown: Vec<_> = console
        .section("warnings")?
        .lines()
        .filter(|line| !KNOWN_WARNINGS.iter().any(|known| line.contains(known)))
        .collect();

    ensure!(unknown.is_empty(), "{}", unknown.join("\n"));
    Ok(())
}

fn sees_6g(console: &Console) -> Result<()> {
    let kilobytes: u64 = console
        .section("memory")?
        .split_whitespace()
        .nth(1)
        .context("MemTotal")?
        .parse()?;

    // The kernel keeps some of it for itself.
    ensure!(kilobytes > 5_800_000, "the kernel sees {kilobytes} kB");
    Ok(())
}

fn all_hold(console: &Console) -> Result<()> {
    let report = Report::from_console(console)?;

    for transfer in &report.lessons.transfers {
        ensure!(transfer.result == "ok", "{transfer:?}");
    }
    ensure!(report.lessons.passed, "{}", console.section("report")?);
    expect("exit status of the script", console.exit()?, 0)
}

fn cover_what_they_claim(console: &Console) -> Result<()> {
    let transfers = Report::from_console(console)?.lessons.transfers;

    for lesson in ["single", "there", "back"] {
        for bytes in [1, 1 << 20] {
            for aligned in [true, false] {
                let is_there = transfers.iter().any(|it| {
                    it.lesson == lesson
                        && it.bytes == bytes
                        && aligned == ((it.from_offset | it.to_offset) % 8 == 0)
                });

                ensure!(is_there, "no {lesson} of {bytes} bytes, aligned: {aligned}");
            }
        }
    }
    for lesson in LESSONS {
        ensure!(
            transfers.iter().any(|it| it.lesson == lesson),
            "no {lesson}"
        );
    }
    Ok(())
}

fn raise_interrupts(console: &Console) -> Result<()> {
    let Report {
        lessons,
        kernel_interrupts,
        ..
    } = Report::from_console(console)?;
    let programs = lessons.programs;

    expect("events by the module's count", lessons.events, programs)?;
    // One interrupt may report several programs that end together.
    ensure!(
        (programs * 3 / 4..=programs).contains(&kernel_interrupts),
        "{kernel_interrupts} interrupts by the kernel's count for {programs} programs"
    );
    // One program does a transfer, except for the longest lists.
    ensure!(
        programs < lessons.ok + 6,
        "{programs} programs for {} transfers",
        lessons.ok
    );
    Ok(())
}

fn name_the_errors(console: &Console) -> Result<()> {
    let provoked = Report::from_console(console)?.lessons.provoked;
    let [fault, timeout] = &provoked[..] else {
        bail!("expected a fault and a timeout, got {provoked:?}");
    };

    ensure!(
        fault.contains(" fault: undefined instruction at 0x")
            && fault.ends_with(" (byte 12: undefined opcode 0xff)"),
        "the fault is reported as: {fault}"
    );
    expect("timeout", timeout.as_str(), "no end after 1000 ms")
}

fn all_that_fit_hold(console: &Console) -> Result<()> {
    let transfers = Report::from_console(console)?.lessons.transfers;
    let fit: Vec<_> = transfers
        .iter()
        .filter(|it| it.bytes < BOUNCED_MAX / 2)
        .collect();

    ensure!(fit.len() > 30, "only {} transfers", fit.len());
    fit.iter()
        .try_for_each(|it| expect("result", it.result.as_str(), "ok"))
}

fn too_long_is_refused(console: &Console) -> Result<()> {
    let transfers = Report::from_console(console)?.lessons.transfers;
    let long: Vec<_> = transfers
        .iter()
        .filter(|it| it.bytes > BOUNCED_MAX)
        .collect();

    for it in &long {
        ensure!(
            it.result.starts_with("not mapped: ")
                && it.result.ends_with(
                    " bytes are more than the 262144 that can be mapped for this device; \
                     the memory came back"
                ),
            "{it:?}"
        );
    }
    expect("long transfers", long.len(), 6)?;
    expect("exit status, as some failed", console.exit()?, 1)
}

/// Checks that the lesson of segments shows both sides before and after mapping: the same bytes, in
/// the numbers of entries and segments that it counts.
fn show_segments(console: &Console) -> Result<()> {
    let transfers = Report::from_console(console)?.lessons.transfers;
    let lesson = transfers
        .iter()
        .find(|it| it.lesson == "segments")
        .context("no lesson of segments")?;
    let report = console.section("report")?;

    for (side, entries, segments) in [
        ("from", lesson.source_entries, lesson.source_segments),
        (
            "to",
            lesson.destination_entries,
            lesson.destination_segments,
        ),
    ] {
        let line = report
            .lines()
            .find(|it| it.starts_with(&format!("segments {side}: ")))
            .with_context(|| format!("segments {side} are not shown"))?;
        let (entry_lens, segment_lens) = shown_lens(line).with_context(|| format!("in: {line}"))?;
        let bytes: u64 = entry_lens.iter().sum();

        expect("entries", entries, Some(entry_lens.len()))?;
        expect("segments", segments, Some(segment_lens.len()))?;
        expect("bytes of segments", segment_lens.iter().sum(), bytes)?;
        ensure!(bytes >= lesson.bytes, "{line}");
    }
    Ok(())
}

/// Returns the lengths of entries and segments in `... [LEN, LEN] -> N segments ADDRESS+LEN ...`.
fn shown_lens(line: &str) -> Result<(Vec<u64>, Vec<u64>)> {
    let (entries, segments) = line
        .split_once('[')
        .and_then(|(_, shown)| shown.split_once("] -> "))
        .context("no entries")?;
    let (_, segments) = segments.split_once(" segments ").context("no segments")?;
    let segments = segments.split(' ').map(|segment| {
        let (start, len) = segment.split_once('+').context("no length")?;

        ensure!(address(start)? < 1 << 32, "{start} is out of reach");
        Ok(len.parse()?)
    });

    Ok((
        entries
            .split(", ")
            .map(str::parse)
            .collect::<Result<_, _>>()?,
        segments.collect::<Result<_>>()?,
    ))
}

/// Returns the number of DMA addresses in the report, and how many are in the bounce buffers.
fn bounced_addresses(console: &Console) -> Result<(usize, usize)> {
    let (first, last) = console
        .section("dmesg-boot")?
        .lines()
        .find_map(|line| line.split_once("software IO TLB: mapped [mem "))
        .and_then(|(_, rest)| rest.split_once(']'))
        .and_then(|(range, _)| range.split_once('-'))
        .context("no bounce buffers in the log")?;
    let pool = address(first)?..=address(last)?;
    let addresses: Vec<_> = Report::from_console(console)?
        .lessons
        .transfers
        .into_iter()
        .flat_map(|it| [it.source, it.destination])
        .flatten()
        .map(|it| address(&it))
        .collect::<Result<_>>()?;

    Ok((
        addresses.len(),
        addresses.iter().filter(|it| pool.contains(it)).count(),
    ))
}

fn address(text: &str) -> Result<u64> {
    u64::from_str_radix(text.trim_start_matches("0x"), 16)
        .with_context(|| format!("address {text}"))
}
