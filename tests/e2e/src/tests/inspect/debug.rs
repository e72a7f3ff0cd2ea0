// SPDX-License-Identifier: GPL-2.0

//! `scripts/inspect` on the debug kernel, with DMA-API debug on and off.

use super::*;

const CHECKS: &str = "DMA-API debug";

/// Adds the tests; `boot` boots the debug kernel with more parameters.
pub fn add(suite: &mut Suite, boot: impl Fn(&str) -> Boot) {
    let checked = boot("").with_inspect();
    // The kernel makes no list of mappings then, and a read of it does not return.
    let mut unchecked = boot("dma_debug=off").with_inspect();

    unchecked.machine = Machine::Virt;
    unchecked.arguments = ["-machine", "iommu=smmuv3", "-device", "edu"]
        .map(Into::into)
        .into();

    let script = |name| script(&["inspect/files", name]);
    let (on, off) = (
        "debug_inspect: dma_debug=on",
        "debug_inspect: dma_debug=off",
    );

    suite.boot(on, checked, script("inspect/debug"), |tests| {
        tests.add("shows_dma_api_debug", shows_dma_api_debug);
        tests.add("shows_no_limit", |it| {
            let remark = " (newer kernels count it only with swiotlb=track_hiwater)";

            // SIZE_MAX of a machine with 64 bits.
            it.has(
                "limits",
                "\nmax_mapping_size         18446744073709551615\n",
            )?;
            expect_device(&inspection(it, "with")?, DEVICE, "* no limit - -")?;
            shows_slots(it, "1024 (of 2 KiB: 2048 KiB)", remark)
        });
        tests.add("names_what_is_not_built_in", names_what_is_not_built_in);
    });
    suite.boot(off, unchecked, script("inspect/unchecked"), |tests| {
        tests.add("does_not_read_what_hangs", |it| {
            let dump = "(not read, because DMA-API debug is disabled)";

            it.exits(0)?;
            it.is("disabled", "Y")?;
            shows(it, CHECKS, "disabled", "Y")?;
            shows(it, CHECKS, "dump", dump)
        });
        tests.add("shows_pci_devices", shows_pci_devices);
    });
}

fn shows_dma_api_debug(it: &Console) -> Result<()> {
    it.has("checks", "\ndisabled                 N\n")?;
    it.has("checks", "\nnum_errors               7\n")?;
    it.has("mappings", "rk3588_dma ")?;
    inspection(it, "with")?.expect_section(CHECKS, it.section("checks")?)
}

fn names_what_is_not_built_in(it: &Console) -> Result<()> {
    let shown = inspection(it, "with")?;
    let missing = |file, option| {
        format!("there is no /sys/kernel/debug/{file}: built without CONFIG_{option}")
    };

    shown.expect_section("dma-buf", &missing("dma_buf/bufinfo", "DMA_SHARED_BUFFER"))?;
    shown.expect_line("IOMMU", &missing("iommu", "IOMMU_DEBUGFS"))
}

fn shows_pci_devices(it: &Console) -> Result<()> {
    let devices = it.section("pci")?.lines().count();

    ensure!(devices > 1, "there are too few");
    expect_devices(it, "pci")?;
    shows_groups(it, 1)?;
    // The firmware of QEMU's machine does not describe the caches.
    it.is("lines", "")?;
    shows(
        it,
        ALIGNMENT,
        "cache lines, in bytes",
        "(the kernel does not show any)",
    )
}
