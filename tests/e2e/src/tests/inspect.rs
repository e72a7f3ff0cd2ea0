// SPDX-License-Identifier: GPL-2.0

//! `scripts/inspect` shows what the kernel's files have, and gives the reason where it cannot.

mod debug;

use crate::{
    inspect::{
        self,
        Inspection, //
    },
    prelude::*,
};

pub use debug::add as add_debug;

/// Sections that are read from debugfs.
const IN_DEBUGFS: [&str; 5] = [SWIOTLB, "dma-buf", "IOMMU", "DMA-API debug", "rk3588_dma"];

const ALIGNMENT: &str = "Cache lines and alignment";
const SWIOTLB: &str = "Bounce buffers (swiotlb)";
const ZONES: &str = "Memory zones for DMA (/proc/vmstat)";

const DEVICE: &str = "fed10000.dma-controller";

/// Words of messages about DMA, in lower case.
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

/// Number of messages that are shown.
const MESSAGES: usize = 20;

/// Limits of the device. 128 slots of 2 KiB are the longest bounce buffer.
const LIMITS: &str = "dma_mask 0xffffffff
coherent_dma_mask 0xffffffff
max_mapping_size 262144
opt_mapping_size 262144
max_segment 4294967295
boundary_mask 0xffffffffffffffff
min_align 64
needs_sync 1";

/// Adds the tests on Debian's kernel.
pub fn add(suite: &mut Suite) {
    let mut boot = with_script(Boot::with_driver());

    // Another number of slots than any default, and counters that are not 0.
    boot.append = "swiotlb=4096,force,track_hiwater".into();
    suite.boot(
        "inspect",
        boot,
        script(&["inspect/files", "inspect/driver"]),
        [
            ("shows_devices", by(shows_devices)),
            ("lists_all_devices", by(lists_all_devices)),
            ("shows_alignment", by(expect_cache_lines)),
            (
                "shows_alignment",
                value(ALIGNMENT, "minimum alignment", "64"),
            ),
            (
                "shows_bounce_buffers",
                by(|it| expect_slots(it, "4096 (of 2 KiB: 8192 KiB)", "")),
            ),
            ("shows_bounce_buffers", by(shows_pool_of_the_boot)),
            (
                "shows_dma_bufs",
                value("dma-buf", "dma_buf/bufinfo", "0 objects, 0 bytes"),
            ),
            // The IOMMUs of the RK3588 that Debian's kernel has a driver for.
            ("shows_iommu_groups", by(|it| expect_groups(it, 5))),
            ("shows_zones", by(shows_zones)),
            ("shows_limits_and_statistics", is("limits", LIMITS)),
            ("shows_limits_and_statistics", by(shows_limits)),
            ("shows_the_end_of_the_log", by(shows_the_end_of_the_log)),
            ("says_that_there_is_no_driver", by(expect_no_driver)),
            (
                "says_that_debugfs_is_not_mounted",
                all([lacks("mounts", " debugfs "), by(expect_not_mounted)]),
            ),
            ("says_what_needs_root", by(says_what_needs_root)),
            ("says_which_files_need_root", by(expect_refused_files)),
            ("explains_its_arguments", by(explains_its_arguments)),
        ],
    );
}

/// Adds the script to a boot.
fn with_script(mut boot: Boot) -> Boot {
    boot.files.push(inspect::SCRIPT.into());
    boot
}

/// Checks a value that the script shows while the driver is bound.
fn value(heading: &'static str, name: &'static str, expected: &'static str) -> Check {
    by(move |console| inspection(console, "with")?.expect_value(heading, name, expected))
}

/// Returns the output of the script in a section of the console; it must have succeeded.
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

/// Formats lines of name and value as the script does, but not indented.
fn rows<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    lines
        .map(|line| line.split_once(' ').unwrap_or((line, "")))
        .map(|(name, value)| format!("{name:24} {value}"))
        .collect()
}

/// Returns the words of a device's row, with one blank between them.
fn device(inspection: &Inspection<'_>, name: &str) -> Result<String> {
    let words: Vec<_> = inspection
        .value("Devices", name)?
        .split_whitespace()
        .collect();

    Ok(words.join(" "))
}

