// SPDX-License-Identifier: GPL-2.0

//! `scripts/inspect` shows what the kernel's files have, and gives the reason where it cannot.

mod debug;

use crate::prelude::*;

pub use debug::add as add_debug;

const ALIGNMENT: &str = "Cache lines and alignment";
const SWIOTLB: &str = "Bounce buffers (swiotlb)";
const ZONES: &str = "Memory zones for DMA (/proc/vmstat)";

const DEVICE: &str = "fed10000.dma-controller";

/// Minimum alignment without our driver.
const NO_ALIGNMENT: &str = "(only rk3588_dma shows it, in debugfs)";

/// Number of messages that are shown.
const MESSAGES: usize = 20;

/// Limits of the device. 128 slots of 2 KiB are the longest bounce buffer.
const LIMITS: &str = "\
dma_mask                 0xffffffff
coherent_dma_mask        0xffffffff
max_mapping_size         262144
opt_mapping_size         262144
max_segment              4294967295
boundary_mask            0xffffffffffffffff
min_align_mask           0x0
min_align                64
needs_sync               1";

/// Adds the tests on Debian's kernel.
pub fn add(suite: &mut Suite) {
    let mut boot = Boot::with_driver().with_inspect();
    let script = script(&["inspect/files", "inspect/driver"]);

    // Another number of slots than any default, and counters that are not 0.
    boot.append = "swiotlb=4096,force,track_hiwater".into();
    suite.boot("inspect", boot, script, |tests| {
        tests.add("shows_devices", shows_devices);
        tests.add("lists_all_devices", lists_all_devices);
        tests.add("shows_alignment", |it| {
            let sizes = it.section("lines")?.replace('\n', ", ");

            shows(it, ALIGNMENT, "cache lines, in bytes", &sizes)?;
            shows(it, ALIGNMENT, "minimum alignment", "64")
        });
        tests.add("shows_bounce_buffers", |it| {
            shows_slots(it, "4096 (of 2 KiB: 8192 KiB)", "")?;
            ensure!(it.section("most")? != "0", "nothing was bounced");

            let line = inspection(it, "with")?.value(SWIOTLB, "log of the boot")?;

            expect_like(line, "*software IO TLB: mapped [mem 0x* (8MB)")
        });
        tests.add("shows_dma_bufs", |it| {
            shows(it, "dma-buf", "dma_buf/bufinfo", "0 objects, 0 bytes")
        });
        // The IOMMUs of the RK3588 that Debian's kernel has a driver for.
        tests.add("shows_iommu_groups", |it| shows_groups(it, 5));
        tests.add("shows_zones", shows_zones);
        tests.add("shows_limits", shows_limits);
        tests.add("shows_the_end_of_the_log", shows_the_end_of_the_log);
        tests.add("says_that_there_is_no_driver", expect_no_driver);
        tests.add("says_that_debugfs_is_not_mounted", |it| {
            let why = "not mounted: as root, mount -t debugfs debugfs /sys/kernel/debug";

            it.lacks("mounts", " debugfs ")?;
            expect_without_debugfs(&inspection(it, "unmounted")?, &format!("debugfs is {why}"))
        });
        tests.add("says_what_needs_root", |it| {
            let shown = inspection(it, "user")?;

            expect_without_debugfs(&shown, "/sys/kernel/debug is refused: run as root")?;
            shown.expect_section("Kernel log about DMA", "dmesg is refused: run as root")
        });
        tests.add("says_which_files_need_root", expect_refused_files);
        tests.add("explains_its_arguments", explains_its_arguments);
    });
}

/// Returns the output of the script in a section of the console; it must have succeeded.
fn inspection<'a>(it: &'a Console, section: &str) -> Result<Inspection<'a>> {
    let text = it.section(section)?;
    let text = text.strip_suffix("exit 0");

    Inspection::of(text.with_context(|| format!("{section} does not end with exit 0"))?)
}

/// Checks a value that the script shows while the driver is bound.
fn shows(it: &Console, heading: &str, name: &str, expected: &str) -> Result<()> {
    inspection(it, "with")?.expect_value(heading, name, expected)
}

/// Checks the words of a device's row, with one blank between them.
fn expect_device(shown: &Inspection<'_>, name: &str, pattern: &str) -> Result<()> {
    let words: Vec<_> = shown.value("Devices", name)?.split_whitespace().collect();

    expect_like(&words.join(" "), pattern).with_context(|| name.to_string())
}

/// Checks the rows of the devices in a section of the console.
fn expect_devices(it: &Console, section: &str) -> Result<()> {
    for line in it.section(section)?.lines() {
        let (name, pattern) = line.split_once(' ').context("no pattern")?;

        expect_device(&inspection(it, "with")?, name, pattern)?;
    }
    Ok(())
}

fn shows_devices(it: &Console) -> Result<()> {
    let shown = inspection(it, "with")?;
    // Ours is not among those that are left out.
    let others = it.section("bound")?.lines().count() - 1;
    let others_line =
        format!("and {others} devices that have a driver and no IOMMU group (-a lists them)");

    expect_device(&shown, DEVICE, "rk3588_dma 32 bits 32 bits 262144 - -")?;
    ensure!(others > 10, "only {others} devices have a driver");
    shown.expect_line("Devices", &others_line)
}

