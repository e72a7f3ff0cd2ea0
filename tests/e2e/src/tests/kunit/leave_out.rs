// SPDX-License-Identifier: GPL-2.0

//! What a mapping does, left out: each time one thing, and at least one KUnit case must notice.
//!
//! The module for the debug kernel has a parameter for it, a number of `tests/kunit/fixture.h`. Bytes
//! that are not handed over are seen only where device and CPU do not look at the same memory, so all
//! is bounced.

use std::fs;

use anyhow::{
    ensure,
    Context,
    Result, //
};

use super::{
    super::of_boot,
    boot,
    ktap::Results, //
};
use crate::{
    board::{
        Board,
        Machine, //
    },
    suite::Suite, //
};

const SCRIPT: &str = include_str!("../../../guest/leave-out.sh");

/// Where the numbers are given names, and what a line of them begins with.
const HEADER: &str = "tests/kunit/fixture.h";
const PREFIX: &str = "#define RK3588_DMA_LEAVE_OUT_";

/// What the names of the suites of lists begin with.
const SUITES_OF_LISTS: &str = "rk3588_dma_sg_";

/// Whether any of them is to run.
pub fn is_wanted(suite: &Suite) -> bool {
    suite.wants(&["kunit::without_nothing::passes"]) || suite.wants_below("kunit::without_")
}

/// Runs them, all in one boot.
pub fn run(suite: &mut Suite, board: &Board) {
    let names = fs::read_to_string(HEADER)
        .with_context(|| format!("cannot read {HEADER}"))
        .and_then(|header| names(&header));

    match names {
        Ok(names) => run_all(suite, board, &names),
        Err(error) => suite.add_failure("kunit::without", &error),
    }
}

fn run_all(suite: &mut Suite, board: &Board, names: &[String]) {
    // Nothing left out first, while the kernel is as it was booted: a case that fails may leak.
    let numbers: Vec<_> = (0..=names.len()).map(|it| it.to_string()).collect();
    let script = format!("numbers='{}'\n{SCRIPT}", numbers.join(" "));
    let console = suite.prepare("KUnit, with something left out", || {
        board.boot(&boot(Machine::Virt, true), &script)
    });
    let results = |number: usize| {
        let log = of_boot(&console)?.section(&format!("log-{number}"))?;

        Results::of(&board.kernel.join("source"), log)
    };

    suite.test("kunit::without_nothing::passes", || {
        results(0)?.expect_all_passed()
    });
    for (index, name) in names.iter().enumerate() {
        suite.test(&format!("kunit::without_{name}::is_noticed"), || {
            is_noticed(&results(index + 1)?, name)
        });
    }
}

/// Whether the cases of the room in which something is left out notice it. Those of mappings do not notice
/// what is left out of lists, unless an earlier case has taken all bounce buffers with it.
fn is_noticed(results: &Results, name: &str) -> Result<()> {
    let is_of_lists = |case: &str| case.starts_with(SUITES_OF_LISTS);

    if name.starts_with("list_") {
        results.expect_a_failure(is_of_lists)?;
        return results.expect_no_failure(|case| !is_of_lists(case));
    }
    results.expect_a_failure(|case| !is_of_lists(case))
}

/// The names of the numbers from 1 on.
fn names(header: &str) -> Result<Vec<String>> {
    let mut names = vec![];

    for definition in header.lines().filter_map(|line| line.strip_prefix(PREFIX)) {
        let (name, value) = definition
            .split_once(char::is_whitespace)
            .with_context(|| format!("{HEADER}: {PREFIX}{definition} has no number"))?;

        ensure!(
            value.trim() == (names.len() + 1).to_string(),
            "{HEADER}: {PREFIX}{name} is {}, not {}: count from 1",
            value.trim(),
            names.len() + 1
        );
        names.push(name.to_lowercase());
    }
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

        assert_eq!(names(header).unwrap(), ["sync_for_cpu", "unmap"]);
    }

    #[test]
    fn a_gap_is_refused() {
        let define = |number: &str| format!("#define RK3588_DMA_LEAVE_OUT_A {number}\n");

        assert!(names(&(define("1") + &define("3"))).is_err());
        assert!(names(&define("2")).is_err());
        assert!(names(&define("ONE")).is_err());
        assert!(names("#define RK3588_DMA_LEAVE_OUT_A").is_err());
    }

    #[test]
    fn a_header_without_names_is_refused() {
        assert!(names("#define RK3588_DMA_OTHER 1\n").is_err());
        assert!(names("").is_err());
    }
}
