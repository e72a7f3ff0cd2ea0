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
const IN_DEBUGFS: [&str; 5] = [
    "Bounce buffers (swiotlb)",
    "dma-buf",
    "IOMMU",
    "DMA-API debug",
    "rk3588_dma",
];

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

/// Adds the tests on Debian's kernel.
pub fn add(suite: &mut Suite) {
    suite.boot(
        "inspect",
        || {
            let boot = Boot {
                // Another number of slots than any default, and counters that are not 0.
                append: "swiotlb=4096,force,track_hiwater".into(),
                ..with_script(Boot::with_driver())
            };

            Ok((boot, script(&["inspect/files", "inspect/driver"])?))
        },
        [
            ("shows_devices", by(shows_devices)),
            ("lists_all_devices", by(lists_all_devices)),
            (
                "shows_alignment",
                all([
                    by(expect_cache_lines),
                    value("Cache lines and alignment", "minimum alignment", "64"),
                ]),
            ),
            (
                "shows_bounce_buffers",
                all([
                    by(|it| expect_slots(it, "4096 (of 2 KiB: 8192 KiB)", "")),
                    by(shows_pool_of_the_boot),
                ]),
            ),
            (
                "shows_dma_bufs",
                value("dma-buf", "dma_buf/bufinfo", "0 objects, 0 bytes"),
            ),
            (
                "shows_iommu_groups",
                by(|console| {
                    let groups = expect_groups(console)?;

                    // The IOMMUs of the RK3588 that Debian's kernel has a driver for.
                    ensure!(groups > 4, "only {groups} groups");
                    Ok(())
                }),
            ),
            ("shows_zones", by(shows_zones)),
            (
                "shows_limits_and_statistics",
                by(shows_limits_and_statistics),
            ),
            ("shows_the_end_of_the_log", by(shows_the_end_of_the_log)),
            (
                "says_that_there_is_no_driver",
                by(says_that_there_is_no_driver),
            ),
            (
                "says_that_debugfs_is_not_mounted",
                all([
                    lacks("mounts", " debugfs "),
                    by(|console| {
                        expect_without_debugfs(
                            &inspection(console, "unmounted")?,
                            "debugfs is not mounted: as root, mount -t debugfs debugfs \
                             /sys/kernel/debug",
                        )
                    }),
                ]),
            ),
            ("says_what_needs_root", by(says_what_needs_root)),
            ("says_which_files_need_root", by(says_which_files_need_root)),
            ("explains_its_arguments", by(explains_its_arguments)),
        ],
    );
}

/// Adds the script to a boot.
fn with_script(boot: Boot) -> Boot {
    let files = [boot.files, vec![inspect::SCRIPT.into()]].concat();

    Boot { files, ..boot }
}

/// Checks a value that the script shows while the driver is bound.
fn value(heading: &'static str, name: &'static str, expected: &'static str) -> Check {
    by(move |console| {
        expect(
            name,
            inspection(console, "with")?.value(heading, name)?,
            expected,
        )
    })
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

/// Returns a row as the script formats it, but not indented.
fn row(name: &str, value: &str) -> String {
    format!("{name:24} {value}")
}

/// Returns the words of a device's row.
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

/// Checks that the bounce buffers are shown as the files have them: their number as `slots`, and
/// the largest number in use with `remark`.
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

/// Checks that each IOMMU group is shown as in sysfs, with its device; returns their number.
fn expect_groups(console: &Console) -> Result<usize> {
    let inspection = inspection(console, "with")?;
    let groups = console.section("groups")?;
    let mut count = 0;

    // What follows a line's first word is a device of the same group.
    for line in groups.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let [group, domain, name] = words[..] else {
            bail!("not a group with one device: {line}");
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

/// Checks that each section of debugfs has the line `why`, and that all others are complete.
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

fn says_what_needs_root(console: &Console) -> Result<()> {
    let inspection = inspection(console, "user")?;

    expect_without_debugfs(&inspection, "/sys/kernel/debug is refused: run as root")?;
    expect(
        "log",
        inspection.section("Kernel log about DMA")?,
        vec!["dmesg is refused: run as root"],
    )
}

fn says_which_files_need_root(console: &Console) -> Result<()> {
    let inspection = inspection(console, "user-debugfs")?;

    for (heading, file) in [
        ("Bounce buffers (swiotlb)", "swiotlb/io_tlb_nslabs"),
        ("rk3588_dma", &*format!("rk3588_dma-{DEVICE}/limits")),
    ] {
        let expected = format!("/sys/kernel/debug/{file} is refused: run as root");
        let section = inspection.section(heading)?;

        ensure!(section.contains(&&*expected), "{heading}: {section:?}");
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
