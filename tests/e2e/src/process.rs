// SPDX-License-Identifier: GPL-2.0

//! Other programs.

use std::{
    path::PathBuf,
    process::{
        Command,
        Stdio, //
    }, //
};

use anyhow::{
    bail,
    ensure,
    Context,
    Result, //
};

/// The path that one of the project's scripts prints.
pub fn made_by(script: &str, arguments: &[&str]) -> Result<PathBuf> {
    let output = Command::new(script)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {script} (from the folder of the project?)"))?;

    if !output.status.success() {
        bail!("{script} failed");
    }
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim_end()))
}

/// Runs a command whose output matters only when it fails.
pub fn succeeds(command: &mut Command) -> Result<()> {
    output(command).map(|_| ())
}

/// Runs a command and returns what it writes.
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
