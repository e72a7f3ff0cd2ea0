// SPDX-License-Identifier: GPL-2.0

//! Reads the versions of the kernels and programs that the tests use.

use std::{
    fs,
    process::Command, //
};

use crate::{
    prelude::*,
    process::{
        made_by,
        output, //
    }, //
};

/// Programs of the environment, by the name to print.
const PROGRAMS: [(&str, &str); 6] = [
    ("rustc", "rustc"),
    ("bindgen", "bindgen"),
    ("gcc", "aarch64-linux-gnu-gcc-14"),
    ("clang", "clang-19"),
    ("llvm-cov", "llvm-cov-19"),
    ("QEMU virt", "qemu-system-aarch64"),
];

/// Returns names and versions. Kernels and programs that are not cached are built.
///
/// # Errors
///
/// If one of them cannot be built or has no version.
pub fn versions() -> Result<Vec<(&'static str, String)>> {
    let machine = made_by("scripts/machine", &[])?;
    let coverage = made_by("scripts/llvm-cov", &[])?;
    let busybox = made_by("scripts/busybox", &[])?;
    // It is a program for the board.
    let mut busybox_version = Command::new("grep");
    let busybox_version = busybox_version
        .args(["-aom1", "BusyBox v[0-9.]*"])
        .arg(busybox);
    let mut versions = vec![
        ("stock kernel", release("stock")?),
        (
            "kernel package",
            fs::read_to_string("scripts/kernel-version")?,
        ),
        ("debug kernel", release("debug")?),
        ("QEMU board", version(&mut Command::new(machine))?),
        ("busybox", output(busybox_version)?),
        (
            "cargo-llvm-cov",
            version(Command::new(coverage).arg("llvm-cov"))?,
        ),
    ];

    for (name, program) in PROGRAMS {
        versions.push((name, version(&mut Command::new(program))?));
    }
    for (_, version) in &mut versions {
        *version = version.lines().last().context("no version")?.into();
    }
    Ok(versions)
}

fn release(kernel: &str) -> Result<String> {
    let folder = made_by("scripts/kernel", &[kernel])?;

    Ok(fs::read_to_string(folder.join("release"))?)
}

/// Returns the first line of a program's version.
fn version(program: &mut Command) -> Result<String> {
    let text = output(program.arg("--version"))?;
    let line = text.lines().next();

    Ok(line.context("no version")?.trim().into())
}
