// SPDX-License-Identifier: GPL-2.0

//! Reads the versions of the kernels and programs that the tests use.

use crate::prelude::*;

/// Names to print, and shell commands whose first line is the version.
const COMMANDS: [(&str, &str); 15] = [
    ("stock kernel", "cat $(scripts/kernel stock)/release"),
    ("RT kernel", "cat $(scripts/kernel rt)/release"),
    (
        "kernel package",
        "tail -n1 $(scripts/resolve-version kernel)",
    ),
    ("debug kernel", "cat $(scripts/kernel debug)/release"),
    ("debug RT kernel", "cat $(scripts/kernel debug-rt)/release"),
    ("QEMU board", "$(scripts/machine) --version"),
    // Programs for the board.
    (
        "busybox",
        "grep -aom1 'BusyBox v[0-9.]*' $(scripts/busybox)",
    ),
    (
        "kexec",
        "grep -aom1 'kexec-tools [0-9.]*' $(scripts/kexec)/kexec",
    ),
    ("cargo-llvm-cov", "$(scripts/llvm-cov) llvm-cov --version"),
    ("rustc", "rustc --version"),
    ("bindgen", "bindgen --version"),
    ("gcc", "aarch64-linux-gnu-gcc-14 --version"),
    ("clang", "clang-19 --version"),
    ("llvm-cov", "llvm-cov-19 --version"),
    ("QEMU virt", "qemu-system-aarch64 --version"),
];

/// Returns names and versions. Kernels and programs that are not cached are built.
///
/// # Errors
///
/// If one of them cannot be built or has no version.
pub fn versions() -> Result<Vec<(&'static str, String)>> {
    let versions = COMMANDS.iter().map(|(name, command)| {
        let text = output(Command::new("sh").args(["-c", command]))?;
        let version = text.lines().next().with_context(|| name.to_string())?;

        Ok((*name, version.trim().into()))
    });

    versions.collect()
}