fn shows_devices(console: &Console) -> Result<()> {
    let inspection = inspection(console, "with")?;
    // Ours is not among those that are left out.
    let others = console.section("bound")?.lines().count() - 1;

    expect(
        "our device",
        device(&inspection, DEVICE)?.as_str(),
        "rk3588_dma 32 bits 32 bits 262144 - -",
    )?;
    ensure!(others > 10, "only {others} devices have a driver");
    inspection.expect_line(
        "Devices",
        &format!("and {others} devices that have a driver and no IOMMU group (-a lists them)"),
    )
}

fn lists_all_devices(console: &Console) -> Result<()> {
    let inspection = inspection(console, "all")?;

    for name in console.section("bound")?.lines() {
        let words = device(&inspection, name)?;

        ensure!(!words.starts_with("- "), "{name}: {words}");
    }
    for line in inspection.section("Devices")? {
        ensure!(!line.starts_with("and "), "{line}");
    }
    Ok(())
}

fn expect_cache_lines(console: &Console) -> Result<()> {
    let lines: Vec<_> = console.section("lines")?.lines().collect();

    inspection(console, "with")?.expect_value(ALIGNMENT, "cache lines, in bytes", &lines.join(", "))
}

/// Checks that the bounce buffers are shown as the files have them: their number as `slots`, and
/// the largest number in use with `remark`.
fn expect_slots(console: &Console, slots: &str, remark: &str) -> Result<()> {
    let inspection = inspection(console, "with")?;
    let most = format!("{}{remark}", console.section("most")?);

    ensure!(
        slots.starts_with(&format!("{} ", console.section("slots")?)),
        "not {slots}"
    );
    for (name, expected) in [
        ("swiotlb: io_tlb_nslabs", slots),
        ("io_tlb_used", console.section("used")?),
        ("io_tlb_used_hiwater", &most),
    ] {
        inspection.expect_value(SWIOTLB, name, expected)?;
    }
    Ok(())
}

fn shows_pool_of_the_boot(console: &Console) -> Result<()> {
    let line = inspection(console, "with")?.value(SWIOTLB, "log of the boot")?;

    ensure!(
        line.contains("software IO TLB: mapped [mem 0x") && line.ends_with(" (8MB)"),
        "{line}"
    );
    ensure!(console.section("most")? != "0", "nothing was bounced");
    Ok(())
}

/// Checks that there are `least` IOMMU groups, each shown as in sysfs, with its device.
fn expect_groups(console: &Console, least: usize) -> Result<()> {
    let inspection = inspection(console, "with")?;
    let groups = console.section("groups")?;

    // What follows a line's first word is a device of the same group.
    for line in groups.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let [group, domain, name] = words[..] else {
            bail!("not a group with one device: {line}");
        };
        let shown = device(&inspection, name)?;

        inspection.expect_value(
            "IOMMU",
            &format!("group {group}"),
            &format!("{domain}: {name}"),
        )?;
        ensure!(
            shown.ends_with(&format!(" {group} {domain}")),
            "{name}: {shown}"
        );
    }
    ensure!(groups.lines().count() >= least, "too few groups:\n{groups}");
    Ok(())
}

fn shows_zones(console: &Console) -> Result<()> {
    let zones = |lines: Vec<&'_ str>| -> Vec<(String, u64)> {
        let zone = |line: &str| {
            let (name, value) = line.split_once(' ')?;
            let is_zone = name.ends_with("_dma") || name.ends_with("_dma32");

            is_zone.then_some((name.into(), value.trim().parse().ok()?))
        };

        lines.into_iter().filter_map(zone).collect()
    };
    let before = zones(console.section("zones-before")?.lines().collect());
    let after = zones(console.section("zones-after")?.lines().collect());
    let section = inspection(console, "with")?.section(ZONES)?;

    expect("counters", section.len(), before.len())?;
    ensure!(before.len() > 3, "{before:?}");
    for (((name, value), least), most) in zones(section).iter().zip(before).zip(after) {
        expect("name", name, &least.0)?;
        ensure!((least.1..=most.1).contains(value), "{name}: {value}");
    }
    Ok(())
}

fn shows_limits(console: &Console) -> Result<()> {
    let statistics = console.section("statistics")?;
    let expected = rows(LIMITS.lines().chain(statistics.lines())).join("\n");

    ensure!(!statistics.contains("mapped 0\n"), "{statistics}");
    inspection(console, "with")?.expect_section("rk3588_dma", &format!("{DEVICE}\n{expected}"))
}

