// SPDX-License-Identifier: GPL-2.0

//! `scripts/inspect` shows what the files say, and says why where it does not.

mod debug;

use anyhow::{
    ensure,
    Context,
    Result, //
};

use super::of_boot;
use crate::{
    board::{
        Board,
        Boot, //
    },
    console::Console,
    demo,
    inspect::{
        self,
        Inspection, //
    },
    suite::Suite, //
};

pub use debug::run as run_debug;

const SCRIPT: &str = concat!(
    include_str!("../../guest/inspect/files.sh"),
    include_str!("../../guest/inspect/driver.sh")
);

/// The sections that are read from debugfs.
const IN_DEBUGFS: [&str; 5] = [
    "Bounce buffers (swiotlb)",
    "dma-buf",
    "IOMMU",
    "DMA-API debug",
    "rk3588_dma",
];

const DEVICE: &str = "fed10000.dma-controller";

/// What makes a message one about DMA, in lower case.
const ABOUT_DMA: [&str; 14] = [
    "swiotlb",
    "software io tlb",
    "dma-api",
    "dma addr",
    "dma map",
    "dma mask",
    "dma: preallocated",
    "dma: failed",
    "iommu",
    "smmu",
    "dmar:",
    "amd-vi",
    "rk3588_dma",
    "pl330",
];

/// How many messages are shown.
const MESSAGES: usize = 20;

/// Runs them.
pub fn run(suite: &mut Suite, board: &Board) {
    let names = [
        "inspect::shows_devices",
        "inspect::lists_all_devices",
        "inspect::shows_alignment",
        "inspect::shows_bounce_buffers",
        "inspect::shows_dma_bufs",
        "inspect::shows_iommu_groups",
        "inspect::shows_zones",
        "inspect::shows_limits_and_statistics",
        "inspect::shows_the_end_of_the_log",
        "inspect::says_that_there_is_no_driver",
        "inspect::says_that_debugfs_is_not_mounted",
        "inspect::says_what_needs_root",
        "inspect::says_which_files_need_root",
        "inspect::explains_its_arguments",
    ];

    if !suite.wants(&names) {
        return;
    }

    let [devices, all, lines, pool, bufs, groups, zones, counts, log, driver, debugfs, user, files, args] =
        names;
    let console = suite.prepare("inspect", || boot(board));

    suite.test(devices, || shows_devices(of_boot(&console)?));
    suite.test(all, || lists_all_devices(of_boot(&console)?));
    suite.test(lines, || {
        let console = of_boot(&console)?;
        let heading = "Cache lines and alignment";

        expect_cache_lines(console)?;
        expect(
            "minimum alignment",
            inspection(console, "with")?.value(heading, "minimum alignment")?,
            "64",
        )
    });
    suite.test(pool, || {
        expect_slots(of_boot(&console)?, "4096 (of 2 KiB: 8192 KiB)", "")?;
        shows_pool_of_the_boot(of_boot(&console)?)
    });
    suite.test(bufs, || {
        expect(
            "dma-bufs",
            inspection(of_boot(&console)?, "with")?.section("dma-buf")?,
            vec![row("dma_buf/bufinfo", "0 objects, 0 bytes").as_str()],
        )
    });
    suite.test(groups, || {
        let groups = expect_groups(of_boot(&console)?)?;

        // The IOMMUs of the RK3588 that Debian's kernel has a driver for, and QEMU does not lack.
        ensure!(groups > 4, "only {groups} groups");
        Ok(())
    });
    suite.test(zones, || shows_zones(of_boot(&console)?));
    suite.test(counts, || shows_limits_and_statistics(of_boot(&console)?));
    suite.test(log, || shows_the_end_of_the_log(of_boot(&console)?));
    suite.test(driver, || says_that_there_is_no_driver(of_boot(&console)?));
    suite.test(debugfs, || {
        let console = of_boot(&console)?;
        let mounts = console.section("mounts")?;

        ensure!(!mounts.contains(" debugfs "), "it has mounted debugfs");
        expect_without_debugfs(
            &inspection(console, "unmounted")?,
            "debugfs is not mounted: as root, mount -t debugfs debugfs /sys/kernel/debug",
        )
    });
    suite.test(user, || {
        let console = of_boot(&console)?;
        let inspection = inspection(console, "user")?;

        expect_without_debugfs(&inspection, "/sys/kernel/debug is refused: run as root")?;
        expect(
            "log",
            inspection.section("Kernel log about DMA")?,
            vec!["dmesg is refused: run as root"],
        )
    });
    suite.test(files, || {
        let inspection = inspection(of_boot(&console)?, "user-debugfs")?;

        for (heading, what) in [
            ("Bounce buffers (swiotlb)", "swiotlb/io_tlb_nslabs"),
            ("rk3588_dma", &*format!("rk3588_dma-{DEVICE}/limits")),
        ] {
            let expected = format!("/sys/kernel/debug/{what} is refused: run as root");

            ensure!(
                inspection.section(heading)?.contains(&&*expected),
                "{heading}: {:?}",
                inspection.section(heading)?
            );
        }
        Ok(())
    });
    suite.test(args, || explains_its_arguments(of_boot(&console)?));
}

