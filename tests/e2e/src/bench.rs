// SPDX-License-Identifier: GPL-2.0

//! The benchmark: what mappings cost with guards, and what the same calls cost in C.
//!
//! One boot of Debian's kernel on one CPU, with a clock that goes on by a nanosecond for each
//! instruction. Cache maintenance is an instruction for each line, as on hardware; what it costs
//! there is not known here.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::Command, //
};

use anyhow::{
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

/// How much the guards may cost, compared with C, where nothing is counted.
const LIMIT: f64 = 1.02;

/// Which mappings, and how long they are: in the order in which they are shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Case {
    name: String,
    bytes: u64,
}

/// What a case came to, in instructions for each mapping.
#[derive(Debug, Serialize)]
struct Row {
    mapping: String,
    bytes: u64,
    c: f64,
    guards: f64,
    guards_ratio: f64,
    guards_and_statistics: f64,
    statistics_ratio: f64,
}

/// Runs the benchmark; true if the guards are within their limit.
pub fn run(board: &Board, json: &Path) -> Result<bool> {
    let rows = measure(board)?;

    print(&rows);
    if let Some(folder) = json.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(json, serde_json::to_string_pretty(&rows)?)
        .with_context(|| format!("cannot write {}", json.display()))?;
    println!("\nThe same as JSON: {}", json.display());

    let most = rows.iter().map(|row| row.guards_ratio).fold(0.0, f64::max);

    println!(
        "Guards cost at most {most:.3} of the C figure; the limit is {LIMIT}: {}.",
        match most <= LIMIT {
            true => "kept",
            false => "NOT kept",
        }
    );
    Ok(most <= LIMIT)
}

/// Runs it as a test: not how fast it is, but whether all is measured and all is synced.
pub fn test(suite: &mut Suite, board: &Board) {
    suite.test("bench::syncs_what_c_syncs", || {
        succeeds(Command::new("make").args(["--no-print-directory", "bench-module"]))?;

        let rows = measure(board)?;

        ensure!(rows.len() == 12, "{} rows", rows.len());
        for row in rows {
            ensure!(row.c > 100.0 && row.guards > 100.0, "{row:?}");
            ensure!(row.guards_and_statistics > row.guards, "{row:?}");
            // A sync that is left out, even one that bounce buffers do not show, is cache
            // maintenance that is left out.
            if row.bytes > 64 {
                ensure!(row.guards_ratio > 0.95, "less is synced than in C: {row:?}");
            }
        }
        Ok(())
    });
}

fn measure(board: &Board) -> Result<Vec<Row>> {
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
    rows(&console)
}

fn rows(console: &Console) -> Result<Vec<Row>> {
    let log = console.section("bench")?;
    let plain = measured(log, "plain")?;
    let counted = measured(log, "statistics")?;

    ensure!(
        !plain.is_empty() && plain.keys().eq(counted.keys()),
        "the module did not measure everything:\n{log}"
    );
    Ok(plain
        .into_iter()
        .zip(counted.into_values())
        .map(|((case, (c, guards)), (c_again, with_statistics))| Row {
            mapping: case.name,
            bytes: case.bytes,
            c,
            guards,
            guards_ratio: guards / c,
            guards_and_statistics: with_statistics,
            statistics_ratio: with_statistics / c_again,
        })
        .collect())
}

/// The instructions in C and with guards, for each case of the device `kind`.
fn measured(log: &str, kind: &str) -> Result<BTreeMap<Case, (f64, f64)>> {
    let mut measured = BTreeMap::new();

    for line in log.lines() {
        let Some((_, numbers)) = line.split_once(": bench ") else {
            continue;
        };
        let [name, bytes, of, c, guards] = numbers.split_whitespace().collect::<Vec<_>>()[..]
        else {
            anyhow::bail!("the module wrote: {line}");
        };

        if of == kind {
            let case = Case {
                name: name.into(),
                bytes: bytes.parse()?,
            };
            let instructions = |thousandths: &str| anyhow::Ok(thousandths.parse::<f64>()? / 1000.0);

            measured.insert(case, (instructions(c)?, instructions(guards)?));
        }
    }
    Ok(measured)
}

fn print(rows: &[Row]) {
    println!("\nInstructions to map, sync and unmap once:\n");
    println!(
        "{:<14} {:>8} {:>12} {:>12} {:>7} {:>16} {:>7}",
        "mapping", "bytes", "C", "guards", "", "with statistics", ""
    );
    for row in rows {
        println!(
            "{:<14} {:>8} {:>12.1} {:>12.1} {:>7.3} {:>16.1} {:>7.3}",
            row.mapping,
            row.bytes,
            row.c,
            row.guards,
            row.guards_ratio,
            row.guards_and_statistics,
            row.statistics_ratio
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_rows() {
        let log = "[ 1.0] driver bench-plain: bench to_device 64 plain 400000 404000\n\
                   [ 1.0] driver bench-statistics: bench to_device 64 statistics 400000 500000\n\
                   [ 1.0] something else\n";
        let console = Console::new(&format!("@@ begin bench\n{log}@@ end bench\n"), false);
        let rows = rows(&console).unwrap();

        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].c, 400.0);
        assert_eq!(rows[0].guards_ratio, 1.01);
        assert_eq!(rows[0].statistics_ratio, 1.25);
    }

    #[test]
    fn a_missing_measurement_is_an_error() {
        let log = "driver: bench to_device 64 plain 400000 404000\n";
        let console = Console::new(&format!("@@ begin bench\n{log}@@ end bench\n"), false);

        assert!(rows(&console).is_err());
    }

    #[test]
    fn nothing_is_an_error() {
        let console = Console::new("@@ begin bench\n@@ end bench\n", false);

        assert!(rows(&console).is_err());
    }
}
