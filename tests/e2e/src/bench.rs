// SPDX-License-Identifier: GPL-2.0

//! The benchmark: costs of this project and of the same work in C.
//!
//! - [`comparison`]: instructions for a mapping or a list, with guards and with the calls in C;
//! - [`programs`]: bytes of programs, and instructions to write them;
//! - [`engines`]: register accesses and interrupts per request, of this driver and of the kernel's;
//! - [`bursts`]: bursts on the bus that the programs of both drivers cause.
//!
//! The board boots Debian's kernel twice, with a clock that advances 1 ns per instruction. The
//! first boot has one CPU and measures instructions. Cache maintenance is one instruction per line
//! there, as on hardware; its time on hardware is not measured. In the second boot both drivers
//! serve the same requests ([`phases`]) while QEMU traces their accesses.

mod bursts;
mod comparison;
mod engines;
mod phases;
mod planner;
mod programs;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::prelude::*;
use comparison::{
    LISTS,
    MAPPINGS, //
};
use phases::{
    Bursts,
    Requests, //
};

/// A test's name, and its check of a measurement.
type Check<T> = (&'static str, fn(&T) -> Result<()>);

/// Tests of [`count_instructions`]: all cases are measured, and costs grow as they should.
const OF_INSTRUCTIONS: &[Check<Console>] = &[
    ("bench::syncs_what_c_syncs", |console| {
        MAPPINGS.check(&MAPPINGS.rows(console)?)?;
        LISTS.check(&LISTS.rows(console)?)
    }),
    ("bench::programs_grow_evenly", |console| {
        programs::check(&programs::rows(console)?)
    }),
];

/// Tests of [`phases::measure`]: exact counts, which do not depend on time.
const OF_REQUESTS: &[Check<Requests>] = &[
    ("bench::c_takes_what_c_takes", engines::check_theirs),
    ("bench::copies_take_few_accesses", engines::check_copies),
    ("bench::lists_take_what_a_copy_takes", engines::check_lists),
    ("bench::bursts_are_full", bursts::check),
    (
        "bench::board_and_model_count_the_same_bursts",
        bursts::check_model,
    ),
];

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    suite.add("bench: instructions", tests_of(OF_INSTRUCTIONS), || {
        count_instructions(Board::get()?)
    });
    suite.add("bench: requests", tests_of(OF_REQUESTS), || {
        phases::measure(Board::get()?)
    });
}

fn tests_of<T: 'static>(checks: &'static [Check<T>]) -> impl Iterator<Item = Test<T>> {
    checks.iter().map(|(name, check)| Test::new(*name, check))
}

/// Upper limit: what it limits, the measured value, and the highest value.
type Limit = (String, f64, f64);

/// Returns true if the value is within the limit; NaN, which was not measured, is not.
fn is_kept((_, value, limit): &Limit) -> bool {
    value <= limit
}

/// Runs the benchmark and prints its tables; returns true if all limits are kept.
pub fn run(board: &Board, json: &Path) -> Result<bool> {
    let console = count_instructions(board)?;
    let (text, tables, limits) = report(&console, &phases::measure(board)?)?;

    println!("{text}\nThe same as JSON: {}", json.display());
    if let Some(folder) = json.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(json, serde_json::to_string_pretty(&tables)?)
        .with_context(|| format!("cannot write {}", json.display()))?;
    Ok(limits.iter().all(is_kept))
}

/// Returns all tables, as text and as JSON, and the limits.
fn report(console: &Console, requests: &Requests) -> Result<(String, Value, Vec<Limit>)> {
    let (mappings, lists) = (MAPPINGS.rows(console)?, LISTS.rows(console)?);
    let (engines, bursts) = (engines::rows(requests), bursts::rows(requests)?);
    let programs = programs::rows(console)?;
    let limits = [
        MAPPINGS.limits(&mappings),
        LISTS.limits(&lists),
        engines::limits(&engines, requests.program),
        programs::limits(&programs),
    ]
    .concat();
    let limit_rows = limits.iter().map(|limit| {
        let verdict = if is_kept(limit) { "kept" } else { "NOT kept" };
        let (what, value, most) = limit;

        vec![
            what.clone(),
            format!("{value:.3}"),
            most.to_string(),
            verdict.into(),
        ]
    });
    let text = [
        MAPPINGS.text(&mappings),
        LISTS.text(&lists),
        engines::text(&engines, requests.program),
        bursts::text(&bursts),
        programs::text(&programs),
        table("Limits:", &["limit", "measured", "at most", ""], limit_rows),
    ];
    let json = json!({
        "mappings": mappings,
        "lists": lists,
        "engines": engines::json(&engines, requests.program),
        "bursts": bursts,
        "programs": programs,
    });

    Ok((text.concat(), json, limits))
}

/// Boots with one CPU and loads the module that measures instructions.
fn count_instructions(board: &Board) -> Result<Console> {
    let console = board.boot(
        &Boot {
            append: "nr_cpus=1".into(),
            overlays: vec!["tests/bench/bench.dtso".into()],
            files: vec!["out/bench/rk3588_dma_bench.ko".into()],
            target: Some("bench-module"),
            ..Boot::default()
        },
        &script(&["bench"])?,
    )?;

    ensure!(console.exit()? == 0, "the module was not loaded");
    Ok(console)
}

/// Returns the module's log, which must have `count` lines that begin with `keyword`.
fn log<'a>(console: &'a Console, keyword: &str, count: usize) -> Result<&'a str> {
    let log = console.section("bench")?;
    let found = log.matches(&format!(": {keyword} ")).count();

    ensure!(
        found == count,
        "{found} lines of {keyword}, not {count}:\n{log}"
    );
    Ok(log)
}

/// Returns the two numbers that follow `words` in a line of the module.
fn measured(log: &str, words: &str) -> Result<[f64; 2]> {
    let words = format!(": {words} ");
    let numbers = log
        .lines()
        .find_map(|line| Some(line.split_once(&words)?.1));
    let parse = || {
        let (first, second) = numbers?.split_once(' ')?;

        Some([first.parse().ok()?, second.parse().ok()?])
    };

    parse().with_context(|| format!("the module did not measure two numbers{words}\n{log}"))
}

/// Returns a number of a row, or NaN for null.
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// Formats a table: the first column left-aligned, the others right-aligned.
fn table(title: &str, head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = comfy_table::Table::new();

    table.load_preset(comfy_table::presets::NOTHING);
    table.set_header(head).add_rows(rows);
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 3));
        if at != 0 {
            column.set_cell_alignment(comfy_table::CellAlignment::Right);
        }
    }
    format!("\n{title}\n\n{}\n", table.trim_fmt())
}