fn boot(board: &Board) -> Result<Console> {
    let boot = Boot {
        // Another number of slots than any default, and numbers that are not 0.
        append: "swiotlb=4096,force,track_hiwater".into(),
        overlays: vec![demo::overlay()],
        files: vec!["rk3588_dma.ko".into(), inspect::script()],
        ..Boot::default()
    };

    board.boot(&boot, SCRIPT)
}

/// What the script printed in a section of the console. It must have ended well.
fn inspection<'a>(console: &'a Console, section: &str) -> Result<Inspection<'a>> {
    let (text, exit) = split_exit(console, section)?;

    expect("exit status", exit, "0")?;
    Inspection::of(text)
}

fn split_exit<'a>(console: &'a Console, section: &str) -> Result<(&'a str, &'a str)> {
    console
        .section(section)?
        .rsplit_once("exit ")
        .with_context(|| format!("no exit status in {section}"))
}

/// A row as the script formats it, but not indented.
fn row(name: &str, value: &str) -> String {
    format!("{name:24} {value}")
}

/// The words of a device's row.
fn device<'a>(inspection: &Inspection<'a>, name: &str) -> Result<Vec<&'a str>> {
    Ok(inspection
        .value("Devices", name)?
        .split_whitespace()
        .collect())
}

fn shows_devices(console: &Console) -> Result<()> {
    let inspection = inspection(console, "with")?;
    // Ours is not among those that are left out.
    let others = console.section("bound")?.lines().count() - 1;

    expect(
        "our device",
        device(&inspection, DEVICE)?,
        vec!["rk3588_dma", "32", "bits", "32", "bits", "262144", "-", "-"],
    )?;
    ensure!(others > 10, "only {others} devices have a driver");
    ensure!(
        inspection.section("Devices")?.contains(&&*format!(
            "and {others} devices that have a driver and no IOMMU group (-a lists them)"
        )),
        "{others} devices more have a driver"
    );
    Ok(())
}

fn lists_all_devices(console: &Console) -> Result<()> {
    let inspection = inspection(console, "all")?;

    for name in console.section("bound")?.lines() {
        let words = device(&inspection, name)?;

        ensure!(words[0] != "-", "{name}: {words:?}");
    }
    ensure!(
        !inspection
            .section("Devices")?
            .iter()
            .any(|line| line.starts_with("and ")),
        "there are more"
    );
    Ok(())
}

fn expect_cache_lines(console: &Console) -> Result<()> {
    let lines: Vec<_> = console.section("lines")?.lines().collect();

    expect(
        "cache lines",
        inspection(console, "with")?.value("Cache lines and alignment", "cache lines, in bytes")?,
        lines.join(", ").as_str(),
    )
}

