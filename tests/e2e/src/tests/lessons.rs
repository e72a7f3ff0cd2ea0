// SPDX-License-Identifier: GPL-2.0

//! The board boots, and the lessons hold: with little and with much memory, plain and bounced.

use std::fs;

use anyhow::{
    ensure,
    Context,
    Result, //
};

use super::{
    expect_no_trace,
    of_boot, //
};
use crate::{
    board::{
        Board,
        Boot, //
    },
    console::Console,
    demo::{
        self,
        Report, //
    },
    suite::Suite, //
};

/// The longest mapping that fits into the bounce buffers (`swiotlb_max_mapping_size()`).
const BOUNCED_MAX: u64 = 256 << 10;

/// What the kernel warns of on the virtual board, each with its reason.
const KNOWN_WARNINGS: [&str; 12] = [
    // QEMU has no firmware that would give a seed.
    "KASLR disabled due to lack of seed",
    // The SMMU of the PCIe controllers is not modelled.
    "arm-smmu-v3 fc900000.iommu: no translation support!",
    // Nor is the firmware behind SCMI; QEMU answers its calls with "not supported".
    "arm-scmi",
    "SCMI",
    // Of every out-of-tree module, and of every one without Debian's signature.
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

/// Runs them.
pub fn run(suite: &mut Suite, board: &Board) {
    one_gigabyte(suite, board);
    six_gigabytes(suite, board);
    bounced(suite, board);
}

fn one_gigabyte(suite: &mut Suite, board: &Board) {
    let names = [
        "board_1g::switches_itself_off",
        "board_1g::runs_the_stock_kernel",
        "board_1g::is_a_rock_5b_plus",
        "board_1g::brings_up_all_cpus",
        "board_1g::logs_nothing_wrong",
        "board_1g::logs_only_known_warnings",
        "lessons::all_hold",
        "lessons::are_not_bounced",
        "lessons::cover_what_they_claim",
        "lessons::show_segments_before_and_after_mapping",
        "lessons::raise_at_most_one_interrupt_a_program",
        "lessons::name_the_errors",
    ];

    if !suite.wants(&names) {
        return;
    }

    let [off, kernel, model, cpus, log, warnings, hold, direct, cover, segments, interrupts, errors] =
        names;
    let boot = suite.prepare("lessons", || demo::boot(board, Boot::default()));
    let report = || Report::from_console(of_boot(&boot)?);

    suite.test(off, || {
        let exit = of_boot(&boot)?.exit()?;

        ensure!(exit == 0, "the script failed: {exit}");
        Ok(())
    });
    suite.test(kernel, || {
        let release = fs::read_to_string(board.kernel.join("release"))?;

        ensure!(board.is_stock(), "KERNEL= names another kernel");
        expect("kernel", report()?.kernel.as_str(), release.trim())
    });
    suite.test(model, || {
        expect("model", report()?.board.as_str(), "Radxa ROCK 5B+")
    });
    suite.test(cpus, || {
        expect("CPUs", report()?.cpus.as_str(), "0-7")?;
        // Four Cortex-A55, then four Cortex-A76.
        expect(
            "MIDRs",
            of_boot(&boot)?.section("midr")?,
            [["0x00000000412fd050"; 4], ["0x00000000414fd0b1"; 4]]
                .concat()
                .join("\n")
                .as_str(),
        )
    });
    suite.test(log, || {
        let console = of_boot(&boot)?;

        expect_no_trace(console.section("dmesg-boot")?)?;
        expect_no_trace(console.section("dmesg")?)
    });
    suite.test(warnings, || {
        let unknown: Vec<_> = of_boot(&boot)?
            .section("warnings")?
            .lines()
            .filter(|line| !KNOWN_WARNINGS.iter().any(|known| line.contains(known)))
            .collect();

        ensure!(unknown.is_empty(), "{}", unknown.join("\n"));
        Ok(())
    });
    suite.test(hold, || expect_all_hold(of_boot(&boot)?));
    suite.test(direct, || {
        let (checked, bounced) = bounced_addresses(of_boot(&boot)?)?;

        ensure!(checked > 80, "only {checked} addresses");
        expect("addresses in the bounce buffers", bounced, 0)
    });
    suite.test(cover, || {
        let lessons = report()?.lessons;
        let done = |lesson: &str, bytes: u64, aligned: bool| {
            lessons.transfers.iter().any(|it| {
                it.lesson == lesson
                    && it.bytes == bytes
                    && aligned == ((it.from_offset | it.to_offset) % 8 == 0)
            })
        };

        for lesson in ["single", "there", "back"] {
            for bytes in [1, 1 << 20] {
                for aligned in [true, false] {
                    ensure!(
                        done(lesson, bytes, aligned),
                        "no {lesson} of {bytes} bytes, aligned: {aligned}"
                    );
                }
            }
        }
        for lesson in [
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
        ] {
            ensure!(
                lessons.transfers.iter().any(|it| it.lesson == lesson),
                "no {lesson}"
            );
        }
        Ok(())
    });
    suite.test(segments, || expect_segments(of_boot(&boot)?));
    suite.test(interrupts, || {
        let report = report()?;

        expect(
            "events by the module's count",
            report.lessons.events,
            report.lessons.programs,
        )?;
        // Programs that end together are told of together.
        ensure!(
            (report.lessons.programs * 3 / 4..=report.lessons.programs)
                .contains(&report.kernel_interrupts),
            "{} interrupts by the kernel's count for {} programs",
            report.kernel_interrupts,
            report.lessons.programs
        );
        // All but the longest list of pieces are done by one program.
        ensure!(
            report.lessons.programs < report.lessons.ok + 6,
            "{} programs for {} transfers",
            report.lessons.programs,
            report.lessons.ok
        );
        Ok(())
    });
    suite.test(errors, || {
        let provoked = report()?.lessons.provoked;
        let [fault, timeout] = &provoked[..] else {
            anyhow::bail!("expected a fault and a timeout, got {provoked:?}");
        };

        ensure!(
            fault.contains(" fault: undefined instruction at 0x")
                && fault.ends_with(" (byte 12: undefined opcode 0xff)"),
            "the fault is reported as: {fault}"
        );
        expect("timeout", timeout.as_str(), "no end after 1000 ms")
    });
}

fn six_gigabytes(suite: &mut Suite, board: &Board) {
    let names = [
        "board_6g::sees_all_memory",
        "board_6g::logs_nothing_wrong",
        "lessons_6g::all_hold",
    ];

    if !suite.wants(&names) {
        return;
    }

    let [memory, log, hold] = names;
    let boot = Boot {
        memory: "6G".into(),
        ..Boot::default()
    };
    let boot = suite.prepare("lessons, 6 GiB", || demo::boot(board, boot));

    suite.test(memory, || {
        let kilobytes: u64 = of_boot(&boot)?
            .section("memory")?
            .split_whitespace()
            .nth(1)
            .context("MemTotal")?
            .parse()?;

        // The kernel keeps some of it for itself.
        ensure!(
            kilobytes > 5_800_000,
            "the kernel sees {kilobytes} kB of memory"
        );
        Ok(())
    });
    suite.test(log, || expect_no_trace(of_boot(&boot)?.section("dmesg")?));
    suite.test(hold, || expect_all_hold(of_boot(&boot)?));
}

/// With `swiotlb=force` the device works on copies. What is not handed over or taken back shows as
/// wrong bytes; what does not fit cannot be mapped.
fn bounced(suite: &mut Suite, board: &Board) {
    let names = [
        "lessons_bounced::all_that_fit_hold",
        "lessons_bounced::too_long_is_refused",
        "lessons_bounced::use_the_bounce_buffers",
        "lessons_bounced::leave_nothing_mapped",
    ];

    if !suite.wants(&names) {
        return;
    }

    let [hold, refused, used, left] = names;
    let boot = Boot {
        append: "swiotlb=force".into(),
        ..Boot::default()
    };
    let boot = suite.prepare("lessons, bounced", || demo::boot(board, boot));
    let transfers = || anyhow::Ok(Report::from_console(of_boot(&boot)?)?.lessons.transfers);

    suite.test(hold, || {
        let mut checked = 0;

        for transfer in transfers()?.iter().filter(|it| it.bytes < BOUNCED_MAX / 2) {
            expect("result", transfer.result.as_str(), "ok")?;
            checked += 1;
        }
        ensure!(checked > 30, "only {checked} transfers");
        Ok(())
    });
    suite.test(refused, || {
        let mut checked = 0;

        for transfer in transfers()?.iter().filter(|it| it.bytes > BOUNCED_MAX) {
            ensure!(
                transfer.result.starts_with("not mapped: ")
                    && transfer.result.ends_with(
                        " bytes are more than the 262144 that can be mapped for this device; \
                         the memory came back"
                    ),
                "{} bytes: {}",
                transfer.bytes,
                transfer.result
            );
            checked += 1;
        }
        ensure!(checked == 6, "{checked} transfers");
        expect(
            "exit of the script, as one failed",
            of_boot(&boot)?.exit()?,
            1,
        )
    });
    suite.test(used, || {
        let (checked, bounced) = bounced_addresses(of_boot(&boot)?)?;

        ensure!(checked > 60, "only {checked} addresses");
        expect("addresses in the bounce buffers", bounced, checked)
    });
    suite.test(left, || {
        expect(
            "bounce buffers still in use",
            of_boot(&boot)?.section("bounced")?,
            "0",
        )
    });
}

fn expect_all_hold(console: &Console) -> Result<()> {
    let report = Report::from_console(console)?;

    for transfer in &report.lessons.transfers {
        ensure!(transfer.result == "ok", "{transfer:?}");
    }
    ensure!(report.lessons.passed, "{}", console.section("report")?);
    expect("exit of the script", console.exit()?, 0)
}

/// Whether the lesson of segments shows both sides before and after mapping: the same bytes, in as many entries
/// and segments as it counts.
fn expect_segments(console: &Console) -> Result<()> {
    let transfers = Report::from_console(console)?.lessons.transfers;
    let lesson = transfers
        .iter()
        .find(|transfer| transfer.lesson == "segments")
        .context("no segments")?;
    let sides = [
        ("from", lesson.source_entries, lesson.source_segments),
        (
            "to",
            lesson.destination_entries,
            lesson.destination_segments,
        ),
    ];

    for (side, entry_count, segment_count) in sides {
        let line = console
            .section("report")?
            .lines()
            .find(|line| line.starts_with(&format!("segments {side}: ")))
            .with_context(|| format!("nothing is shown of the segments {side}"))?;
        let (entries, segments) = line
            .split_once('[')
            .and_then(|(_, shown)| shown.split_once("] -> "))
            .and_then(|(entries, shown)| Some((entries, shown.split_once(" segments ")?.1)))
            .context(line.to_string())?;
        let entries: Vec<u64> = entries
            .split(", ")
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        let segments: Vec<u64> = segments
            .split(' ')
            .map(|segment| {
                let (start, len) = segment.split_once('+').context("no length")?;

                ensure!(address(start)? < 1 << 32, "{start} is out of reach");
                anyhow::Ok(len.parse()?)
            })
            .collect::<Result<_>>()?;

        expect("entries", entry_count, Some(entries.len()))?;
        expect("segments", segment_count, Some(segments.len()))?;
        expect(
            "bytes of segments",
            segments.iter().sum::<u64>(),
            entries.iter().sum(),
        )?;
        ensure!(entries.iter().sum::<u64>() >= lesson.bytes, "{entries:?}");
    }
    Ok(())
}

/// How many DMA addresses the report has, and how many of them are in the bounce buffers.
fn bounced_addresses(console: &Console) -> Result<(usize, usize)> {
    let (first, last) = console
        .section("dmesg-boot")?
        .lines()
        .find_map(|line| line.split_once("software IO TLB: mapped [mem "))
        .and_then(|(_, rest)| rest.split_once(']'))
        .and_then(|(range, _)| range.split_once('-'))
        .context("no bounce buffers in the log")?;
    let pool = address(first)?..=address(last)?;
    let mut addresses = vec![];

    for transfer in Report::from_console(console)?.lessons.transfers {
        for end in [transfer.source, transfer.destination]
            .into_iter()
            .flatten()
        {
            addresses.push(address(&end)?);
        }
    }
    Ok((
        addresses.len(),
        addresses.iter().filter(|at| pool.contains(at)).count(),
    ))
}

fn address(text: &str) -> Result<u64> {
    u64::from_str_radix(text.trim_start_matches("0x"), 16)
        .with_context(|| format!("address {text}"))
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<()> {
    ensure!(
        found == expected,
        "{what}: expected {expected:?}, found {found:?}"
    );
    Ok(())
}
