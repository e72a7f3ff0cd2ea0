// SPDX-License-Identifier: GPL-2.0

//! The tests of `tests/host`, which need no board.

use std::process::Command;

use anyhow::{
    bail,
    Context,
    Result, //
};

use crate::suite::Suite;

/// Runs them with cargo and takes each of them down.
pub fn run(suite: &mut Suite) {
    if !suite.wants(&["host::"]) {
        return;
    }
    if let Err(error) = run_cargo(suite) {
        suite.test("host::all", || Err(error));
    }
}

fn run_cargo(suite: &mut Suite) -> Result<()> {
    let output = Command::new("cargo")
        .args(["test", "--quiet", "--locked", "--manifest-path"])
        .arg("tests/host/Cargo.toml")
        .args(["--", "--format", "pretty"])
        .output()
        .context("cannot run cargo")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut tests = 0;

    for line in text.lines() {
        let Some((name, result)) = line
            .strip_prefix("test ")
            .and_then(|line| line.split_once(" ... "))
        else {
            continue;
        };

        tests += 1;
        suite.add(&format!("host::{name}"), result == "ok");
    }
    if tests == 0 || !output.status.success() {
        bail!(
            "cargo test ended with {}:\n{text}{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
