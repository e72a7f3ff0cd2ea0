// SPDX-License-Identifier: GPL-2.0

//! The sample for QEMU's edu device: lists behind an IOMMU, merged and bounced, a device that is late,
//! and one that no IOMMU helps.

mod report;

use std::{
    ffi::OsString,
    path::PathBuf,
    process::Command, //
};

use anyhow::{
    ensure,
    Context,
    Result, //
};
use tempfile::TempDir;

use super::{
    expect_no_trace,
    kunit,
    of_boot, //
};
use crate::{
    board::{
        Board,
        Boot,
        Kernel,
        Machine, //
    },
    console::Console,
    process::succeeds,
    samples::{
        boot,
        faults, //
    },
    suite::Suite, //
};
use report::Report;

const RUN: &str = concat!(
    include_str!("../../guest/state.sh"),
    include_str!("../../guest/samples/run.sh")
);
const LATE: &str = concat!(
    include_str!("../../guest/state.sh"),
    include_str!("../../guest/samples/late.sh")
);
const REFUSE: &str = concat!(
    include_str!("../../guest/state.sh"),
    include_str!("../../guest/samples/refuse.sh")
);

/// What the device can express: 28 bits.
const ADDRESSES: u64 = 1 << 28;

/// Where memory begins on virt.
const MEMORY: u64 = 1 << 30;

/// Runs them.
pub fn run(suite: &mut Suite, board: &Board) {
    let rooms = [
        "samples",
        "samples_bounced",
        "samples_late",
        "samples_direct",
    ];

    if rooms.iter().any(|room| suite.wants_below(room)) {
        match suite.prepare("samples", || make("samples-module")) {
            Ok(()) => {
                merged(suite, board, "samples", Kernel::Stock);
                bounced(suite, board);
                late(suite, board);
                direct(suite, board);
            }
            Err(error) => suite.add_failure("samples", &error),
        }
    }
    if suite.wants_below("debug_samples") {
        match suite.prepare("debug kernel and samples", || make("debug-samples-module")) {
            Ok(()) => merged(suite, board, "debug_samples", Kernel::Debug),
            Err(error) => suite.add_failure("debug_samples", &error),
        }
    }
}

fn make(target: &str) -> Result<()> {
    succeeds(Command::new("make").args(["--no-print-directory", target]))
}

fn merged(suite: &mut Suite, board: &Board, room: &str, kernel: Kernel) {
    let name = |test: &str| format!("{room}::{test}");

    if !suite.wants_below(room) {
        return;
    }

    let console = suite.prepare(&format!("{room}: lists behind an IOMMU"), || {
        board.boot(&boot(Machine::VirtSmmu, kernel), RUN)
    });
    let console = || of_boot(&console);

    suite.test(&name("all_holds"), || all_holds(console()?));
    suite.test(&name("addresses_are_not_physical"), || {
        addresses_are_not_physical(&Report::of(console()?, "report")?)
    });
    suite.test(&name("an_iommu_merges_entries"), || {
        let report = Report::of(console()?, "report")?;

        ensure!(
            report.counts()
                == [
                    ("whole pages, from", 8, 1),
                    ("whole pages, to", 8, 1),
                    ("parts of pages, from", 6, 3),
                    ("parts of pages, to", 6, 1),
                ],
            "{:?}",
            report.counts()
        );
        report
            .lists
            .iter()
            .try_for_each(|list| list.expect_merged())
    });
    suite.test(&name("an_unmapped_address_is_blocked"), || {
        is_blocked(console()?)
    });
    suite.test(&name("nothing_is_tried_where_addresses_linger"), || {
        let report = Report::of(console()?, "deferred-report")?;

        ensure!(report.blocked.is_none(), "{:?}", report.blocked);
        ensure!(
            console()?
                .section("deferred-report")?
                .contains("\nafter unmapping: not shown"),
            "the report does not say so"
        );
        ensure!(faults(console()?.section("deferred-log")?).count() == 0);
        Ok(())
    });
    suite.test(&name("other_words_are_refused"), || {
        let said = console()?.section("errors")?;

        ensure!(said.contains("Invalid argument"), "{said}");
        Ok(())
    });
    suite.test(&name("tables_are_mapped_again"), || {
        are_mapped_again(console()?)
    });
    suite.test(&name("syncs_go_entry_by_entry"), || match kernel {
        // There is nothing to be done for a coherent device,
        Kernel::Stock => expect_counter(console()?, "statistics", "syncs_skipped", 26 + 25),
        // but to be looked at.
        Kernel::Debug => expect_syncs(console()?),
    });
    suite.test(&name("leaves_nothing"), || {
        for (counter, value) in [("live", 0), ("mapped", 12), ("failures", 0), ("bounced", 0)] {
            expect_counter(console()?, "statistics", counter, value)?;
        }
        leaves_nothing(console()?)
    });
    suite.test(&name("leaves_the_kernel_well"), || {
        leaves_the_kernel_well(console()?)
    });
    if kernel == Kernel::Debug {
        suite.test(&name("no_dma_api_error"), || {
            kunit::no_dma_api_error(console()?)
        });
        suite.test(&name("no_mapping_left"), || {
            kunit::no_mapping_left(console()?)
        });
        suite.test(&name("no_leak"), || kunit::no_leak(console()?));
        suite.test(&name("lockdep_is_on"), || kunit::lockdep_is_on(console()?));
    }
}

