// SPDX-License-Identifier: GPL-2.0

//! The benchmark: costs of this project and of the same work in C.
//!
//! - [`comparison`]: instructions for a mapping or a list, with guards and with the calls in C;
//! - [`programs`]: bytes of programs, and instructions to write them;
//! - [`engines`]: register accesses and interrupts per request, of this driver and of the kernel's;
//! - [`latency`]: instructions per request, of both drivers, and with interrupts disabled;
//! - [`bursts`]: bursts on the bus that the programs of both drivers cause.
//!
//! The board boots Debian's kernel twice, with a clock that advances 1 ns per instruction. The
//! first boot has one CPU and measures instructions, those of requests with the CPU's counter.
//! Cache maintenance is one instruction per line there, as on hardware; its time on hardware is not
//! measured. In the second boot both drivers serve the same requests ([`phases`]) while QEMU traces
//! their accesses.

mod bursts;
mod comparison;
mod engines;
mod latency;
mod phases;
mod planner;
mod programs;
#[cfg(test)]
mod tests;

use comparison::*;
use phases::*;

use crate::prelude::*;

/// A test's name, and its check of a measurement.
type Check<T> = (&'static str, fn(&T) -> Result<()>);

/// Tests of [`count_instructions`]: all cases are measured, and costs grow as they should.
const OF_INSTRUCTIONS: [Check<Console>; 3] = [
    ("bench::syncs_what_c_syncs", |console| {
        MAPPINGS.check(console)?;
        LISTS.check(console)?;
        RINGS.check(console)
    }),
    ("bench::programs_grow_evenly", programs::check),
    ("bench::requests_and_sections_are_counted", latency::check),
];

/// Tests of [`phases::measure`]: exact counts, which do not depend on time.
const OF_REQUESTS: [Check<Requests>; 5] = [
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
    let tests = OF_INSTRUCTIONS.map(|(name, check)| Test::new(name, check));

    suite.add("bench: instructions", tests, || {
        count_instructions(Board::get()?)
    });

    let tests = OF_REQUESTS.map(|(name, check)| Test::new(name, check));

    suite.add("bench: requests", tests, || phases::measure(Board::get()?));
}

/// Upper limit: what it limits, the measured value, and the highest value.
type Limit = (String, f64, f64);

/// Returns true if the value is within the limit; NaN, which was not measured, is not.
fn is_kept((_, value, limit): &Limit) -> bool {
    value <= limit
}

/// Results of a subject or of all: its tables, as text and as JSON, and its limits.
struct Report {
    text: String,
    json: Value,
    limits: Vec<Limit>,
}

impl Report {
    /// Returns the results of all subjects, with a table of the limits.
    fn new(console: &Console, requests: &Requests) -> Result<Self> {
        let (mut text, mut json, mut limits) = (String::new(), json!({}), vec![]);

        for (key, report) in [
            ("mappings", MAPPINGS.report(console)?),
            ("lists", LISTS.report(console)?),
            ("rings", RINGS.report(console)?),
            ("engines", engines::report(requests)),
            ("latency", latency::report(console)?),
            ("bursts", bursts::report(requests)?),
            ("programs", programs::report(console)?),
        ] {
            text += &report.text;
            json[key] = report.json;
            limits.extend(report.limits);
        }

        let cells = limits.iter().map(|limit| {
            let (what, value, most) = limit;
            let verdict = if is_kept(limit) { "kept" } else { "NOT kept" };
            let [value, most] = [format!("{value:.3}"), most.to_string()];

            vec![what.clone(), value, most, verdict.into()]
        });

        text += &table("Limits:", &["limit", "measured", "at most", ""], cells);
        Ok(Self { text, json, limits })
    }
}

/// Runs the benchmark and prints its tables; returns true if all limits are kept.
pub fn run(board: &Board, json: &Path) -> Result<bool> {
    let report = Report::new(&count_instructions(board)?, &phases::measure(board)?)?;

    println!("{}\nThe same as JSON: {}", report.text, json.display());
    write_json(json, &report.json)?;
    Ok(report.limits.iter().all(is_kept))
}

/// Writes a report to `file`, whose directory is created.
pub fn write_json(file: &Path, report: &impl Serialize) -> Result<()> {
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(file, serde_json::to_string_pretty(report)?)
        .with_context(|| format!("cannot write {}", file.display()))
}

/// Boots with one CPU and loads the module that measures instructions.
fn count_instructions(board: &Board) -> Result<Console> {
    let work = TempDir::new()?;
    let mut boot = phases::boot(work.path())?;

    // The kernel resets counters of instructions when a CPU leaves a deep idle state.
    boot.append = "nr_cpus=1 cpuidle.off=1".into();
    boot.overlays.push("tests/bench/bench.dtso".into());
    boot.files.push("out/bench/rk3588_dma_bench.ko".into());

    let console = board.boot(&boot, &script(&["bench"])?)?;

    ensure!(console.exit()? == 0, "the module was not loaded");
    Ok(console)
}

/// Returns the module's log, which must have `count` lines that begin with `keyword`.
fn log<'a>(console: &'a Console, keyword: &str, count: usize) -> Result<&'a str> {
    let log = console.section("bench")?;
    let found = log.matches(&format!(": {keyword} ")).count();

    ensure!(
        found == count,
        missing(log, format!("{found} of {count} lines {keyword}:\n{log}"))
    );
    Ok(log)
}

/// Returns the two numbers that follow `words` in a line of the module.
fn measured(log: &str, words: &str) -> Result<[f64; 2]> {
    let numbers = log.lines().find_map(|line| {
        let (_, numbers) = line.split_once(&format!(": {words} "))?;
        let (first, second) = numbers.split_once(' ')?;

        Some([first.parse().ok()?, second.parse().ok()?])
    });

    numbers.ok_or_else(|| missing(log, format!("two numbers of {words}:\n{log}")))
}

/// Returns a number of a row, or NaN for null.
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// Formats a table: the first column left-aligned, the others right-aligned.
pub fn table(title: &str, head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
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