fn shows_the_end_of_the_log(console: &Console) -> Result<()> {
    let is_about_dma = |line: &&str| {
        let line = line.to_lowercase();

        ABOUT_DMA.iter().any(|word| line.contains(word)) && !line.contains("command line: ")
    };
    let messages: Vec<_> = console
        .section("dmesg")?
        .lines()
        .filter(is_about_dma)
        .collect();
    let shown = inspection(console, "log")?.section("Kernel log about DMA")?;
    let last = *shown.last().context("nothing is shown")?;
    // The kernel may have said more since.
    let end = 1 + messages
        .iter()
        .rposition(|line| *line == last)
        .with_context(|| format!("not of the log: {last}"))?;
    let first = end - MESSAGES;

    ensure!(
        messages[..end]
            .iter()
            .any(|line| line.ends_with("rk3588_dma message 29")),
        "the last is: {last}"
    );
    expect("messages", &shown[1..], &messages[first..end])?;
    ensure!(
        shown[0].starts_with(&format!("({first} more before these: ")),
        "{}, of {end}",
        shown[0]
    );
    Ok(())
}

fn expect_no_driver(console: &Console) -> Result<()> {
    for (section, said) in [
        ("without", "the module is not loaded"),
        ("unbound", "the module is loaded, but has no device"),
    ] {
        let inspection = inspection(console, section)?;

        inspection.expect_section("rk3588_dma", said)?;
        ensure!(
            device(&inspection, DEVICE).is_err(),
            "{section}: the device is shown"
        );
        expect_no_alignment(&inspection)?;
    }
    inspection(console, "uncounted")?.expect_value("rk3588_dma", "statistics", "off")
}

fn expect_no_alignment(inspection: &Inspection<'_>) -> Result<()> {
    let why = "(only rk3588_dma shows it, in debugfs)";

    inspection.expect_value(ALIGNMENT, "minimum alignment", why)
}

/// Checks that each section of debugfs has the line `why`, and that all others are complete.
fn expect_without_debugfs(inspection: &Inspection<'_>, why: &str) -> Result<()> {
    for heading in IN_DEBUGFS {
        inspection.expect_line(heading, why)?;
    }
    expect(
        "our device",
        device(inspection, DEVICE)?.as_str(),
        "rk3588_dma - - - - -",
    )?;
    inspection.expect_line("Devices", &format!("{DEVICE}: {why}"))?;
    expect_no_alignment(inspection)?;
    inspection.value(ALIGNMENT, "cache lines, in bytes")?;
    inspection.value("IOMMU", "group 0")?;
    inspection.value(ZONES, "pgalloc_dma")?;
    Ok(())
}

fn expect_not_mounted(console: &Console) -> Result<()> {
    expect_without_debugfs(
        &inspection(console, "unmounted")?,
        "debugfs is not mounted: as root, mount -t debugfs debugfs /sys/kernel/debug",
    )
}

fn says_what_needs_root(console: &Console) -> Result<()> {
    let inspection = inspection(console, "user")?;

    expect_without_debugfs(&inspection, "/sys/kernel/debug is refused: run as root")?;
    inspection.expect_section("Kernel log about DMA", "dmesg is refused: run as root")
}

fn expect_refused_files(console: &Console) -> Result<()> {
    let inspection = inspection(console, "user-debugfs")?;

    for (heading, file) in [
        (SWIOTLB, "swiotlb/io_tlb_nslabs"),
        ("rk3588_dma", &*format!("rk3588_dma-{DEVICE}/limits")),
    ] {
        let why = format!("/sys/kernel/debug/{file} is refused: run as root");

        inspection.expect_line(heading, &why)?;
    }
    Ok(())
}

fn explains_its_arguments(console: &Console) -> Result<()> {
    let (help, exit) = split_exit(console, "help")?;

    ensure!(
        exit == "0" && help.starts_with("Usage: inspect [-a]\n"),
        "{help}"
    );
    for (section, argument) in [("unknown", "--everything"), ("too-many", "-a")] {
        let said = format!("inspect: error: unknown argument {argument}\n{help}");

        expect(section, split_exit(console, section)?, (said.as_str(), "2"))?;
    }
    Ok(())
}
