// SPDX-License-Identifier: GPL-2.0

//! The board boots and the lessons hold: with 1 GiB and 6 GiB, plain and bounced.

use crate::prelude::*;

/// Longest mapping that fits into the bounce buffers (`swiotlb_max_mapping_size()`).
const BOUNCED_MAX: u64 = 256 << 10;

/// Lessons of which one transfer at least is in the report.
const LESSONS: &str = "sync, fragment, shared, table, deferred, \
                       fill, rows, pieces, gather, scatter, split, pages, changed pages, \
                       segments, zero copy, together, in order, chain";

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
pub struct Report {
    pub transfers: Vec<Transfer>,
    /// Errors that lessons provoked.
    provoked: Vec<String>,
    /// Number of transfers that were right in each byte.
    ok: u64,
    programs: u64,
    events: u64,
    passed: bool,
}

#[derive(Debug, Deserialize)]
pub struct Transfer {
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
    /// True if the CPU read bytes before the transfer ended, where it was to.
    read_in_transfer: Option<bool>,
    /// `ok`, or the error.
    pub result: String,
}

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    let boot = || Boot::with_driver().with_inspect();
    let (mut six_gib, mut bounced) = (boot(), boot());

    six_gib.memory = "6G".into();
    // The device works on copies then. A missing sync shows as wrong bytes; a buffer that does not
    // fit cannot be mapped.
    bounced.append = "swiotlb=force".into();
    suite.boot("lessons", boot(), script(&["demo"]), on_1_gib);
    suite.boot("lessons_6g", six_gib, script(&["demo"]), |tests| {
        tests.add("board_6g::sees_all_memory", sees_6g);
        tests.add("board_6g::logs_nothing_wrong", |it| it.clean("dmesg"));
        tests.add("all_hold", all_hold);
        // The device does not reach the memory above 4 GiB, from which the kernel takes pages
        // first.
        tests.add("bounce_no_buffer", |it| {
            addresses(it, |lesson| ["single", "sync"].contains(&lesson), 30, false)
        });
    });
    suite.boot("lessons_bounced", bounced, script(&["demo"]), |tests| {
        tests.add("all_that_fit_hold", all_that_fit_hold);
        tests.add("too_long_is_refused", too_long_is_refused);
        tests.add("read_bytes_while_others_are_copied", read_in_transfer);
        tests.add("use_the_bounce_buffers", |it| {
            addresses(it, |_| true, 60, true)
        });
        tests.add("leave_nothing_mapped", |it| it.is("bounced", "0"));
    });
}

/// Adds the tests of a module that leaves out the syncs for the CPU, on a board that bounces: the
/// lesson that rests on them must fail.
pub fn add_unsynced(suite: &mut Suite, boot: Boot) {
    // See `tests/kunit/fixture.h`.
    let script = script(&["demo"]).map(|it| format!("parameters=leave_out=1\n{it}"));

    suite.boot("lessons_unsynced", boot.with_inspect(), script, |tests| {
        tests.add("the_first_half_is_wrong", |it| {
            let mut transfers = report(it)?.transfers;

            transfers.retain(|it| it.lesson == "sync" && it.bytes < BOUNCED_MAX);
            ensure!(!transfers.is_empty(), "no sync");
            transfers
                .iter()
                .try_for_each(|it| expect_like(&it.result, "byte 64 is 0x*, should be 0x*"))
        });
        tests.add("what_is_unmapped_is_right", |it| {
            let mut transfers = report(it)?.transfers;

            transfers.retain(|it| it.lesson == "single" && it.bytes < BOUNCED_MAX);
            ensure!(!transfers.is_empty(), "no single");
            transfers
                .iter()
                .try_for_each(|it| expect_like(&it.result, "ok"))
        });
    });
}

