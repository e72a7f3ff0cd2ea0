// SPDX-License-Identifier: GPL-2.0

//! The benchmark: what things cost with this project, and what they cost in C.
//!
//! - [`mappings`]: instructions for a mapping, with guards and with the same calls in C;
//! - [`programs`]: bytes of programs, and instructions to write them.
//!
//! One boot of Debian's kernel on one CPU, with a clock that goes on by a nanosecond for each
//! instruction. Cache maintenance is an instruction for each line, as on hardware; what it costs
//! there is not known here.

mod mappings;
mod programs;

use std::{
    fs,
    path::Path,
    process::Command, //
};

use anyhow::{
    anyhow,
    ensure,
    Context,
    Result, //
};
use serde::Serialize;

use crate::{
    board::{
        Board,
        Boot, //
    },
    console::Console,
    process::succeeds,
    suite::Suite, //
};

const SCRIPT: &str = include_str!("../guest/bench.sh");

/// The module as `make bench` builds it, and the devices that it looks for.
const MODULE: &str = "out/bench/rk3588_dma_bench.ko";
const OVERLAY: &str = "tests/bench/bench.dtso";

/// All tables.
#[derive(Serialize)]
struct Tables {
    mappings: Vec<mappings::Row>,
    programs: Vec<programs::Row>,
}

/// Something that must not be more than so much.
#[derive(Clone, Debug)]
pub struct Limit {
    what: String,
    /// If it was measured.
    value: Option<f64>,
    limit: f64,
}

impl Limit {
    fn new(what: &str, value: Option<f64>, limit: f64) -> Self {
        Self {
            what: what.into(),
            value,
            limit,
        }
    }

    /// Nothing is kept by not measuring it.
    fn is_kept(&self) -> bool {
        self.value.is_some_and(|value| value <= self.limit)
    }

    fn print(&self) {
        println!(
            "{:<56} {:>9} {:>9}  {}",
            self.what,
            self.value.map_or("-".into(), |value| format!("{value:.3}")),
            self.limit,
            match self.is_kept() {
                true => "kept",
                false => "NOT kept",
            }
        );
    }
}

/// Runs the benchmark; true if all limits are kept.
pub fn run(board: &Board, json: &Path) -> Result<bool> {
    let console = count_instructions(board)?;
    let tables = Tables {
        mappings: mappings::rows(&console)?,
        programs: programs::rows(&console)?,
    };
    let limits = [
        mappings::limits(&tables.mappings),
        programs::limits(&tables.programs),
    ]
    .concat();

    mappings::print(&tables.mappings);
    programs::print(&tables.programs);
    if let Some(folder) = json.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(json, serde_json::to_string_pretty(&tables)?)
        .with_context(|| format!("cannot write {}", json.display()))?;
    println!("\nThe same as JSON: {}\n", json.display());
    println!("{:<56} {:>9} {:>9}", "limit", "measured", "at most");
    limits.iter().for_each(Limit::print);
    Ok(limits.iter().all(Limit::is_kept))
}

/// Boots and loads the module that measures instructions.
fn count_instructions(board: &Board) -> Result<Console> {
    succeeds(Command::new("make").args(["--no-print-directory", "bench-module"]))?;

    let console = board.boot(
        &Boot {
            append: "nr_cpus=1".into(),
            overlays: vec![OVERLAY.into()],
            files: vec![MODULE.into()],
            counts_instructions: true,
            ..Boot::default()
        },
        SCRIPT,
    )?;

    ensure!(console.exit()? == 0, "the module was not loaded");
    Ok(console)
}

/// What several tests look at: each of them fails if it could not be had.
fn of<T>(measured: &Result<T>) -> Result<&T> {
    measured.as_ref().map_err(|error| anyhow!("{error:#}"))
}

/// Runs it as tests: not how fast anything is, but whether all is measured, and what is counted.
pub fn test(suite: &mut Suite, board: &Board) {
    const OF_INSTRUCTIONS: [&str; 2] = ["bench::syncs_what_c_syncs", "bench::programs_grow_evenly"];

    if suite.wants(&OF_INSTRUCTIONS) {
        let console = suite.prepare("instructions", || count_instructions(board));

        suite.test(OF_INSTRUCTIONS[0], || {
            mappings::check(&mappings::rows(of(&console)?)?)
        });
        suite.test(OF_INSTRUCTIONS[1], || {
            programs::check(&programs::rows(of(&console)?)?)
        });
    }
}