/// Whether the bounce buffers are shown as the files say, their number as `slots`, and the most that
/// were in use with `remark`.
fn expect_slots(console: &Console, slots: &str, remark: &str) -> Result<()> {
    let inspection = inspection(console, "with")?;
    let heading = "Bounce buffers (swiotlb)";

    ensure!(
        slots.starts_with(&format!("{} ", console.section("slots")?)),
        "not {slots}"
    );
    expect(
        "slots",
        inspection.value(heading, "swiotlb: io_tlb_nslabs")?,
        slots,
    )?;
    expect(
        "used",
        inspection.value(heading, "io_tlb_used")?,
        console.section("used")?,
    )?;
    expect(
        "most",
        inspection.value(heading, "io_tlb_used_hiwater")?,
        format!("{}{remark}", console.section("most")?).as_str(),
    )
}

fn shows_pool_of_the_boot(console: &Console) -> Result<()> {
    let line = inspection(console, "with")?.value("Bounce buffers (swiotlb)", "log of the boot")?;

    ensure!(
        line.contains("software IO TLB: mapped [mem 0x") && line.ends_with(" (8MB)"),
        "{line}"
    );
    ensure!(console.section("most")? != "0", "nothing was bounced");
    Ok(())
}

/// Whether each IOMMU group is shown as in sysfs, and with each of its devices; how many there are.
fn expect_groups(console: &Console) -> Result<usize> {
    let inspection = inspection(console, "with")?;
    let groups = console.section("groups")?;
    let mut count = 0;

    // What follows a line's first word is a device of the same group.
    for line in groups.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let [group, domain, name] = words[..] else {
            anyhow::bail!("not a group with one device: {line}");
        };

        expect(
            "group",
            inspection.value("IOMMU", &format!("group {group}"))?,
            format!("{domain}: {name}").as_str(),
        )?;
        ensure!(
            device(&inspection, name)?.ends_with(&[group, domain]),
            "{name} is not shown in group {group}"
        );
        count += 1;
    }
    Ok(count)
}

fn shows_zones(console: &Console) -> Result<()> {
    let zone = |line: &str| {
        let (name, value) = line.split_once(' ')?;
        let is_zone = name.ends_with("_dma") || name.ends_with("_dma32");

        is_zone.then(|| Some((name.to_owned(), value.trim().parse::<u64>().ok()?)))?
    };
    let zones = |section| -> Result<Vec<_>> {
        Ok(console.section(section)?.lines().filter_map(zone).collect())
    };
    let (before, after) = (zones("zones-before")?, zones("zones-after")?);
    let shown = inspection(console, "with")?.section("Memory zones for DMA (/proc/vmstat)")?;

    expect("counters", shown.len(), before.len())?;
    ensure!(before.len() > 3, "{before:?}");
    for ((line, (name, least)), (_, most)) in shown.iter().zip(before).zip(after) {
        let (shown, value) = zone(line).with_context(|| format!("no counter: {line}"))?;

        expect("name", &shown, &name)?;
        ensure!(
            (least..=most).contains(&value),
            "{name} is {value}, not {least} to {most}"
        );
    }
    Ok(())
}

fn shows_limits_and_statistics(console: &Console) -> Result<()> {
    let limits = console.section("limits")?;
    let statistics = console.section("statistics")?;
    let expected: Vec<_> = [DEVICE.to_owned()]
        .into_iter()
        .chain(limits.lines().chain(statistics.lines()).map(|line| {
            let (name, value) = line.split_once(' ').unwrap_or((line, ""));

            row(name, value)
        }))
        .collect();

    // 128 slots of 2 KiB are the longest bounce buffer.
    expect(
        "limits",
        limits,
        "dma_mask 0xffffffff\n\
         coherent_dma_mask 0xffffffff\n\
         max_mapping_size 262144\n\
         opt_mapping_size 262144\n\
         max_segment 4294967295\n\
         boundary_mask 0xffffffffffffffff\n\
         min_align 64\n\
         needs_sync 1",
    )?;
    ensure!(!statistics.contains("mapped 0\n"), "{statistics}");
    expect(
        "section",
        inspection(console, "with")?.section("rk3588_dma")?,
        expected.iter().map(String::as_str).collect(),
    )
}

