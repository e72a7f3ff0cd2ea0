// SPDX-License-Identifier: GPL-2.0

//! What mappings cost with guards, and what the same calls cost in C.

use std::collections::BTreeMap;

use anyhow::{
    ensure,
    Result, //
};
use serde::Serialize;

use super::Limit;
use crate::console::Console;

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
pub struct Row {
    mapping: String,
    bytes: u64,
    c: f64,
    guards: f64,
    guards_ratio: f64,
    guards_and_statistics: f64,
    statistics_ratio: f64,
}

/// What the guards are to keep to.
pub fn limits(rows: &[Row]) -> Vec<Limit> {
    let most = rows.iter().map(|row| row.guards_ratio).reduce(f64::max);

    vec![Limit::new(
        "instructions of guards, by those in C",
        most,
        LIMIT,
    )]
}

/// Checks that all is measured and all is synced.
///
/// # Errors
///
/// With what is missing, or the first row that says otherwise.
pub fn check(rows: &[Row]) -> Result<()> {
    ensure!(rows.len() == 12, "{} rows", rows.len());
    for row in rows {
        ensure!(row.c > 100.0 && row.guards > 100.0, "{row:?}");
        ensure!(row.guards_and_statistics > row.guards, "{row:?}");
        // A sync that is left out, even one that bounce buffers do not show, is cache maintenance
        // that is left out.
        if row.bytes > 64 {
            ensure!(row.guards_ratio > 0.95, "less is synced than in C: {row:?}");
        }
    }
    Ok(())
}

/// Reads what the module says.
pub fn rows(console: &Console) -> Result<Vec<Row>> {
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

pub fn print(rows: &[Row]) {
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
