// SPDX-License-Identifier: GPL-2.0

//! The samples: boots a machine with an edu device, and prints the report of its driver.

use crate::prelude::*;

/// Returns a boot of `kernel` on `machine`, with an edu device and the sample for it.
pub fn boot(machine: Machine, kernel: Kernel) -> Boot {
    // The sample is built for these two kernels.
    let (directory, target, append) = if kernel == Kernel::Debug {
        (
            "out/debug-samples",
            "debug-samples-module",
            "log_buf_len=4M kmemleak=on slab_debug=F kasan_multi_shot kunit.enable=0",
        )
    } else {
        ("out/samples", "samples-module", "")
    };

    Boot {
        machine,
        kernel,
        append: append.into(),
        files: vec![PathBuf::from(directory).join("rk3588_dma_edu.ko")],
        target: Some(target),
        arguments: ["-device", "edu"].map(OsString::from).into(),
        ..Boot::default()
    }
}

/// Boots and prints the report; returns whether all of it held.
pub fn run(board: &Board) -> Result<bool> {
    let console = board.boot(
        &boot(Machine::VirtSmmu, Kernel::Stock),
        &script(&["samples/show"])?,
    )?;

    println!(
        "\nKernel {}, on QEMU's virt with an SMMUv3 and an edu device\n",
        console.section("release")?
    );
    println!("{}", console.section("report")?);
    println!("\nWhat the SMMU has reported:\n");
    for line in faults(console.section("log")?) {
        println!("{line}");
    }
    Ok(console.exit()? == 0)
}

/// Returns the lines of a kernel log in which an SMMUv3 reports a fault.
pub fn faults(log: &str) -> impl Iterator<Item = &str> {
    log.lines().filter(|line| line.contains(": event: "))
}