fn lists_all_devices(it: &Console) -> Result<()> {
    let shown = inspection(it, "all")?;

    for name in it.section("bound")?.lines() {
        let driver = shown.value("Devices", name)?;

        ensure!(!driver.starts_with("- "), "{name}: {driver}");
    }
    let lines = shown.section("Devices")?.into_iter();

    expect_none("others", lines.filter(|line| line.starts_with("and ")))
}

/// Checks that the bounce buffers are shown as the files have them: their number as `slots`, and
/// the largest number in use with `remark`.
fn shows_slots(it: &Console, slots: &str, remark: &str) -> Result<()> {
    let most = format!("{}{remark}", it.section("most")?);

    expect_like(slots, &format!("{} *", it.section("slots")?))?;
    shows(it, SWIOTLB, "swiotlb: io_tlb_nslabs", slots)?;
    shows(it, SWIOTLB, "io_tlb_used", it.section("used")?)?;
    shows(it, SWIOTLB, "io_tlb_used_hiwater", &most)
}

/// Checks that there are `least` IOMMU groups, each shown as in sysfs, with its device.
fn shows_groups(it: &Console, least: usize) -> Result<()> {
    let groups = it.section("groups")?.lines();

    ensure!(groups.clone().count() >= least, "too few groups");
    for line in groups {
        inspection(it, "with")?.expect_line("IOMMU", line)?;
    }
    expect_devices(it, "members")
}

fn shows_zones(it: &Console) -> Result<()> {
    let (mut before, after) = (it.counters("zones-before")?, it.counters("zones-after")?);
    let shown = inspection(it, "with")?;

    before.retain(|name, _| name.ends_with("_dma") || name.ends_with("_dma32"));
    ensure!(before.len() > 3, "{before:?}");
    expect("counters", shown.section(ZONES)?.len(), before.len())?;
    for (name, least) in before {
        let value = shown.value(ZONES, name)?.parse()?;

        ensure!((least..=after[name]).contains(&value), "{name}: {value}");
    }
    Ok(())
}

fn shows_limits(it: &Console) -> Result<()> {
    it.is("limits", LIMITS)?;
    inspection(it, "with")?.expect_section("rk3588_dma", &format!("{DEVICE}\n{LIMITS}"))
}

fn shows_the_end_of_the_log(it: &Console) -> Result<()> {
    let mut messages: Vec<_> = it.section("messages")?.lines().collect();
    let shown = inspection(it, "log")?.section("Kernel log about DMA")?;

    // The kernel may have logged more since.
    while messages.last() != shown.last() {
        ensure!(messages.pop().is_some(), "not of the log: {shown:?}");
    }

    let (others, last) = messages.split_at(messages.len() - MESSAGES);
    let is_new = |line: &&str| line.ends_with("rk3588_dma message 29");

    ensure!(messages.iter().any(is_new), "{shown:?}");
    expect("messages", &shown[1..], last)?;
    expect_like(shown[0], &format!("({} more before these: *", others.len()))
}

fn expect_no_driver(it: &Console) -> Result<()> {
    for (section, said) in [
        ("without", "the module is not loaded"),
        ("unbound", "the module is loaded, but has no device"),
    ] {
        let shown = inspection(it, section)?;

        shown.expect_section("rk3588_dma", said)?;
        shown.expect_value(ALIGNMENT, "minimum alignment", NO_ALIGNMENT)?;
        ensure!(shown.value("Devices", DEVICE).is_err(), "{section}");
    }
    Ok(())
}

/// Checks that each section of debugfs has the line `why`, and that all others are complete.
fn expect_without_debugfs(shown: &Inspection<'_>, why: &str) -> Result<()> {
    for heading in [SWIOTLB, "dma-buf", "IOMMU", "DMA-API debug", "rk3588_dma"] {
        shown.expect_line(heading, why)?;
    }
    expect_device(shown, DEVICE, "rk3588_dma - - - - -")?;
    shown.expect_line("Devices", &format!("{DEVICE}: {why}"))?;
    shown.expect_value(ALIGNMENT, "minimum alignment", NO_ALIGNMENT)?;
    shown.value(ALIGNMENT, "cache lines, in bytes")?;
    shown.value("IOMMU", "group 0")?;
    shown.value(ZONES, "pgalloc_dma").map(drop)
}

fn expect_refused_files(it: &Console) -> Result<()> {
    let shown = inspection(it, "user-debugfs")?;
    let limits = format!("rk3588_dma-{DEVICE}/limits");
    let why = |file| format!("/sys/kernel/debug/{file} is refused: run as root");

    shown.expect_line(SWIOTLB, &why("swiotlb/io_tlb_nslabs"))?;
    shown.expect_line("rk3588_dma", &why(&limits))
}

fn explains_its_arguments(it: &Console) -> Result<()> {
    let help = it.section("help")?;
    let help = help.strip_suffix("exit 0").context("no help")?;

    expect_like(help, "Usage: inspect [-a]\n*")?;
    for (section, argument) in [("unknown", "--everything"), ("too-many", "-a")] {
        let error = format!("inspect: error: unknown argument {argument}");

        it.is(section, &format!("{error}\n{help}exit 2"))?;
    }
    Ok(())
}
