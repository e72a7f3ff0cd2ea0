// SPDX-License-Identifier: GPL-2.0

//! Boots the virtual Rock 5B+: for the demonstration, for the tests, for a script or a shell.
//!
//! Runs inside the build environment (`scripts/env`), from the folder of the project. `make demo` and
//! `make test` call it.

mod bench;
mod board;
mod checks;
mod compile_fail;
mod console;
mod coverage;
mod demo;
mod docs;
mod host;
mod inspect;
mod process;
mod samples;
mod soak;
mod suite;
mod tests;

use std::{
    path::PathBuf,
    process::ExitCode, //
};

use anyhow::Result;
use clap::{
    Parser,
    Subcommand, //
};

use board::{
    Board,
    Boot, //
};

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
    /// Compare what mappings cost in Rust and in C, and print the table.
    Bench {
        /// Write the table as JSON to this file.
        #[arg(long)]
        json: PathBuf,
    },
    /// Do random transfers on all channels from four threads, and look at every byte.
    Soak {
        /// How many.
        #[arg(long, default_value_t = 1_000_000)]
        transfers: u64,
    },
    /// Have the driver of the edu sample show lists behind an IOMMU, and print what it reports.
    Samples,
    /// Run all tests; the last line is `N passed, N failed`.
    Test {
        /// Only the tests whose names contain this.
        #[arg(default_value = "")]
        filter: String,
    },
    /// Boot and run a script, or an interactive shell.
    Run {
        /// A script for busybox's shell; none for an interactive shell.
        script: Option<PathBuf>,
        /// Put this file into the board's root folder.
        #[arg(long)]
        file: Vec<PathBuf>,
        /// Apply this device tree overlay, compiled or not.
        #[arg(long)]
        overlay: Vec<PathBuf>,
        /// RAM, in QEMU's notation.
        #[arg(long, default_value = "1G")]
        memory: String,
        /// More kernel parameters.
        #[arg(long, default_value = "")]
        append: String,
    },
}

fn main() -> Result<ExitCode> {
    let passed = match Arguments::parse().command {
        Command::Demo { json } => demo::run(&Board::new()?, &json)?,
        Command::Bench { json } => bench::run(&Board::new()?, &json)?,
        Command::Soak { transfers } => soak::run(&Board::new()?, transfers)?,
        Command::Samples => samples::run(&Board::new()?)?,
        Command::Test { filter } => tests::run(&filter)?,
        Command::Run {
            script,
            file,
            overlay,
            memory,
            append,
        } => {
            let boot = Boot {
                memory,
                append,
                overlays: overlay,
                files: file,
                ..Boot::default()
            };

            return Ok(ExitCode::from(Board::new()?.run(&boot, script.as_deref())?));
        }
    };

    Ok(match passed {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