fn shows_the_end_of_the_log(console: &Console) -> Result<()> {
    let messages: Vec<_> = console
        .section("dmesg")?
        .lines()
        .filter(|line| {
            let line = line.to_lowercase();

            ABOUT_DMA.iter().any(|word| line.contains(word)) && !line.contains("command line: ")
        })
        .collect();
    let shown = inspection(console, "log")?.section("Kernel log about DMA")?;
    let last = *shown.last().context("nothing is shown")?;
    // The kernel may have said more since.
    let end = 1 + messages
        .iter()
        .rposition(|line| *line == last)
        .with_context(|| format!("not of the log: {last}"))?;

    ensure!(
        messages[..end]
            .iter()
            .any(|line| line.ends_with("rk3588_dma message 29")),
        "the last is: {last}"
    );
    expect("messages", &shown[1..], &messages[end - MESSAGES..end])?;
    ensure!(
        shown[0].starts_with(&format!("({} more before these: ", end - MESSAGES)),
        "{}, of {end}",
        shown[0]
    );
    Ok(())
}

fn says_that_there_is_no_driver(console: &Console) -> Result<()> {
    for (section, said) in [
        ("without", "the module is not loaded"),
        ("unbound", "the module is loaded, but has no device"),
    ] {
        let inspection = inspection(console, section)?;

        expect("section", inspection.section("rk3588_dma")?, vec![said])?;
        ensure!(
            device(&inspection, DEVICE).is_err(),
            "{section}: the device is shown"
        );
        expect_no_alignment(&inspection)?;
    }

    let uncounted = inspection(console, "uncounted")?;

    expect(
        "statistics",
        uncounted.value("rk3588_dma", "statistics")?,
        "off",
    )
}

fn expect_no_alignment(inspection: &Inspection<'_>) -> Result<()> {
    expect(
        "minimum alignment",
        inspection.value("Cache lines and alignment", "minimum alignment")?,
        "(only rk3588_dma shows it, in debugfs)",
    )
}

/// Whether each section that debugfs is read for has the line `why`, and all others are there.
fn expect_without_debugfs(inspection: &Inspection<'_>, why: &str) -> Result<()> {
    for heading in IN_DEBUGFS {
        let section = inspection.section(heading)?;

        expect(
            heading,
            section.iter().filter(|line| **line == why).count(),
            1,
        )?;
    }
    expect(
        "our device",
        device(inspection, DEVICE)?,
        vec!["rk3588_dma", "-", "-", "-", "-", "-"],
    )?;
    ensure!(
        inspection
            .section("Devices")?
            .contains(&&*format!("{DEVICE}: {why}")),
        "it does not say why the device has no masks"
    );
    expect_no_alignment(inspection)?;
    inspection.value("Cache lines and alignment", "cache lines, in bytes")?;
    inspection.value("IOMMU", "group 0")?;
    inspection.value("Memory zones for DMA (/proc/vmstat)", "pgalloc_dma")?;
    Ok(())
}

fn explains_its_arguments(console: &Console) -> Result<()> {
    let (help, exit) = split_exit(console, "help")?;

    ensure!(
        exit == "0" && help.starts_with("Usage: inspect [-a]\n"),
        "{help}"
    );
    for (section, argument) in [("unknown", "--everything"), ("too-many", "-a")] {
        let (said, exit) = split_exit(console, section)?;

        expect("exit status", exit, "2")?;
        expect(
            section,
            said,
            format!("inspect: error: unknown argument {argument}\n{help}").as_str(),
        )?;
    }
    Ok(())
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<()> {
    ensure!(
        found == expected,
        "{what}: expected {expected:?}, found {found:?}"
    );
    Ok(())
}
