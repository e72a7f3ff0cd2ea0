// SPDX-License-Identifier: GPL-2.0

//! How many lines of the assembler, the disassembler and the planner, and of the arithmetic of lists, the
//! host tests run.
//!
//! Counted by rustc's own instrumentation, and read with the tools of the LLVM that rustc is made
//! with. Only the crate of the tests is instrumented, so what it depends on is built once for both.

use std::{
    fmt,
    path::{
        Path,
        PathBuf, //
    },
    process::Command, //
};

use anyhow::{
    ensure,
    Context,
    Result, //
};
use serde::Deserialize;

use crate::{
    process::succeeds,
    suite::Suite, //
};

const NAME: &str = "host::planner_coverage";

/// What is looked at. There are no tests in these files, which would be lines as well.
const SOURCES: [&str; 5] = [
    "sg/split.rs",
    "sg/overlay.rs",
    "pl330/insn.rs",
    "pl330/disasm.rs",
    "pl330/program",
];

/// The lines of each file that have to be run, in per cent.
const LEAST: f64 = 95.0;

/// Measures, prints the table and fails if any file has too little.
pub fn run(suite: &mut Suite) {
    if !suite.wants(&[NAME]) {
        return;
    }

    let files = suite.prepare("planner coverage", measure);

    if let Ok(files) = &files {
        files.iter().for_each(|file| println!("{file}"));
    }
    suite.test(NAME, || check(&files?));
}

/// A source file: what `llvm-cov export` says of it.
#[derive(Deserialize)]
struct File {
    filename: PathBuf,
    summary: Summary,
}

#[derive(Deserialize)]
struct Summary {
    lines: Lines,
}

#[derive(Deserialize)]
struct Lines {
    count: u32,
    covered: u32,
    percent: f64,
}

#[derive(Deserialize)]
struct Export {
    data: [Data; 1],
}

#[derive(Deserialize)]
struct Data {
    files: Vec<File>,
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lines {
            count,
            covered,
            percent,
        } = self.summary.lines;
        let name = self.filename.file_name().unwrap_or_default();

        write!(
            f,
            "    {:12} {covered:4} of {count:4} lines {percent:6.2} %",
            name.to_string_lossy()
        )
    }
}

fn measure() -> Result<Vec<File>> {
    let work = tempfile::TempDir::new()?;
    let raw = work.path().join("tests.profraw");
    let profile = work.path().join("tests.profdata");
    let program = build()?;
    let llvm = llvm_version()?;
    let root = std::env::current_dir()?;

    // The interpreter's counters make it six times as slow. Fewer random cases and no copies of
    // megabytes run the same lines.
    succeeds(
        Command::new(&program)
            .args(["--quiet", "--skip", "large_copies"])
            .env("PROPTEST_CASES", "32")
            .env("LLVM_PROFILE_FILE", &raw),
    )?;
    succeeds(
        Command::new(format!("llvm-profdata-{llvm}"))
            .args(["merge", "-o"])
            .args([&profile, &raw]),
    )?;

    let output = Command::new(format!("llvm-cov-{llvm}"))
        .args(["export", "-summary-only", "-instr-profile"])
        .arg(&profile)
        .arg(&program)
        .arg("-sources")
        .args(SOURCES.map(|source| root.join(source)))
        .output()
        .context("cannot run llvm-cov")?;

    ensure!(
        output.status.success(),
        "llvm-cov ended with {}:\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );

    let Export { data: [data] } = serde_json::from_slice(&output.stdout)?;

    Ok(data.files)
}

/// Builds the host tests with counters, and says where they are.
fn build() -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Message {
        executable: Option<PathBuf>,
    }

    let output = Command::new("cargo")
        .args(["rustc", "--quiet", "--locked", "--profile", "test", "--lib"])
        .args(["--message-format", "json", "--manifest-path"])
        .arg(Path::new("tests/host/Cargo.toml"))
        .args(["--", "-C", "instrument-coverage"])
        .output()
        .context("cannot run cargo")?;

    ensure!(
        output.status.success(),
        "cargo rustc ended with {}:\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)?
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok()?.executable)
        .last()
        .context("cargo names no program")
}

/// The major version of the LLVM that rustc is made with: others do not read what it writes.
fn llvm_version() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8(output.stdout)?;

    text.lines()
        .find_map(|line| line.strip_prefix("LLVM version: ")?.split('.').next())
        .map(Into::into)
        .context("rustc does not name its LLVM")
}

fn check(files: &[File]) -> Result<()> {
    for source in SOURCES {
        let source = Path::new(source);
        let is_there = |file: &File| {
            let mut folders = file.filename.ancestors();

            folders.any(|folder| folder.ends_with(source))
        };

        ensure!(
            files.iter().any(is_there),
            "nothing is known of {}",
            source.display()
        );
    }
    for file in files {
        ensure!(
            file.summary.lines.percent >= LEAST,
            "less than {LEAST} %:\n{file}"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, covered: u32) -> File {
        File {
            filename: Path::new("/project").join(name),
            summary: Summary {
                lines: Lines {
                    count: 1000,
                    covered,
                    percent: f64::from(covered) / 10.0,
                },
            },
        }
    }

    #[test]
    fn each_file_counts() {
        let with = |covered| {
            check(&[
                file("sg/split.rs", 1000),
                file("sg/overlay.rs", 1000),
                file("pl330/insn.rs", 1000),
                file("pl330/disasm.rs", 1000),
                file("pl330/program/copy.rs", covered),
            ])
        };

        assert!(with(950).is_ok());
        assert!(with(949).is_err());
    }

    #[test]
    fn a_file_that_is_not_there_counts() {
        assert!(check(&[]).is_err());
        assert!(check(&[
            file("sg/split.rs", 1000),
            file("sg/overlay.rs", 1000),
            file("pl330/insn.rs", 1000),
            file("pl330/disasm.rs", 1000)
        ])
        .is_err());
    }
}
