// SPDX-License-Identifier: GPL-2.0

//! The board boots and the lessons hold: with 1 GiB and 6 GiB, plain and bounced.

use serde::Deserialize;

use crate::{
    demo,
    prelude::*, //
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

/// Report of the module, `report.json`, as far as it is checked.
#[derive(Deserialize)]
struct Report {
    transfers: Vec<Transfer>,
    /// Errors that lessons provoked.
    provoked: Vec<String>,
    /// Number of transfers that were right in each byte.
    ok: u64,
    programs: u64,
    events: u64,
    passed: bool,
}

#[derive(Debug, Deserialize)]
struct Transfer {
    lesson: String,
    bytes: u64,
    from_offset: u64,
    to_offset: u64,
    /// DMA addresses of the first bytes read and written.
    source: Option<String>,
    destination: Option<String>,
    /// Numbers of entries and segments of lists.
    source_entries: Option<usize>,
    source_segments: Option<usize>,
    destination_entries: Option<usize>,
    destination_segments: Option<usize>,
    /// `ok`, or the error.
    result: String,
}

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    let boot = || demo::boot(Boot::with_driver());
    let (mut six_gib, mut bounced) = (boot(), boot());

    six_gib.memory = "6G".into();
    // The device works on copies then. A missing sync shows as wrong bytes; a buffer that does not
    // fit cannot be mapped.
    bounced.append = "swiotlb=force".into();
    suite.boot("lessons", boot(), script(&["demo"]), on_1_gib());
    suite.boot(
        "lessons_6g",
        six_gib,
        script(&["demo"]),
        [
            ("board_6g::sees_all_memory", by(sees_6g)),
            ("board_6g::logs_nothing_wrong", clean("dmesg")),
            ("all_hold", by(all_hold)),
        ],
    );
    suite.boot(
        "lessons_bounced",
        bounced,
        script(&["demo"]),
        [
            ("all_that_fit_hold", by(all_that_fit_hold)),
            ("too_long_is_refused", by(too_long_is_refused)),
            ("use_the_bounce_buffers", addresses(60, true)),
            ("leave_nothing_mapped", is("bounced", "0")),
        ],
    );
}

fn on_1_gib() -> [(&'static str, Check); 13] {
    [
        ("board_1g::switches_itself_off", exits(0)),
        ("board_1g::runs_the_stock_kernel", by(is_stock_kernel)),
        (
            "board_1g::is_a_rock_5b_plus",
            has("model", "Radxa ROCK 5B+"),
        ),
        ("board_1g::brings_up_all_cpus", by(brings_up_all_cpus)),
        ("board_1g::logs_nothing_wrong", clean("dmesg-boot")),
        ("board_1g::logs_nothing_wrong", clean("dmesg")),
        (
            "board_1g::logs_only_known_warnings",
            only("warnings", &KNOWN_WARNINGS),
        ),
        ("all_hold", by(all_hold)),
        ("are_not_bounced", addresses(80, false)),
        ("cover_what_they_claim", by(cover_what_they_claim)),
        ("show_segments_before_and_after_mapping", by(show_segments)),
        ("raise_at_most_one_interrupt_a_program", by(interrupts)),
        ("name_the_errors", by(name_the_errors)),
    ]
}

fn report(console: &Console) -> Result<Report> {
    serde_json::from_str(console.section("json")?).context("the module's report.json")
}

fn is_stock_kernel(console: &Console) -> Result<()> {
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

fn sees_6g(console: &Console) -> Result<()> {
    let line = console.section("memory")?;
    let kilobytes: u64 = between(line, "MemTotal:", "kB")?.trim().parse()?;

    // The kernel keeps some of it for itself.
    ensure!(kilobytes > 5_800_000, "the kernel sees {kilobytes} kB");
    Ok(())
}

fn all_hold(console: &Console) -> Result<()> {
    let report = report(console)?;

    for transfer in &report.transfers {
        ensure!(transfer.result == "ok", "{transfer:?}");
    }
    ensure!(report.passed, "{}", console.section("report")?);
    expect("exit status of the script", console.exit()?, 0)
}

fn cover_what_they_claim(console: &Console) -> Result<()> {
    let transfers = report(console)?.transfers;

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
        let is_there = transfers.iter().any(|it| it.lesson == lesson);

        ensure!(is_there, "no {lesson}");
    }
    Ok(())
}

fn interrupts(console: &Console) -> Result<()> {
    let report = report(console)?;
    let (programs, ok) = (report.programs, report.ok);

    expect("events by the module's count", report.events, programs)?;
    // One program does a transfer, except for the longest lists.
    ensure!(programs < ok + 6, "{programs} programs, {ok} transfers");
    // One interrupt may report several programs that end together.
    number("interrupts", programs * 3 / 4..=programs)(console)
}

fn name_the_errors(console: &Console) -> Result<()> {
    let provoked = report(console)?.provoked;
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
    let mut fit = report(console)?.transfers;

    fit.retain(|it| it.bytes < BOUNCED_MAX / 2);
    ensure!(fit.len() > 30, "only {} transfers", fit.len());
    fit.iter()
        .try_for_each(|it| expect("result", it.result.as_str(), "ok"))
}

fn too_long_is_refused(console: &Console) -> Result<()> {
    let mut long = report(console)?.transfers;
    let why = " bytes are more than the 262144 that can be mapped for this device; \
               the memory came back";

    long.retain(|it| it.bytes > BOUNCED_MAX);
    for it in &long {
        ensure!(
            it.result.starts_with("not mapped: ") && it.result.ends_with(why),
            "{it:?}"
        );
    }
    expect("long transfers", long.len(), 6)?;
    expect("exit status, as some failed", console.exit()?, 1)
}

/// Checks that the lesson of segments shows both sides before and after mapping: the same bytes, in
/// the numbers of entries and segments that it counts.
fn show_segments(console: &Console) -> Result<()> {
    let mut transfers = report(console)?.transfers.into_iter();
    let lesson = transfers
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
        let line = between(report, &format!("\nsegments {side}: "), "\n")?;
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
    let entries = between(line, "[", "] -> ")?.split(", ");
    let (_, segments) = line.split_once(" segments ").context("no segments")?;
    let segments = segments.split(' ').map(|segment| {
        let (start, len) = segment.split_once('+').context("no length")?;

        ensure!(hex(start)? < 1 << 32, "{start} is out of reach");
        Ok(len.parse()?)
    });

    Ok((
        entries.map(str::parse).collect::<Result<_, _>>()?,
        segments.collect::<Result<_>>()?,
    ))
}

/// Checks that the report has more than `least` DMA addresses, and that all of them or none are in
/// the bounce buffers.
fn addresses(least: usize, bounced: bool) -> Check {
    by(move |console| {
        let log = console.section("dmesg-boot")?;
        let pool = between(log, "software IO TLB: mapped [mem ", "]")?;
        let (first, last) = pool.split_once('-').context("no range")?;
        let pool = hex(first)?..=hex(last)?;
        let addresses: Vec<_> = report(console)?
            .transfers
            .into_iter()
            .flat_map(|it| [it.source, it.destination])
            .flatten()
            .collect();

        ensure!(
            addresses.len() > least,
            "only {} addresses",
            addresses.len()
        );
        for address in addresses {
            let is_bounced = pool.contains(&hex(&address)?);

            ensure!(is_bounced == bounced, "{address} is bounced: {is_bounced}");
        }
        Ok(())
    })
}
