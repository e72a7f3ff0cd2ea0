// SPDX-License-Identifier: GPL-2.0

//! The tests of `tests/host`, which need no board.

use std::process::{
    Command,
    Output, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};

use crate::suite::Suite;

/// Runs them with cargo and takes each of them down.
pub fn run(suite: &mut Suite) {
    let output = suite.prepare("host tests", run_cargo);

    if let Err(error) = output.and_then(|output| count(suite, &output)) {
        suite.add_failure("host", &error);
    }
}

fn run_cargo() -> Result<Output> {
    Command::new("cargo")
        .args(["test", "--quiet", "--locked", "--manifest-path"])
        .arg("tests/host/Cargo.toml")
        .args(["--", "--format", "pretty"])
        .output()
        .context("cannot run cargo")
}

fn count(suite: &mut Suite, output: &Output) -> Result<()> {
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
