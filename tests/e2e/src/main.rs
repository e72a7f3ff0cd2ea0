// SPDX-License-Identifier: GPL-2.0

//! Boots the virtual Rock 5B+: for the demonstration, for the tests, for a script or a shell.
//!
//! Runs inside the build environment (`scripts/env`), in the directory of the project. The targets
//! of the Makefile call it.

mod bench;
mod board;
mod book;
mod cargo;
mod check;
mod compile_fail;
mod console;
mod coverage;
mod debian;
mod demo;
mod docs;
mod examples;
mod inspect;
mod layers;
mod lint;
mod markdown;
mod mutants;
mod prelude;
mod process;
mod record;
mod rust_project;
mod rustdoc;
mod samples;
mod script;
mod soak;
mod source;
mod suite;
mod tests;
mod versions;
mod words;

use std::process::ExitCode;

use clap::{
    Parser,
    Subcommand, //
};

use prelude::*;

/// Boots the virtual Rock 5B+.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run all lessons on the virtual board and print the report.
    Demo {
        /// Write the report as JSON to this file.
        #[arg(long)]
        json: PathBuf,
    },
    /// Compare the costs of mappings and transfers in Rust and in C, and print the tables.
    Bench {
        /// Write the tables as JSON to this file.
        #[arg(long)]
        json: PathBuf,
    },
    /// Do random transfers on all channels from four threads, and verify each byte.
    Soak {
        /// Number of transfers.
        #[arg(long, default_value_t = 1_000_000)]
        transfers: u64,
    },
    /// Boot an arm64 Debian on a disk, with the console on this terminal.
    Debian,
    /// Build the course, and the documentation of all items, private ones included.
    Docs,
    /// Begin an exercise of the course, or check it; without a name, print all.
    Exercise {
        /// Name of the exercise.
        name: Option<String>,
    },
    /// Run the quick checks of the source, with a hint for each that fails.
    Check,
    /// Format all Rust files.
    Format,
    /// Write `rust-project.json`, by which rust-analyzer finds the crates of the module.
    RustAnalyzer,
    /// Run the driver of the edu sample behind an IOMMU, and print its report.
    Samples,
    /// Run the tests; after `N passed, N failed`, a whole run prints the versions of its programs.
    Test(libtest_mimic::Arguments),
    /// Boot and run a script, or an interactive shell.
    Run {
        /// A script for busybox's shell; none for an interactive shell.
        script: Option<PathBuf>,
        /// Put this file into the board's root directory.
        #[arg(long)]
        file: Vec<PathBuf>,
        /// Add these parameters to the kernel's command line.
        #[arg(long, default_value = "")]
        append: String,
        /// Apply this device tree overlay, compiled or not.
        #[arg(long)]
        overlay: Vec<PathBuf>,
    },
}

fn main() -> Result<ExitCode> {
    let passed = match Arguments::parse().command {
        Command::Demo { json } => demo::run(Board::get()?, &json)?,
        Command::Bench { json } => bench::run(Board::get()?, &json)?,
        Command::Soak { transfers } => soak::run(transfers),
        Command::Debian => debian::Disk::open(Path::new("out/debian"))?
            .run()
            .map(|()| true)?,
        Command::Docs => book::build().map(|()| true)?,
        Command::Exercise { name } => book::exercises::run(name.as_deref())?,
        Command::Check => tests::check(),
        Command::Format => lint::format().map(|()| true)?,
        Command::RustAnalyzer => rust_project::write().map(|()| true)?,
        Command::Samples => samples::run(Board::get()?)?,
        Command::Test(arguments) => tests::run(arguments)?,
        Command::Run {
            script,
            file,
            append,
            overlay,
        } => {
            let boot = Boot {
                overlays: overlay,
                append,
                files: file,
                ..Boot::default()
            };

            return Ok(ExitCode::from(Board::get()?.run(&boot, script.as_deref())?));
        }
    };

    Ok(ExitCode::from(u8::from(!passed)))
}
