// SPDX-License-Identifier: GPL-2.0

//! What only the debug kernel has, and what it has not.

use anyhow::ensure;

use super::{
    device,
    expect,
    expect_groups,
    expect_slots,
    inspection,
    of_boot,
    row, //
};
use crate::{
    board::{
        Board,
        Boot,
        Machine, //
    },
    inspect,
    suite::Suite, //
};

const CHECKED: &str = concat!(
    include_str!("../../../guest/inspect/files.sh"),
    include_str!("../../../guest/inspect/debug.sh")
);
const UNCHECKED: &str = concat!(
    include_str!("../../../guest/inspect/files.sh"),
    include_str!("../../../guest/inspect/unchecked.sh")
);

const HEADING: &str = "DMA-API debug";

/// Runs them, with this boot of the debug kernel and the module.
pub fn run(suite: &mut Suite, board: &Board, boot: &Boot) {
    checked(suite, board, boot);
    unchecked(suite, board, boot);
}

fn checked(suite: &mut Suite, board: &Board, boot: &Boot) {
    let names = [
        "debug_inspect::shows_dma_api_debug",
        "debug_inspect::shows_no_limit",
        "debug_inspect::names_what_is_not_built_in",
    ];

    if !suite.wants(&names) {
        return;
    }

    let [checks, limit, missing] = names;
    let console = suite.prepare("inspect, with DMA-API debug", || {
        board.boot(&with_script(boot, ""), CHECKED)
    });

    suite.test(checks, || {
        let console = of_boot(&console)?;
        let checks = console.section("checks")?;
        let mappings = console.section("mappings")?;
        let expected: Vec<_> = checks
            .lines()
            .map(|line| line.split_once(' ').unwrap_or((line, "")))
            .map(|(name, value)| row(name, value))
            .chain([row(
                "dump",
                &format!("{} mappings", mappings.lines().count()),
            )])
            .collect();

        ensure!(checks.contains("disabled N\n"), "{checks}");
        ensure!(checks.contains("num_errors 7\n"), "{checks}");
        ensure!(mappings.contains("rk3588_dma "), "{mappings}");
        expect(
            "section",
            inspection(console, "with")?.section(HEADING)?,
            expected.iter().map(String::as_str).collect(),
        )
    });
    suite.test(limit, || {
        let console = of_boot(&console)?;
        let words = device(&inspection(console, "with")?, super::DEVICE)?;

        // SIZE_MAX of a machine with 64 bits.
        ensure!(
            console
                .section("limits")?
                .contains("\nmax_mapping_size 18446744073709551615\n"),
            "there is a limit"
        );
        ensure!(words.ends_with(&["no", "limit", "-", "-"]), "{words:?}");
        expect_slots(
            console,
            "2048 (of 2 KiB: 4096 KiB)",
            " (newer kernels count it only with swiotlb=track_hiwater)",
        )
    });
    suite.test(missing, || {
        let inspection = inspection(of_boot(&console)?, "with")?;

        expect(
            "dma-bufs",
            inspection.section("dma-buf")?,
            vec!["there is no /sys/kernel/debug/dma_buf/bufinfo: built without CONFIG_DMA_SHARED_BUFFER"],
        )?;
        ensure!(
            inspection.section("IOMMU")?.contains(
                &"there is no /sys/kernel/debug/iommu: built without CONFIG_IOMMU_DEBUGFS"
            ),
            "IOMMU"
        );
        Ok(())
    });
}

/// The list of mappings was never made, and whoever reads it does not come back.
fn unchecked(suite: &mut Suite, board: &Board, boot: &Boot) {
    let names = [
        "debug_inspect::does_not_read_what_hangs",
        "debug_inspect::shows_pci_devices",
    ];

    if !suite.wants(&names) {
        return;
    }

    let [hangs, pci] = names;
    let console = suite.prepare("inspect, with DMA-API debug off", || {
        let boot = Boot {
            machine: Machine::Virt,
            overlays: vec![],
            arguments: ["-machine", "iommu=smmuv3", "-device", "edu"]
                .map(Into::into)
                .into(),
            ..with_script(boot, "dma_debug=off")
        };

        board.boot(&boot, UNCHECKED)
    });

    suite.test(hangs, || {
        let console = of_boot(&console)?;

        expect("exit of the script", console.exit()?, 0)?;
        expect("disabled", console.section("disabled")?, "Y")?;

        let inspection = inspection(console, "with")?;

        expect("disabled", inspection.value(HEADING, "disabled")?, "Y")?;
        expect(
            "dump",
            inspection.value(HEADING, "dump")?,
            "(not read, because DMA-API debug is disabled)",
        )
    });
    suite.test(pci, || {
        let console = of_boot(&console)?;
        let inspection = inspection(console, "with")?;
        let groups = expect_groups(console)?;
        let devices = console.section("pci")?;

        // QEMU's CPUs are of a machine whose firmware says nothing about their caches.
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
            let shown = device(&inspection, words[0])?;

            expect(
                words[0],
                &shown[..5],
                &["-", words[1], "bits", words[2], "bits"],
            )?;
        }
        Ok(())
    });
}

/// The boot with the script, and with more kernel parameters.
fn with_script(boot: &Boot, append: &str) -> Boot {
    Boot {
        append: format!("{} {append}", boot.append),
        files: [boot.files.clone(), vec![inspect::script()]].concat(),
        timeout: Boot::default().timeout,
        ..boot.clone()
    }
}