fn on_1_gib(tests: &mut Tests) {
    tests.add("board_1g::switches_itself_off", |it| it.exits(0));
    tests.add("board_1g::runs_the_stock_kernel", is_stock_kernel);
    tests.add("board_1g::is_a_rock_5b_plus", |it| {
        it.has("model", "Radxa ROCK 5B+")
    });
    tests.add("board_1g::brings_up_all_cpus", |it| {
        let midrs = [["0x00000000412fd050"; 4], ["0x00000000414fd0b1"; 4]].concat();

        // Four Cortex-A55 and four Cortex-A76.
        it.is("midr", &midrs.join("\n"))?;
        it.is("cpus", "0-7")
    });
    tests.add("board_1g::logs_nothing_wrong", |it| {
        it.clean("dmesg-boot")?;
        it.clean("dmesg")
    });
    tests.add("board_1g::logs_only_known_warnings", |it| {
        it.only("warnings", &KNOWN_WARNINGS)
    });
    add_report(tests);
}

/// Adds the tests of a report of all lessons, on a board that bounces none.
pub fn add_report(tests: &mut Tests) {
    tests.add("all_hold", all_hold);
    tests.add("are_not_bounced", |it| addresses(it, |_| true, 80, false));
    tests.add("cover_what_they_claim", cover_what_they_claim);
    tests.add("show_segments_before_and_after_mapping", show_segments);
    tests.add("read_bytes_while_others_are_copied", read_in_transfer);
    tests.add("raise_at_most_one_interrupt_a_program", interrupts);
    tests.add("name_the_errors", name_the_errors);
}

/// Returns the report of the module.
pub fn report(it: &Console) -> Result<Report> {
    serde_json::from_str(it.section("json")?).context("the module's report.json")
}

fn is_stock_kernel(it: &Console) -> Result<()> {
    ensure!(Board::get()?.is_stock(), "KERNEL= names another kernel");
    Kernel::Stock.expect_in(it)
}

fn sees_6g(it: &Console) -> Result<()> {
    let line = it.section("memory")?;

    // The kernel keeps some of it for itself.
    ensure!(numbers(line)[0] > 5_800_000, "{line}");
    Ok(())
}

fn all_hold(it: &Console) -> Result<()> {
    let report = report(it)?;

    for transfer in &report.transfers {
        ensure!(transfer.result == "ok", "{transfer:?}");
    }
    ensure!(report.passed, "{}", it.section("report")?);
    it.exits(0)
}

fn cover_what_they_claim(it: &Console) -> Result<()> {
    let transfers = report(it)?.transfers;
    let done = transfers.iter().map(|it| {
        let aligned = (it.from_offset | it.to_offset) % 8 == 0;

        (&*it.lesson, it.bytes, aligned)
    });
    let done: BTreeSet<_> = done.collect();

    for lesson in ["single", "there", "back"] {
        for (bytes, aligned) in [(1, true), (1, false), (1 << 20, true), (1 << 20, false)] {
            let is_there = done.contains(&(lesson, bytes, aligned));

            ensure!(is_there, "no {lesson} of {bytes} bytes, aligned: {aligned}");
        }
    }
    for lesson in LESSONS.split(", ") {
        ensure!(done.iter().any(|it| it.0 == lesson), "no {lesson}");
    }
    Ok(())
}

/// Checks that the CPU read the first half of a copy before the second half had been copied.
fn read_in_transfer(it: &Console) -> Result<()> {
    let mut transfers = report(it)?.transfers;

    transfers.retain(|it| it.lesson == "sync" && it.result == "ok");

    // The end of a short transfer may be earlier than the reading thread runs again, on a kernel
    // that checks itself.
    let longest = transfers.iter().max_by_key(|it| it.bytes);
    let is_read = longest.context("no sync")?.read_in_transfer;

    expect("read in transfer", is_read, Some(true))
}

