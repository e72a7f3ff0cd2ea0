// SPDX-License-Identifier: GPL-2.0

//! The benchmark: what things cost with this project, and what they cost in C.
//!
//! - [`mappings`], [`lists`]: instructions for a mapping or a list, with guards and with the same calls
//!   in C ([`comparison`]);
//! - [`programs`]: bytes of programs, and instructions to write them;
//! - [`engines`]: register accesses and interrupts for a request, of our driver and the kernel's;
//! - [`bursts`]: what the programs of both have the bus do.
//!
//! Two boots of Debian's kernel, with a clock that goes on by a nanosecond for each instruction. One
//! has a single CPU, and instructions are what it measures. Cache maintenance is an instruction for
//! each line, as on hardware; what it costs there is not known here. In the other both drivers serve
//! the same requests ([`phases`]), while QEMU writes down what they do ([`trace`]).

mod bursts;
mod comparison;
mod engines;
mod lists;
mod mappings;
mod phases;
mod programs;
mod trace;

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
use phases::Driver;

const SCRIPT: &str = include_str!("../guest/bench.sh");

/// The module as `make bench` builds it, and the devices that it looks for.
const MODULE: &str = "out/bench/rk3588_dma_bench.ko";
const OVERLAY: &str = "tests/bench/bench.dtso";

/// All tables.
#[derive(Serialize)]
struct Tables {
    mappings: Vec<mappings::Row>,
    lists: Vec<lists::Row>,
    engines: engines::Table,
    bursts: Vec<bursts::Row>,
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
    let phases = phases::measure(board)?;
    let tables = Tables {
        mappings: mappings::rows(&console)?,
        lists: lists::rows(&console)?,
        engines: engines::Table::new(&phases),
        bursts: bursts::rows(&phases)?,
        programs: programs::rows(&console)?,
    };
    let limits = [
        mappings::limits(&tables.mappings),
        lists::limits(&tables.lists),
        tables.engines.limits(),
        programs::limits(&tables.programs),
    ]
    .concat();

    mappings::print(&tables.mappings);
    lists::print(&tables.lists);
    tables.engines.print();
    bursts::print(&tables.bursts);
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
    const OF_REQUESTS: [&str; 5] = [
        "bench::c_takes_what_c_takes",
        "bench::copies_take_few_accesses",
        "bench::lists_take_what_a_copy_takes",
        "bench::bursts_are_full",
        "bench::board_and_model_count_the_same_bursts",
    ];

    if suite.wants(&OF_INSTRUCTIONS) {
        let console = suite.prepare("instructions", || count_instructions(board));

        suite.test(OF_INSTRUCTIONS[0], || {
            mappings::check(&mappings::rows(of(&console)?)?)?;
            lists::check(&lists::rows(of(&console)?)?)
        });
        suite.test(OF_INSTRUCTIONS[1], || {
            programs::check(&programs::rows(of(&console)?)?)
        });
    }
    if suite.wants(&OF_REQUESTS) {
        let phases = suite.prepare("requests to both drivers", || phases::measure(board));
        let table = || anyhow::Ok(engines::Table::new(of(&phases)?));

        suite.test(OF_REQUESTS[0], || table()?.check_theirs());
        suite.test(OF_REQUESTS[1], || table()?.check_copies());
        suite.test(OF_REQUESTS[2], || table()?.check_lists());
        suite.test(OF_REQUESTS[3], || {
            bursts::check(&bursts::rows(of(&phases)?)?)
        });
        suite.test(OF_REQUESTS[4], || {
            let seen = bursts::Bursts::seen(of(&phases)?, Driver::Ours, 0, 0);
            let planned = bursts::Bursts::planned(0, 0)?;

            ensure!(seen == Some(planned), "{seen:?}, but {planned:?}");
            Ok(())
        });
    }
}
