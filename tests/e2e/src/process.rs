// SPDX-License-Identifier: GPL-2.0

//! Runs other programs.

use std::process::Output;

use crate::prelude::*;

/// Runs one of the project's scripts and returns the path that it prints.
pub fn made_by(script: &str, arguments: &[&str]) -> Result<PathBuf> {
    let mut command = Command::new(script);
    let text = output(command.args(arguments).stderr(Stdio::inherit()))
        .with_context(|| format!("{script} in the directory of the project"))?;

    Ok(text.trim_end().into())
}

/// Runs a command. Its output is part of the error if it fails.
pub fn succeeds(command: &mut Command) -> Result<()> {
    output(command).map(|_| ())
}

/// Runs a command and returns its standard output.
pub fn output(command: &mut Command) -> Result<String> {
    let (output, said) = run(command)?;
    let (program, status) = (command.get_program(), output.status);

    ensure!(status.success(), "{program:?} ended with {status}:\n{said}");
    Ok(String::from_utf8(output.stdout)?)
}

/// Runs a command, which may fail; returns also the text of both outputs.
pub fn run(command: &mut Command) -> Result<(Output, String)> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {:?}", command.get_program()))?;
    let said = [&output.stdout[..], &output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();

    Ok((output, said))
}

/// Returns the output of git, whose arguments have no spaces.
pub fn git(arguments: &str) -> Result<String> {
    let safe = ["-c", "safe.directory=*"];

    output(Command::new("git").args(safe).args(arguments.split(' ')))
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

/// A process that is killed when its owner is dropped.
pub struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
