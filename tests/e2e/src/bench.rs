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

use std::{
    collections::BTreeMap,
    fs,
    path::Path, //
};

use serde::de::DeserializeOwned;
use serde_json::{
    json,
    Value, //
};

use crate::prelude::*;
use comparison::{
    LISTS,
    MAPPINGS, //
};

pub use phases::{
    find,
    measure as measure_requests,
    Bursts,
    Phase, //
};

/// A test's name, and its check of a measurement.
pub type Check<T> = (&'static str, fn(&T) -> Result<()>);

/// Tests of [`count_instructions`]: all cases are measured, and costs grow as they should.
pub const OF_INSTRUCTIONS: &[Check<Console>] = &[
    ("bench::syncs_what_c_syncs", |console| {
        MAPPINGS.check(&MAPPINGS.rows(console)?)?;
        LISTS.check(&LISTS.rows(console)?)
    }),
    ("bench::programs_grow_evenly", |console| {
        programs::check(&programs::rows(console)?)
    }),
];

/// Tests of [`measure_requests`]: exact counts, which do not depend on time.
#[rustfmt::skip]
pub const OF_REQUESTS: &[Check<[Phase]>] = &[
    ("bench::c_takes_what_c_takes", engines::check_theirs),
    ("bench::copies_take_few_accesses", engines::check_copies),
    ("bench::lists_take_what_a_copy_takes", engines::check_lists),
    ("bench::bursts_are_full", |phases| bursts::check(&bursts::rows(phases)?)),
    ("bench::board_and_model_count_the_same_bursts", bursts::check_model),
];

/// Upper limit: what it limits, the value if it was measured, and the highest value.
type Limit = (&'static str, Option<f64>, f64);

/// Returns true if the value was measured and is within the limit.
fn is_kept((_, value, limit): &Limit) -> bool {
    value.is_some_and(|value| value <= *limit)
}

/// Runs the benchmark and prints its tables; returns true if all limits are kept.
pub fn run(board: &Board, json: &Path) -> Result<bool> {
    let console = count_instructions(board)?;
    let (text, tables, limits) = report(&console, &measure_requests(board)?)?;

    println!("{text}\nThe same as JSON: {}", json.display());
    if let Some(folder) = json.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(json, serde_json::to_string_pretty(&tables)?)
        .with_context(|| format!("cannot write {}", json.display()))?;
    Ok(limits.iter().all(is_kept))
}

/// Returns all tables, as text and as JSON, and the limits.
fn report(console: &Console, phases: &[Phase]) -> Result<(String, Value, Vec<Limit>)> {
    let (mappings, lists) = (MAPPINGS.rows(console)?, LISTS.rows(console)?);
    let (bursts, programs) = (bursts::rows(phases)?, programs::rows(console)?);
    let limits = [
        MAPPINGS.limits(&mappings),
        LISTS.limits(&lists),
        engines::limits(phases),
        programs::limits(&programs),
    ]
    .concat();
    let limit_rows = limits.iter().map(|limit| {
        let value = limit.1.map_or("-".into(), |value| format!("{value:.3}"));
        let verdict = if is_kept(limit) { "kept" } else { "NOT kept" };

        vec![limit.0.into(), value, limit.2.to_string(), verdict.into()]
    });
    let text = [
        MAPPINGS.text(&mappings),
        LISTS.text(&lists),
        engines::text(phases),
        bursts::text(&bursts),
        programs::text(&programs),
        table("Limits:", &["limit", "measured", "at most", ""], limit_rows),
    ];
    let json = json!({
        "mappings": mappings,
        "lists": lists,
        "engines": engines::json(phases),
        "bursts": bursts::json(&bursts),
        "programs": programs::json(&programs),
    });

    Ok((text.concat(), json, limits))
}

/// Boots with one CPU and loads the module that measures instructions.
pub fn count_instructions(board: &Board) -> Result<Console> {
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

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    suite.add(
        "bench: instructions",
        OF_INSTRUCTIONS
            .iter()
            .map(|(name, check)| Test::new(*name, check)),
        || count_instructions(Board::get()?),
    );
    suite.add(
        "bench: requests",
        OF_REQUESTS
            .iter()
            .map(|(name, check)| Test::new(*name, |phases: &Vec<Phase>| check(phases))),
        || measure_requests(Board::get()?),
    );
}

/// Reads the module's lines that begin with `keyword` and pairs the values of two kinds by key.
///
/// `split` divides the words of a line into the kind, the key and the value.
fn read_pairs<T: DeserializeOwned, K: Ord, V>(
    console: &Console,
    keyword: &str,
    kinds: [&str; 2],
    split: fn(T) -> (String, K, V),
) -> Result<Vec<(K, [V; 2])>> {
    let log = console.section("bench")?;
    let mut values = BTreeMap::<K, BTreeMap<String, V>>::new();

    for line in log.lines() {
        if let Some((_, words)) = line.split_once(&format!(": {keyword} ")) {
            let words = parse_words(words).with_context(|| format!("the module wrote: {line}"))?;
            let (kind, key, value) = split(words);

            values.entry(key).or_default().insert(kind, value);
        }
    }
    ensure!(!values.is_empty(), "the module measured no {keyword}");

    let pairs = values.into_iter().map(|(key, mut values)| {
        let pair = kinds.map(|kind| values.remove(kind));

        if let [Some(first), Some(second)] = pair {
            Ok((key, [first, second]))
        } else {
            bail!("the module did not measure everything:\n{log}")
        }
    });

    pairs.collect()
}

/// Parses words as a tuple of numbers and strings.
fn parse_words<T: DeserializeOwned>(words: &str) -> Result<T> {
    let words = words.split(' ');
    let values = words.map(|word| serde_json::from_str(word).unwrap_or_else(|_| word.into()));

    Ok(serde_json::from_value(Value::Array(values.collect()))?)
}

/// Formats a table: the first column left-aligned, the others right-aligned.
fn table(title: &str, head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = comfy_table::Table::new();

    table.load_preset(comfy_table::presets::NOTHING);
    table.set_header(head).add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 3));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(comfy_table::CellAlignment::Right);
    }
    format!("\n{title}\n\n{}\n", table.trim_fmt())
}
