// SPDX-License-Identifier: GPL-2.0

//! The samples: boots a machine that has the device, has the driver show what it can, and prints that.

use std::{
    ffi::OsString,
    path::PathBuf,
    time::Duration, //
};

use anyhow::Result;

use crate::{
    board::{
        Board,
        Boot,
        Kernel,
        Machine, //
    }, //
};

/// The script that the machine runs.
const SHOW: &str = include_str!("../guest/samples/show.sh");

/// A boot of `kernel` on `machine`, with an edu device and the sample for it.
pub fn boot(machine: Machine, kernel: Kernel) -> Boot {
    let (folder, append) = match kernel {
        Kernel::Stock => ("out/samples", ""),
        Kernel::Debug => (
            "out/debug-samples",
            "log_buf_len=4M kmemleak=on slab_debug=F kasan_multi_shot kunit.enable=0",
        ),
    };

    Boot {
        machine,
        kernel,
        append: append.into(),
        files: vec![PathBuf::from(folder).join("rk3588_dma_edu.ko")],
        arguments: ["-device", "edu"].map(OsString::from).into(),
        timeout: Duration::from_secs(300),
        ..Boot::default()
    }
}

/// Boots and prints; false if not all of it held.
pub fn run(board: &Board) -> Result<bool> {
    let console = board.boot(&boot(Machine::VirtSmmu, Kernel::Stock), SHOW)?;
    let passed = console.exit()? == 0;

    println!(
        "\nKernel {}, on QEMU's virt with an SMMUv3 and an edu device\n",
        console.section("release")?
    );
    println!("{}", console.section("report")?);
    println!("\nWhat the SMMU has reported:\n");
    for line in faults(console.section("log")?) {
        println!("{line}");
    }
    Ok(passed)
}

/// What an SMMUv3 reports in a kernel log.
pub fn faults(log: &str) -> impl Iterator<Item = &str> {
    log.lines().filter(|line| line.contains(": event: "))
}
