// SPDX-License-Identifier: GPL-2.0

//! The tests, in the order in which they run: what needs no board first.

mod controllers;
mod engine;
mod faults;
mod inspect;
mod kunit;
mod lessons;
mod lifetime;
mod lists;
mod machine;
mod no_memory;
mod samples;
mod statistics;

use std::process::Command;

use anyhow::{
    anyhow,
    ensure,
    Result, //
};

use crate::{
    bench,
    board::Board,
    checks,
    compile_fail,
    console::Console,
    coverage,
    docs,
    host,
    process::succeeds,
    suite::Suite, //
};

/// What a kernel writes when something is wrong with it.
const TRACES: [&str; 12] = [
    "WARNING:",
    "BUG:",
    "Oops",
    "Call trace",
    "Unable to handle",
    "rcu: INFO",
    "blocked for more than",
    "Trying to free nonexistent",
    "SError",
    // Of KASAN, lockdep and UBSAN, where they do not begin with one of the above.
    "KASAN: ",
    "INFO: trying to register non-static key",
    "UBSAN: ",
];

/// Runs all tests whose names contain `filter`; true if all passed.
pub fn run(filter: &str) -> Result<bool> {
    let mut suite = Suite::new(filter);

    checks::run(&mut suite);
    compile_fail::run(&mut suite);
    host::run(&mut suite);
    coverage::run(&mut suite);
    suite.test("stock::files_are_debians", || {
        succeeds(Command::new("scripts/kernel").arg("--verify"))
    });

    match Board::new() {
        Ok(board) => {
            machine::run(&mut suite, &board);
            lessons::run(&mut suite, &board);
            statistics::run(&mut suite, &board);
            inspect::run(&mut suite, &board);
            controllers::run(&mut suite, &board);
            faults::run(&mut suite, &board);
            lifetime::run(&mut suite, &board);
            engine::run(&mut suite, &board);
            lists::run(&mut suite, &board);
            bench::test(&mut suite, &board);
            samples::run(&mut suite, &board);
            kunit::run(&mut suite, &board);
        }
        Err(error) => suite.add_failure("board", &error),
    }
    check_docs(&mut suite);
    Ok(suite.end())
}

/// Compares the documentation with the tests that ran: last, and only where all of them did.
fn check_docs(suite: &mut Suite) {
    if !suite.is_whole() {
        return;
    }

    let outcome = docs::mistakes_name_tests_that_ran(suite.passed());

    suite.test("docs::mistakes_names_tests_that_ran", || outcome);
}

/// A boot that several tests look at: each of them fails if it did.
fn of_boot(boot: &Result<Console>) -> Result<&Console> {
    boot.as_ref().map_err(|error| anyhow!("{error:#}"))
}

/// Fails with the lines of a kernel log that say that something is wrong with the kernel.
fn expect_no_trace(log: &str) -> Result<()> {
    let wrong: Vec<_> = log
        .lines()
        .filter(|line| TRACES.iter().any(|trace| line.contains(trace)))
        .collect();

    ensure!(!log.is_empty(), "the kernel log is empty");
    ensure!(
        wrong.is_empty(),
        "the kernel log has:\n{}",
        wrong.join("\n")
    );
    Ok(())
}