fn interrupts(it: &Console) -> Result<()> {
    let report = report(it)?;
    let (programs, ok) = (report.programs, report.ok);

    expect("events by the module's count", report.events, programs)?;
    // One program does a transfer, except for the longest lists.
    ensure!(programs < ok + 6, "{programs} programs, {ok} transfers");
    // One interrupt may report several programs that end together. Others report progress.
    let progress = report.transfers.iter().filter(|it| it.lesson == "sync");

    it.within(
        "interrupts",
        programs * 3 / 4..=programs + progress.count() as u64,
    )
}

fn name_the_errors(it: &Console) -> Result<()> {
    let provoked = report(it)?.provoked;
    let fault = "* fault: undefined instruction at 0x* (byte 12: undefined opcode 0xff)";

    ensure!(provoked.len() == 2, "{provoked:?}");
    expect_like(&provoked[0], fault)?;
    expect_like(&provoked[1], "no end after 200 ms")
}

fn all_that_fit_hold(it: &Console) -> Result<()> {
    let mut fit = report(it)?.transfers;

    fit.retain(|it| it.bytes < BOUNCED_MAX / 2);
    ensure!(fit.len() > 30, "only {} transfers", fit.len());
    fit.iter().try_for_each(|it| expect_like(&it.result, "ok"))
}

fn too_long_is_refused(it: &Console) -> Result<()> {
    let mut long = report(it)?.transfers;
    let error = "not mapped: * bytes are more than the 262144 that can be mapped for this device; \
                 the memory came back";

    long.retain(|it| it.bytes > BOUNCED_MAX);
    expect("long transfers", long.len(), 7)?;
    long.iter()
        .try_for_each(|it| expect_like(&it.result, error))?;
    // Some failed.
    it.exits(1)
}

/// Checks that the lesson of segments shows both sides before and after mapping: the same bytes, in
/// the numbers of entries and segments that it counts.
fn show_segments(it: &Console) -> Result<()> {
    let transfers = report(it)?.transfers;
    let lesson = transfers.iter().find(|it| it.lesson == "segments");
    let lesson = lesson.context("no lesson of segments")?;
    let text = it.section("report")?;
    let source = [lesson.source_entries, lesson.source_segments];
    let destination = [lesson.destination_entries, lesson.destination_segments];

    for (side, counts) in [("from", source), ("to", destination)] {
        // As in 16 bytes, 2 entries [8, 8] -> 1 segments 0x1000+16
        let line = between(text, &format!("\nsegments {side}: "), "\n")?;
        let (entries, segments) = line.split_once(" -> ").context("no segments")?;
        let (entries, segments) = (&numbers(entries)[2..], &numbers(segments)[1..]);
        let bytes: u64 = entries.iter().sum();
        let (starts, lens): (Vec<_>, Vec<_>) = segments.chunks(2).map(|it| (it[0], it[1])).unzip();

        expect(line, counts, [entries.len(), lens.len()].map(Some))?;
        expect(line, lens.iter().sum(), bytes)?;
        ensure!(bytes >= lesson.bytes, "{line}");
        // The device reaches no other addresses.
        ensure!(starts.iter().all(|start| *start < 1 << 32), "{line}");
    }
    Ok(())
}

/// Checks that the report has more than `least` DMA addresses, and that all of them or none are in
/// the bounce buffers.
fn addresses(it: &Console, of: fn(&str) -> bool, least: usize, bounced: bool) -> Result<()> {
    let log = it.section("dmesg-boot")?;
    let pool = numbers(between(log, "software IO TLB: mapped [mem ", "]")?);
    let transfers = report(it)?.transfers.into_iter();
    let addresses: Vec<_> = transfers
        .filter(|it| of(&it.lesson))
        .flat_map(|it| [it.source, it.destination])
        .flatten()
        .collect();

    ensure!(addresses.len() > least, "only {addresses:?}");
    for address in addresses {
        let is_bounced = (pool[0]..=pool[1]).contains(&numbers(&address)[0]);

        ensure!(is_bounced == bounced, "{address} is bounced: {is_bounced}");
    }
    Ok(())
}
