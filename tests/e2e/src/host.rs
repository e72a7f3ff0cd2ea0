// SPDX-License-Identifier: GPL-2.0

//! The tests that cargo runs on the host: those of `tests/host`, and those of this program.

use std::{
    path::Path,
    process::{
        Command,
        Output, //
    }, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};

use crate::suite::Suite;

/// Runs them and takes each of them down.
pub fn run(suite: &mut Suite) {
    run_project(suite, "host", "tests/host", &[]);
    // As this program was built, so that what it is made of need not be compiled again.
    run_project(suite, "harness", "tests/e2e", &["--release"]);
}

/// Runs the tests of the project in `folder` under the name `room`.
fn run_project(suite: &mut Suite, room: &str, folder: &str, options: &[&str]) {
    let output = suite.prepare(&format!("{room} tests"), || run_cargo(folder, options));

    if let Err(error) = output.and_then(|output| count(suite, room, &output)) {
        suite.add_failure(room, &error);
    }
}

fn run_cargo(folder: &str, options: &[&str]) -> Result<Output> {
    Command::new("cargo")
        .args(["test", "--quiet", "--locked", "--manifest-path"])
        .arg(Path::new(folder).join("Cargo.toml"))
        .args(options)
        .args(["--", "--format", "pretty"])
        .output()
        .context("cannot run cargo")
}

fn count(suite: &mut Suite, room: &str, output: &Output) -> Result<()> {
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
        suite.add(&format!("{room}::{name}"), result == "ok");
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