/// The same where the device is not coherent: what it is to write a few bytes of is bounced.
fn bounced(suite: &mut Suite, board: &Board) {
    let names = [
        "samples_bounced::all_holds",
        "samples_bounced::few_bytes_are_bounced_and_counted",
        "samples_bounced::tables_are_mapped_again",
        "samples_bounced::syncs_go_entry_by_entry",
        "samples_bounced::leaves_nothing",
        "samples_bounced::leaves_the_kernel_well",
    ];

    if !suite.wants(&names) {
        return;
    }

    let [holds, few, again, syncs, nothing, well] = names;
    let console = suite.prepare("samples: a device that is not coherent", || {
        let work = TempDir::new()?;
        let mut boot = boot(Machine::VirtSmmu, Kernel::Stock);
        let tree = work.path().join("incoherent.dtb");

        make_incoherent(&boot, &tree)?;
        boot.arguments.extend(["-dtb".into(), tree.into()]);
        board.boot(&boot, RUN)
    });

    suite.test(holds, || all_holds(of_boot(&console)?));
    suite.test(few, || {
        let console = of_boot(&console)?;
        let report = Report::of(console, "report")?;

        // Where one entry is bounced, none is merged.
        ensure!(
            report.counts()[2..] == [("parts of pages, from", 6, 3), ("parts of pages, to", 6, 6)],
            "{:?}",
            report.counts()
        );

        let bounced: Vec<_> = report.lists[3].bounced().collect();

        ensure!(bounced == [16], "{bounced:?}");
        ensure!(report.lists[..3].iter().all(|it| it.bounced().count() == 0));
        expect_counter(console, "statistics", "bounced", 1)?;
        expect_counter(console, "statistics", "bounced_bytes", 16)
    });
    // What was bounced as a destination is not as a source, and its entries are merged then.
    suite.test(again, || are_mapped_again(of_boot(&console)?));
    suite.test(syncs, || expect_syncs(of_boot(&console)?));
    suite.test(nothing, || leaves_nothing(of_boot(&console)?));
    suite.test(well, || leaves_the_kernel_well(of_boot(&console)?));
}

