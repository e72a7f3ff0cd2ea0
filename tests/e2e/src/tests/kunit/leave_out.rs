// SPDX-License-Identifier: GPL-2.0

//! Syncs and other steps of a mapping, left out one at a time: at least one KUnit case must fail.
//!
//! The module for the debug kernel has a parameter for it, a number of `tests/kunit/fixture.h`. A
//! missing sync shows only where device and CPU use different memory, so all mappings are bounced.

use super::{
    ktap::Results,
    Run, //
};
use crate::prelude::*;

/// Header that names the numbers, and the beginning of its lines.
const HEADER: &str = "tests/kunit/fixture.h";
const PREFIX: &str = "#define RK3588_DMA_LEAVE_OUT_";

/// Beginning of the names of the suites of lists.
const SUITES_OF_LISTS: &str = "rk3588_dma_sg_";

/// Returns true if a step of lists is left out, not one of mappings.
fn is_of_list(name: &str) -> bool {
    name.starts_with("list_")
}

/// Returns the tests, given the names of the numbers.
pub fn tests(names: &[String]) -> impl Iterator<Item = Test<Run>> + '_ {
    names.iter().zip(1..).map(|(name, number)| {
        let is_list = is_of_list(name);
        let check = move |run: &Run| {
            let log = run.console.section(&format!("log-{number}"))?;

            is_noticed(&Results::of(log)?, is_list)
        };

        Test::new(format!("kunit::without_{name}::is_noticed"), check)
    })
}

/// Returns the numbers, each with a glob of the suites that may notice: those of mappings, for
/// lists all but those of the engine.
pub fn numbers(names: &[String]) -> String {
    let numbers = names.iter().zip(1..).map(|(name, number)| {
        let others = if is_of_list(name) { "p" } else { "ps" };

        format!("{number}:rk3588_dma_[!{others}]*")
    });

    numbers.collect::<Vec<_>>().join(" ")
}

/// Checks that a case of the directory in which something is left out fails. Those of mappings must
/// not fail for lists.
fn is_noticed(results: &Results, is_list: bool) -> Result<()> {
    let is_of_lists = |case: &str| case.starts_with(SUITES_OF_LISTS);

    results.expect_a_failure(|case| is_of_lists(case) == is_list)?;
    if is_list {
        results.expect_no_failure(|case| !is_of_lists(case))?;
    }
    Ok(())
}

/// Returns the names of the numbers from 1 on.
pub fn names() -> Result<Vec<String>> {
    parse(&fs::read_to_string(HEADER).context(HEADER)?)
}

fn parse(header: &str) -> Result<Vec<String>> {
    let lines = header.lines().filter_map(|line| line.strip_prefix(PREFIX));
    let names = lines.zip(1..).map(|(line, number)| {
        let (name, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let is_next = value.trim() == number.to_string();

        ensure!(
            is_next,
            "{HEADER}: {PREFIX}{line} is not {number}: count from 1"
        );
        Ok(name.to_lowercase())
    });
    let names = names.collect::<Result<Vec<_>>>()?;

    ensure!(!names.is_empty(), "{HEADER} has no line `{PREFIX}NAME 1`");
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_header() {
        let header = "/* Not this: RK3588_DMA_LEAVE_OUT_NOTHING 0 */
#define RK3588_DMA_LEAVE_OUT_SYNC_FOR_CPU\t\t1
#define RK3588_DMA_LEAVE_OUT_UNMAP 2
#define RK3588_DMA_OTHER 3
";

        assert_eq!(parse(header).unwrap(), ["sync_for_cpu", "unmap"]);
    }

    #[test]
    fn gaps_and_nothing_are_rejected() {
        for header in ["^A 1\n^A 3\n", "^A 2\n", "^A ONE\n", "^A\n", ""] {
            let header = header.replace('^', PREFIX) + "#define RK3588_DMA_OTHER 1\n";

            assert!(parse(&header).is_err(), "{header}");
        }
        assert!(parse("").is_err());
    }
}
