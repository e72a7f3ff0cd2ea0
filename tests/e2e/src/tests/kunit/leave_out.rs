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
const PREFIX: &str = "RK3588_DMA_LEAVE_OUT_";

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
            results(index + 1)?.expect_a_failure()
        });
    }
}

/// The names of the numbers from 1 on.
fn names(header: &str) -> Result<Vec<String>> {
    let mut names = vec![];

    for line in header.lines() {
        let Some((name, value)) = line
            .trim()
            .strip_prefix(PREFIX)
            .and_then(|line| line.split_once('='))
        else {
            continue;
        };
        let value = value.split(',').next().unwrap_or_default().trim();

        // One that is defined by another is the last once more.
        if value == "0" || value.starts_with(PREFIX) {
            continue;
        }
        ensure!(
            value == (names.len() + 1).to_string(),
            "{HEADER}: {PREFIX}{} is {value}, not {}: count from 1",
            name.trim(),
            names.len() + 1
        );
        names.push(name.trim().to_lowercase());
    }
    ensure!(
        !names.is_empty(),
        "{HEADER} has no line `{PREFIX}NAME = 1,`"
    );
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_header() {
        let header = "enum rk3588_dma_leave_out {
            \tRK3588_DMA_LEAVE_OUT_NOTHING = 0,
            \t/** Not this. */
            \tRK3588_DMA_LEAVE_OUT_SYNC_FOR_CPU = 1,
            \tRK3588_DMA_LEAVE_OUT_UNMAP = 2, /* nor that */
            \tRK3588_DMA_LEAVE_OUT_LAST = RK3588_DMA_LEAVE_OUT_UNMAP,
            };";

        assert_eq!(names(header).unwrap(), ["sync_for_cpu", "unmap"]);
    }

    #[test]
    fn a_gap_is_refused() {
        assert!(names("RK3588_DMA_LEAVE_OUT_A = 1,\nRK3588_DMA_LEAVE_OUT_B = 3,").is_err());
        assert!(names("RK3588_DMA_LEAVE_OUT_A = 2,").is_err());
        assert!(names("RK3588_DMA_LEAVE_OUT_A = ONE,").is_err());
    }

    #[test]
    fn a_header_without_names_is_refused() {
        assert!(names("enum { RK3588_DMA_OTHER = 1 };").is_err());
        assert!(names("RK3588_DMA_LEAVE_OUT_NOTHING = 0,").is_err());
    }
}
