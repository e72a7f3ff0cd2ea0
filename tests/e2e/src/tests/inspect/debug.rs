// SPDX-License-Identifier: GPL-2.0

//! `scripts/inspect` on the debug kernel, with DMA-API debug on and off.

use super::{
    device,
    expect_groups,
    expect_slots,
    inspection,
    rows,
    value,
    with_script,
    ALIGNMENT, //
};
use crate::prelude::*;

const HEADING: &str = "DMA-API debug";

/// Adds the tests; `boot` boots the debug kernel with more parameters.
pub fn add(suite: &mut Suite, boot: impl Fn(&str) -> Boot) {
    // The kernel makes no list of mappings then, and a read of it does not return.
    let mut unchecked = with_script(boot("dma_debug=off"));

    unchecked.machine = Machine::Virt;
    unchecked.arguments = ["-machine", "iommu=smmuv3", "-device", "edu"]
        .map(Into::into)
        .into();
    suite.boot(
        "debug_inspect",
        with_script(boot("")),
        script(&["inspect/files", "inspect/debug"]),
        [
            ("shows_dma_api_debug", has("checks", "disabled N\n")),
            ("shows_dma_api_debug", has("checks", "num_errors 7\n")),
            ("shows_dma_api_debug", has("mappings", "rk3588_dma ")),
            ("shows_dma_api_debug", by(shows_dma_api_debug)),
            ("shows_no_limit", by(shows_no_limit)),
            ("names_what_is_not_built_in", by(names_what_is_not_built_in)),
        ],
    );
    suite.boot(
        "debug_inspect",
        unchecked,
        script(&["inspect/files", "inspect/unchecked"]),
        [
            ("does_not_read_what_hangs", exits(0)),
            ("does_not_read_what_hangs", is("disabled", "Y")),
            ("does_not_read_what_hangs", value(HEADING, "disabled", "Y")),
            (
                "does_not_read_what_hangs",
                value(
                    HEADING,
                    "dump",
                    "(not read, because DMA-API debug is disabled)",
                ),
            ),
            // The firmware of QEMU's machine does not describe the caches.
            ("shows_pci_devices", is("lines", "")),
            (
                "shows_pci_devices",
                value(
                    ALIGNMENT,
                    "cache lines, in bytes",
                    "(the kernel does not show any)",
                ),
            ),
            ("shows_pci_devices", by(|it| expect_groups(it, 1))),
            ("shows_pci_devices", by(shows_pci_devices)),
        ],
    );
}

fn shows_dma_api_debug(console: &Console) -> Result<()> {
    let mappings = console.section("mappings")?.lines().count();
    let dump = format!("dump {mappings} mappings");
    let lines = console.section("checks")?.lines().chain([&*dump]);

    inspection(console, "with")?.expect_section(HEADING, &rows(lines).join("\n"))
}

fn shows_no_limit(console: &Console) -> Result<()> {
    let words = device(&inspection(console, "with")?, super::DEVICE)?;

    // SIZE_MAX of a machine with 64 bits.
    has("limits", "\nmax_mapping_size 18446744073709551615\n")(console)?;
    ensure!(words.ends_with(" no limit - -"), "{words}");
    expect_slots(
        console,
        "2048 (of 2 KiB: 4096 KiB)",
        " (newer kernels count it only with swiotlb=track_hiwater)",
    )
}

fn names_what_is_not_built_in(console: &Console) -> Result<()> {
    let inspection = inspection(console, "with")?;
    let missing = |file: &str, option: &str| {
        format!("there is no /sys/kernel/debug/{file}: built without CONFIG_{option}")
    };

    inspection.expect_section("dma-buf", &missing("dma_buf/bufinfo", "DMA_SHARED_BUFFER"))?;
    inspection.expect_line("IOMMU", &missing("iommu", "IOMMU_DEBUGFS"))
}

fn shows_pci_devices(console: &Console) -> Result<()> {
    let inspection = inspection(console, "with")?;
    let devices = console.section("pci")?;

    ensure!(devices.lines().count() > 1, "{devices}");
    for line in devices.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let shown = device(&inspection, words[0])?;
        let masks = format!("- {} bits {} bits ", words[1], words[2]);

        ensure!(shown.starts_with(&masks), "{line}: {shown}");
    }
    Ok(())
}
