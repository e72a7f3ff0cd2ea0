// SPDX-License-Identifier: GPL-2.0

//! The sample for QEMU's edu device: lists behind an IOMMU, merged and bounced, a device that is
//! late, and a device that does not reach the memory.

mod report;

use std::ffi::OsString;

use crate::{
    prelude::*,
    samples::{
        boot,
        faults, //
    }, //
};
use report::Report;

use super::kunit;

/// Addresses that the device can express: 28 bits.
const ADDRESSES: u64 = 1 << 28;

/// First address of memory on virt.
const MEMORY: u64 = 1 << 30;

/// Sections with kernel logs.
const LOGS: [&str; 3] = ["log", "deferred-log", "end-log"];

/// Reason for which the driver refuses a device without an IOMMU.
const DIRECT: &str = "28 address bits, which do not reach the memory, and no IOMMU translates";

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    merged(suite, "debug_samples", Kernel::Debug);
    merged(suite, "samples", Kernel::Stock);
    bounced(suite);
    late(suite);
    suite.boot(
        "samples_direct",
        boot(Machine::Virt, Kernel::Stock),
        script(&["state", "samples/refuse"]),
        [
            ("says_what_is_missing", has("log", DIRECT)),
            ("says_what_is_missing", is("bound", "")),
            ("says_what_is_missing", clean("log")),
            ("leaves_nothing", exits(0)),
            ("leaves_nothing", unchanged("before", "after")),
        ],
    );
}

fn merged(suite: &mut Suite, group: &str, kernel: Kernel) {
    let syncs = match kernel {
        // A coherent device needs no sync,
        Kernel::Stock => counts(&[("syncs_skipped", 26 + 25)]),
        // unless something has to look.
        Kernel::Debug => counts(&SYNCS),
    };
    let mut tests = vec![
        ("all_holds", all_holds()),
        ("addresses_are_not_physical", by(addresses_are_not_physical)),
        ("an_iommu_merges_entries", by(entries_are_merged)),
        ("an_unmapped_address_is_blocked", by(is_blocked)),
        (
            "nothing_is_tried_where_addresses_linger",
            all([
                has("deferred-report", "\nafter unmapping: not shown"),
                by(nothing_is_tried),
            ]),
        ),
        ("other_words_are_refused", has("errors", "Invalid argument")),
        ("tables_are_mapped_again", are_mapped_again()),
        ("syncs_go_entry_by_entry", syncs),
        (
            "leaves_nothing",
            counts(&[("mapped", 12), ("failures", 0), ("bounced", 0)]),
        ),
        ("leaves_nothing", leaves_nothing()),
        ("leaves_the_kernel_well", by(leaves_the_kernel_well)),
    ];

    if kernel == Kernel::Debug {
        tests.extend([
            ("no_dma_api_error", kunit::no_dma_api_error()),
            ("no_mapping_left", kunit::no_mapping_left()),
            ("no_leak", kunit::no_leak()),
            ("lockdep_is_on", kunit::lockdep_is_on()),
        ]);
    }
    suite.boot(
        group,
        boot(Machine::VirtSmmu, kernel),
        script(&["state", "samples/run"]),
        tests,
    );
}

/// Adds the tests of a device that is not coherent. The kernel bounces short entries of a
/// destination.
fn bounced(suite: &mut Suite) {
    let tests = [
        ("all_holds", all_holds()),
        (
            "few_bytes_are_bounced_and_counted",
            by(few_bytes_are_bounced),
        ),
        (
            "few_bytes_are_bounced_and_counted",
            counts(&[("bounced", 1), ("bounced_bytes", 16)]),
        ),
        // An entry that is bounced as a destination is not as a source: there it is merged.
        ("tables_are_mapped_again", are_mapped_again()),
        ("syncs_go_entry_by_entry", counts(&SYNCS)),
        ("leaves_nothing", leaves_nothing()),
        ("leaves_the_kernel_well", by(leaves_the_kernel_well)),
    ];

    suite.boot_with("samples_bounced", tests, || {
        let mut boot = boot(Machine::VirtSmmu, Kernel::Stock);
        let tree = Path::new("out/incoherent.dtb");

        make_incoherent(&boot, tree)?;
        boot.arguments.extend(["-dtb".into(), tree.into()]);
        Ok((boot, script(&["state", "samples/run"])?))
    });
}

/// Writes the device tree of virt, as `boot` has it, in which only the IOMMU is coherent.
fn make_incoherent(boot: &Boot, tree: &Path) -> Result<()> {
    let mut dump = OsString::from("dumpdtb=");

    dump.push(tree);
    succeeds(
        Command::new("qemu-system-aarch64")
            .args(boot.machine.options())
            .arg("-machine")
            .arg(dump)
            .args(["-m", &boot.memory, "-nodefaults", "-display", "none"])
            .args(&boot.arguments),
    )?;
    for node in ["/", "/pcie@10000000"] {
        succeeds(
            Command::new("fdtput")
                .arg("-d")
                .arg(tree)
                .args([node, "dma-coherent"]),
        )?;
    }
    Ok(())
}