/// The device tree of virt, as `boot` has it, of which nothing is coherent but the IOMMU itself.
fn make_incoherent(boot: &Boot, tree: &PathBuf) -> Result<()> {
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

/// A device that takes longer than it may. Instructions are counted, so that a busy host does not make
/// it early.
fn late(suite: &mut Suite, board: &Board) {
    let names = [
        "samples_late::is_an_error",
        "samples_late::memory_is_lost_and_not_freed",
        "samples_late::a_device_that_is_left_is_cut_off",
        "samples_late::next_time_all_holds",
    ];

    if !suite.wants(&names) {
        return;
    }

    let [error, lost, left, next] = names;
    let boot = Boot {
        counts_instructions: true,
        ..boot(Machine::VirtSmmu, Kernel::Stock)
    };
    let console = suite.prepare("samples: a device that is late", || board.boot(&boot, LATE));

    suite.test(error, || {
        let console = of_boot(&console)?;

        for (section, error) in [
            ("late", "Connection timed out"),
            ("busy", "Device or resource busy"),
        ] {
            let said = console.section(section)?;

            ensure!(said.contains(error), "{section}: {said}");
        }
        ensure!(console.section("report")?.ends_with("failed: EBUSY"));
        Ok(())
    });
    suite.test(lost, || {
        let console = of_boot(&console)?;
        let log = console.section("late-log")?;
        let address = report::word_after(log, "4096 bytes at DMA address ")
            .context("no memory is said to be lost")?;
        let next = Report::of(console, "next-report")?;

        ensure!(log.matches(" are lost: ").count() == 1, "{log}");
        expect_counter(console, "statistics", "live", 1)?;
        // It is still mapped, so nothing else can be there.
        ensure!(
            next.addresses().all(|(_, it)| it != address),
            "{address:#x} was used again"
        );
        // And was there when the device got to it.
        ensure!(faults(log).count() == 0, "{log}");
        Ok(())
    });
    suite.test(left, || {
        let log = of_boot(&console)?.section("left-log")?;

        ensure!(log.matches(" are lost: ").count() == 1, "{log}");
        ensure!(
            log.contains("it is still at an order, and is cut off from memory"),
            "{log}"
        );
        Ok(())
    });
    suite.test(next, || {
        let console = of_boot(&console)?;

        ensure!(console.exit()? == 0, "the script failed");
        ensure!(console.section("next-report")?.ends_with("All of it held."));
        expect_counter(console, "next-statistics", "live", 0)?;
        ensure!(console.section("before")? == console.section("after")?);
        expect_no_trace(console.section("log")?)
    });
}

fn direct(suite: &mut Suite, board: &Board) {
    let names = [
        "samples_direct::says_what_is_missing",
        "samples_direct::leaves_nothing",
    ];

    if !suite.wants(&names) {
        return;
    }

    let [says, nothing] = names;
    let console = suite.prepare("samples: no IOMMU", || {
        board.boot(&boot(Machine::Virt, Kernel::Stock), REFUSE)
    });

    suite.test(says, || {
        let console = of_boot(&console)?;
        let log = console.section("log")?;

        ensure!(
            log.contains("28 address bits, which do not reach the memory, and no IOMMU translates"),
            "{log}"
        );
        ensure!(console.section("bound")?.is_empty(), "it is bound");
        expect_no_trace(log)
    });
    suite.test(nothing, || {
        let console = of_boot(&console)?;

        ensure!(console.exit()? == 0, "the script failed");
        ensure!(console.section("before")? == console.section("after")?);
        Ok(())
    });
}

fn all_holds(console: &Console) -> Result<()> {
    for section in ["report", "deferred-report"] {
        let report = console.section(section)?;

        ensure!(report.ends_with("\nAll of it held."), "{report}");
    }
    ensure!(console.exit()? == 0, "the script failed");
    Ok(())
}

fn addresses_are_not_physical(report: &Report) -> Result<()> {
    for (physical, address) in report.addresses() {
        ensure!(
            physical >= MEMORY && address < ADDRESSES,
            "{physical:#x} is at {address:#x} for the device"
        );
    }
    Ok(())
}

/// Whether the IOMMU says what the report does: the device, and where it was not to write.
fn is_blocked(console: &Console) -> Result<()> {
    let log = console.section("log")?;
    let device = console.section("device")?;
    let report = Report::of(console, "report")?;
    let address = report.blocked.context("nothing was tried")?;
    let faults: Vec<_> = faults(log).collect();
    let expected = format!("F_TRANSLATION client: {device} ");

    ensure!(
        faults.len() == 1
            && faults[0].contains(&expected)
            && report::word_after(faults[0], " iova: ") == Some(address),
        "of {device} at {address:#x} the log says:\n{}",
        faults.join("\n")
    );
    ensure!(log.contains(" data write s1 "), "{log}");
    Ok(())
}

fn leaves_nothing(console: &Console) -> Result<()> {
    let (before, after) = (console.section("before")?, console.section("after")?);

    ensure!(before == after, "before:\n{before}\nafter:\n{after}");
    expect_counter(console, "statistics", "live", 0)?;
    for log in ["log", "deferred-log", "end-log"] {
        ensure!(!console.section(log)?.contains(" lost"), "memory was lost");
    }
    Ok(())
}

fn leaves_the_kernel_well(console: &Console) -> Result<()> {
    for log in ["log", "deferred-log", "end-log"] {
        // The log may be empty where nothing is to be said.
        expect_no_trace(&format!("{}\n", console.section(log)?))?;
    }
    Ok(())
}

/// Whether both pairs of tables were mapped the other way round, to the segments that there should be.
fn are_mapped_again(console: &Console) -> Result<()> {
    let report = console.section("report")?;

    for (name, counts) in [("whole pages", "1 to 1"), ("parts of pages", "1 to 3")] {
        let line =
            format!("\n{name}: mapped the other way round, {counts} segments, copied back\n");

        ensure!(report.contains(&line), "not {line:?} in:\n{report}");
    }
    Ok(())
}

/// Whether each entry was synced by itself, and no others, where the CPU asked for bytes of a segment of
/// several: these do not follow each other in memory.
fn expect_syncs(console: &Console) -> Result<()> {
    // All of both destinations, in 8 entries and 6; then 2 and 5 ranges, of which all but two are in two
    // entries; and as many of the sources, of which all but three are. Then all of what was the destination.
    expect_counter(console, "statistics", "syncs_for_cpu", 8 + 6 + 12)?;
    expect_counter(console, "statistics", "syncs_for_device", 11 + 8 + 6)
}

fn expect_counter(console: &Console, section: &str, counter: &str, value: u64) -> Result<()> {
    let text = console.section(section)?;

    ensure!(
        text.lines().any(|it| it == format!("{counter} {value}")),
        "not {counter} {value}:\n{text}"
    );
    Ok(())
}
