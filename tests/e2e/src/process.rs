// SPDX-License-Identifier: GPL-2.0

//! Runs other programs.

use std::{
    process::Stdio,
    sync::Mutex, //
};

use crate::prelude::*;

/// Runs one of the project's scripts and returns the path that it prints.
pub fn made_by(script: &str, arguments: &[&str]) -> Result<PathBuf> {
    let output = Command::new(script)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {script} (in the directory of the project?)"))?;

    if !output.status.success() {
        bail!("{script} failed");
    }
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim_end()))
}

/// Runs a command. Its output is part of the error if it fails.
pub fn succeeds(command: &mut Command) -> Result<()> {
    output(command).map(|_| ())
}

/// Runs a command and returns its standard output.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {}", command.get_program().to_string_lossy()))?;
    let said = [&output.stdout[..], &output.stderr].concat();

    ensure!(
        output.status.success(),
        "{} ended with {}:\n{}",
        command.get_program().to_string_lossy(),
        output.status,
        String::from_utf8_lossy(&said)
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// Makes a target of the Makefile, unless this run has made it.
pub fn make(target: &'static str) -> Result<()> {
    static MADE: Mutex<BTreeMap<&str, Result<()>>> = Mutex::new(BTreeMap::new());

    MADE.lock()
        .unwrap()
        .entry(target)
        .or_insert_with(|| succeeds(Command::new("make").args(["--no-print-directory", target])))
        .as_ref()
        .copied()
        .map_err(|error| anyhow!("make {target}: {error:#}"))
}
