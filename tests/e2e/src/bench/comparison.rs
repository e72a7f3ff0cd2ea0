// SPDX-License-Identifier: GPL-2.0

//! Instructions with this project and in C, as the module writes them.

use std::collections::BTreeMap;

use anyhow::{
    bail,
    ensure,
    Result, //
};
use serde::Serialize;

use crate::console::Console;

/// Something that was measured: in the order in which it is shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case {
    pub name: String,
    /// In bytes, or in entries.
    pub size: u64,
}

/// What a case came to, in instructions each time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Comparison {
    pub c: f64,
    pub guards: f64,
    pub guards_ratio: f64,
    pub guards_and_statistics: f64,
    pub statistics_ratio: f64,
}

/// Reads the lines of the module that begin with `keyword`.
///
/// # Errors
///
/// If there are none, or one is not as expected, or has no counterpart with statistics.
pub fn read(console: &Console, keyword: &str) -> Result<Vec<(Case, Comparison)>> {
    let log = console.section("bench")?;
    let plain = measured(log, keyword, "plain")?;
    let counted = measured(log, keyword, "statistics")?;

    ensure!(
        !plain.is_empty() && plain.keys().eq(counted.keys()),
        "the module did not measure everything:\n{log}"
    );
    Ok(plain
        .into_iter()
        .zip(counted.into_values())
        .map(|((case, (c, guards)), (c_again, with_statistics))| {
            let comparison = Comparison {
                c,
                guards,
                guards_ratio: guards / c,
                guards_and_statistics: with_statistics,
                statistics_ratio: with_statistics / c_again,
            };

            (case, comparison)
        })
        .collect())
}

/// The instructions in C and with guards, for each case of the device `kind`.
fn measured(log: &str, keyword: &str, kind: &str) -> Result<BTreeMap<Case, (f64, f64)>> {
    let mut measured = BTreeMap::new();

    for line in log.lines() {
        let Some((_, numbers)) = line.split_once(&format!(": {keyword} ")) else {
            continue;
        };
        let [name, size, of, c, guards] = numbers.split_whitespace().collect::<Vec<_>>()[..] else {
            bail!("the module wrote: {line}");
        };

        if of == kind {
            let case = Case {
                name: name.into(),
                size: size.parse()?,
            };
            let instructions = |thousandths: &str| anyhow::Ok(thousandths.parse::<f64>()? / 1000.0);

            measured.insert(case, (instructions(c)?, instructions(guards)?));
        }
    }
    Ok(measured)
}

/// The head of a table.
pub fn print_head(name: &str, size: &str) {
    println!(
        "{name:<14} {size:>8} {:>12} {:>12} {:>7} {:>16} {:>7}",
        "C", "guards", "", "with statistics", ""
    );
}

impl Comparison {
    /// As a row of it.
    pub fn print(&self, name: &str, size: u64) {
        println!(
            "{name:<14} {size:>8} {:>12.1} {:>12.1} {:>7.3} {:>16.1} {:>7.3}",
            self.c,
            self.guards,
            self.guards_ratio,
            self.guards_and_statistics,
            self.statistics_ratio
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn console(log: &str) -> Console {
        Console::new(&format!("@@ begin bench\n{log}@@ end bench\n"), false)
    }

    #[test]
    fn lines_become_comparisons() {
        let console = console(
            "[ 1.0] driver bench-plain: bench to_device 64 plain 400000 404000\n\
             [ 1.0] driver bench-plain: list to_device 64 plain 1000 1000\n\
             [ 1.0] driver bench-statistics: bench to_device 64 statistics 400000 500000\n\
             [ 1.0] driver bench-statistics: list to_device 64 statistics 1000 1000\n\
             [ 1.0] something else\n",
        );
        let [(case, comparison)] = &read(&console, "bench").unwrap()[..] else {
            panic!("not one");
        };

        assert_eq!((case.name.as_str(), case.size), ("to_device", 64));
        assert_eq!(comparison.c, 400.0);
        assert_eq!(comparison.guards_ratio, 1.01);
        assert_eq!(comparison.statistics_ratio, 1.25);
        assert_eq!(read(&console, "list").unwrap()[0].1.c, 1.0);
    }

    #[test]
    fn a_missing_measurement_is_an_error() {
        let console = console("driver: bench to_device 64 plain 400000 404000\n");

        assert!(read(&console, "bench").is_err());
    }

    #[test]
    fn a_line_that_is_cut_is_an_error() {
        let console = console("driver: bench to_device 64 plain 400000\n");

        assert!(read(&console, "bench").is_err());
    }

    #[test]
    fn nothing_is_an_error() {
        assert!(read(&console(""), "bench").is_err());
    }
}
