// SPDX-License-Identifier: GPL-2.0

//! Steps of mappings, left out one at a time: a KUnit case of single mappings must fail, and one of
//! lists.
//!
//! `tests/kunit/wrap.c` leaves out the step that a module parameter names by a number of
//! `tests/kunit/fixture.h`. A missing sync shows only where device and CPU use different memory, so
//! all mappings are bounced.

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

/// Returns the tests, given the names of the numbers.
pub fn tests(names: &[String]) -> impl Iterator<Item = Test<Run>> + '_ {
    names.iter().zip(1..).flat_map(|(name, number)| {
        [("mappings", false), ("lists", true)].map(|(suites, is_list)| {
            let check = move |run: &Run| {
                let log = run.console.section(&format!("log-{number}"))?;
                let is_of_lists = |case: &str| case.starts_with(SUITES_OF_LISTS);

                Results::of(log)?.expect_a_failure(|case| is_of_lists(case) == is_list)
            };

            Test::new(format!("kunit::without_{name}::{suites}_fail"), check)
        })
    })
}

/// Returns the numbers, each with a glob of the suites that may notice: not those of the engine,
/// and not those of what is refused, which take as long as all others.
pub fn numbers(names: &[String]) -> String {
    let numbers = (1..=names.len()).map(|number| format!("{number}:rk3588_dma_[!p]*[!d]"));

    numbers.collect::<Vec<_>>().join(" ")
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
        let header = "/* Not this: ^NOTHING 0 */\n^SYNC_FOR_CPU\t\t1\n^UNMAP 2\n#define OTHER 3\n";

        assert_eq!(
            parse(&header.replace('^', PREFIX)).unwrap(),
            ["sync_for_cpu", "unmap"]
        );
        for header in ["^A 1\n^A 3\n", "^A 2\n", "^A ONE\n", "^A\n", ""] {
            let header = header.replace('^', PREFIX) + "#define OTHER 1\n";

            assert!(parse(&header).is_err(), "{header}");
        }
    }
}
