// SPDX-License-Identifier: GPL-2.0

//! `scripts/inspect` on the debug kernel, with DMA-API debug on and off.

use super::{
    device,
    expect_groups,
    expect_slots,
    inspection,
    row,
    value,
    with_script, //
};
use crate::prelude::*;

const HEADING: &str = "DMA-API debug";

/// Adds the tests; `boot` boots the debug kernel with more parameters.
pub fn add(suite: &mut Suite, boot: impl Fn(&str) -> Boot) {
    let checked = with_script(boot(""));
    // The kernel makes no list of mappings then, and a read of it does not return.
    let unchecked = Boot {
        machine: Machine::Virt,
        arguments: ["-machine", "iommu=smmuv3", "-device", "edu"]
            .map(Into::into)
            .into(),
        ..with_script(boot("dma_debug=off"))
    };

    suite.boot(
        "debug_inspect",
        || Ok((checked, script(&["inspect/files", "inspect/debug"])?)),
        [
            ("shows_dma_api_debug", by(shows_dma_api_debug)),
            ("shows_no_limit", by(shows_no_limit)),
            (
                "names_what_is_not_built_in",
                by(|console| {
                    let inspection = inspection(console, "with")?;
                    let missing = |file: &str, option: &str| {
                        format!(
                            "there is no /sys/kernel/debug/{file}: built without CONFIG_{option}"
                        )
                    };

                    expect(
                        "dma-bufs",
                        inspection.section("dma-buf")?,
                        vec![&*missing("dma_buf/bufinfo", "DMA_SHARED_BUFFER")],
                    )?;
                    ensure!(
                        inspection
                            .section("IOMMU")?
                            .contains(&&*missing("iommu", "IOMMU_DEBUGFS")),
                        "IOMMU"
                    );
                    Ok(())
                }),
            ),
        ],
    );
    suite.boot(
        "debug_inspect",
        || Ok((unchecked, script(&["inspect/files", "inspect/unchecked"])?)),
        [
            (
                "does_not_read_what_hangs",
                all([
                    exits(0),
                    is("disabled", "Y"),
                    value(HEADING, "disabled", "Y"),
                    value(
                        HEADING,
                        "dump",
                        "(not read, because DMA-API debug is disabled)",
                    ),
                ]),
            ),
            ("shows_pci_devices", by(shows_pci_devices)),
        ],
    );
}

fn shows_dma_api_debug(console: &Console) -> Result<()> {
    let checks = console.section("checks")?;
    let mappings = console.section("mappings")?;
    let dump = format!("{} mappings", mappings.lines().count());
    let expected: Vec<_> = checks
        .lines()
        .map(|line| line.split_once(' ').unwrap_or((line, "")))
        .chain([("dump", &*dump)])
        .map(|(name, value)| row(name, value))
        .collect();

    for (text, part) in [
        (checks, "disabled N\n"),
        (checks, "num_errors 7\n"),
        (mappings, "rk3588_dma "),
    ] {
        ensure!(text.contains(part), "no {part:?} in:\n{text}");
    }
    expect(
        "section",
        inspection(console, "with")?.section(HEADING)?,
        expected.iter().map(String::as_str).collect(),
    )
}

fn shows_no_limit(console: &Console) -> Result<()> {
    let words = device(&inspection(console, "with")?, super::DEVICE)?;
    let limits = console.section("limits")?;

    // SIZE_MAX of a machine with 64 bits.
    ensure!(
        limits.contains("\nmax_mapping_size 18446744073709551615\n"),
        "there is a limit: {limits}"
    );
    ensure!(words.ends_with(&["no", "limit", "-", "-"]), "{words:?}");
    expect_slots(
        console,
        "2048 (of 2 KiB: 4096 KiB)",
        " (newer kernels count it only with swiotlb=track_hiwater)",
    )
}

fn shows_pci_devices(console: &Console) -> Result<()> {
    let inspection = inspection(console, "with")?;
    let groups = expect_groups(console)?;
    let devices = console.section("pci")?;

    // The firmware of QEMU's machine does not describe the caches.
    expect(
        "cache lines",
        inspection.value("Cache lines and alignment", "cache lines, in bytes")?,
        "(the kernel does not show any)",
    )?;
    expect("files of cache lines", console.section("lines")?, "")?;
    ensure!(groups > 0, "there are no groups");
    ensure!(devices.lines().count() > 1, "{devices}");
    for line in devices.lines() {
        let words: Vec<_> = line.split_whitespace().collect();

        expect(
            words[0],
            &device(&inspection, words[0])?[..5],
            &["-", words[1], "bits", words[2], "bits"],
        )?;
    }
    Ok(())
}