/// Adds the tests of a device that takes longer than it may.
fn late(suite: &mut Suite) {
    suite.boot(
        "samples_late",
        boot(Machine::VirtSmmu, Kernel::Stock),
        script(&["state", "samples/late"]),
        [
            ("is_an_error", has("late", "Connection timed out")),
            ("is_an_error", has("busy", "Device or resource busy")),
            ("is_an_error", has("report", "failed: EBUSY")),
            (
                "memory_is_lost_and_not_freed",
                occurs("late-log", " are lost: ", 1),
            ),
            ("memory_is_lost_and_not_freed", by(memory_is_not_freed)),
            ("memory_is_lost_and_not_freed", counts(&[("live", 1)])),
            (
                "a_device_that_is_left_is_cut_off",
                all([
                    occurs("left-log", " are lost: ", 1),
                    has(
                        "left-log",
                        "it is still at an order, and is cut off from memory",
                    ),
                ]),
            ),
            ("next_time_all_holds", exits(0)),
            ("next_time_all_holds", has("next-report", "All of it held.")),
            (
                "next_time_all_holds",
                counters("next-statistics", &[("live", 0)]),
            ),
            ("next_time_all_holds", unchanged("before", "after")),
            ("next_time_all_holds", clean("log")),
        ],
    );
}

/// Counters of the syncs: each entry was synced by itself, and no others, where the CPU accessed
/// bytes of a segment of several entries, because these do not follow each other in memory.
///
/// All of both destinations, in 8 entries and 6; then 2 and 5 ranges, of which all but two are in
/// two entries; and 2 and 5 ranges of the sources, of which all but three are. Then all of the
/// tables that were the destinations.
const SYNCS: [(&str, u64); 2] = [
    ("syncs_for_cpu", 8 + 6 + 12),
    ("syncs_for_device", 11 + 8 + 6),
];

/// Checks counters of the module's statistics.
fn counts(expected: &[(&'static str, u64)]) -> Check {
    counters("statistics", expected)
}

fn all_holds() -> Check {
    all([
        has("report", "\nAll of it held."),
        has("deferred-report", "\nAll of it held."),
        exits(0),
    ])
}

fn addresses_are_not_physical(console: &Console) -> Result<()> {
    for (physical, address) in Report::of(console, "report")?.addresses() {
        ensure!(
            physical >= MEMORY && address < ADDRESSES,
            "{physical:#x} is at {address:#x} for the device"
        );
    }
    Ok(())
}

fn nothing_is_tried(console: &Console) -> Result<()> {
    let report = Report::of(console, "deferred-report")?;

    expect("blocked address", report.blocked, None)?;
    expect_none("faults", faults(console.section("deferred-log")?))
}

fn entries_are_merged(console: &Console) -> Result<()> {
    let report = Report::of(console, "report")?;

    expect(
        "lists, with entries and segments",
        report.counts(),
        vec![
            ("whole pages, from", 8, 1),
            ("whole pages, to", 8, 1),
            ("parts of pages, from", 6, 3),
            ("parts of pages, to", 6, 1),
        ],
    )?;
    report
        .lists
        .iter()
        .try_for_each(|list| list.expect_merged())
}

/// Checks that the IOMMU reports what the driver does: the device, and where it was not to write.
fn is_blocked(console: &Console) -> Result<()> {
    let log = console.section("log")?;
    let device = console.section("device")?;
    let address = Report::of(console, "report")?
        .blocked
        .context("the driver did not try")?;
    let faults: Vec<_> = faults(log).collect();

    ensure!(
        faults.len() == 1
            && faults[0].contains(&format!("F_TRANSLATION client: {device} "))
            && report::word_after(faults[0], " iova: ") == Some(address)
            && log.contains(" data write s1 "),
        "of {device} at {address:#x} the log has:\n{}",
        faults.join("\n")
    );
    Ok(())
}

/// Checks that both pairs of tables were mapped the other way round, in the right segments.
fn are_mapped_again() -> Check {
    let has = |line| has("report", line);

    all([
        has("\nwhole pages: mapped the other way round, 1 to 1 segments, copied back\n"),
        has("\nparts of pages: mapped the other way round, 1 to 3 segments, copied back\n"),
    ])
}

fn few_bytes_are_bounced(console: &Console) -> Result<()> {
    let report = Report::of(console, "report")?;
    let bounced: Vec<_> = report.lists.iter().map(report::List::bounced).collect();

    // Where one entry is bounced, none is merged.
    expect(
        "lists, with entries and segments",
        &report.counts()[2..],
        &[("parts of pages, from", 6, 3), ("parts of pages, to", 6, 6)],
    )?;
    expect(
        "lengths of bounced entries",
        bounced,
        vec![vec![], vec![], vec![], vec![16]],
    )
}

fn memory_is_not_freed(console: &Console) -> Result<()> {
    let log = console.section("late-log")?;
    let address = report::word_after(log, "4096 bytes at DMA address ")
        .context("no memory is reported as lost")?;
    let mut used = Report::of(console, "next-report")?.addresses();

    // The memory is still mapped, so nothing else can be there,
    used.retain(|(_, it)| *it == address);
    expect("addresses used again", used, vec![])?;
    // and it was there when the device accessed it.
    expect_none("faults", faults(log))
}

fn leaves_nothing() -> Check {
    all([
        unchanged("before", "after"),
        counts(&[("live", 0)]),
        all(LOGS.map(|log| lacks(log, " lost"))),
    ])
}

/// Checks the logs, which may be empty.
fn leaves_the_kernel_well(console: &Console) -> Result<()> {
    LOGS.into_iter()
        .try_for_each(|log| expect_no_trace(&format!("{}\n", console.section(log)?)))
}
