// SPDX-License-Identifier: GPL-2.0

//! Copies for which there is no memory: each allocation that they make fails once.

use anyhow::{
    ensure,
    Result, //
};

use super::{
    expect_no_trace,
    kunit,
    of_boot,
    statistics::counters, //
};
use crate::{
    board::{
        Board,
        Boot, //
    },
    console::Console,
    suite::Suite, //
};

const SCRIPT: &str = concat!(
    include_str!("../../guest/state.sh"),
    include_str!("../../guest/no-memory.sh")
);

/// Five lists of pages, each with two vectors that grow; the tables of these; four requests with their segments.
const LEAST_OBJECTS: usize = 40;

/// Three lists of five pages each, two of as many as it takes, and a buffer.
const LEAST_PAGES: usize = 18;

/// Runs them on a kernel that can make allocations fail, which `boot` boots.
pub fn run(suite: &mut Suite, board: &Board, boot: &Boot) {
    let names = [
        "debug_no_memory::each_failure_is_an_error",
        "debug_no_memory::leaves_nothing",
        "debug_no_memory::leaves_the_kernel_well",
        "debug_no_memory::no_dma_api_error",
        "debug_no_memory::no_mapping_left",
        "debug_no_memory::no_leak",
    ];

    if !suite.wants(&names) {
        return;
    }

    let [error, nothing, well, api, mapping, leak] = names;
    let console = suite.prepare("copies without memory", || board.boot(boot, SCRIPT));

    suite.test(error, || each_failure_is_an_error(of_boot(&console)?));
    suite.test(nothing, || {
        let console = of_boot(&console)?;
        let (before, after) = (console.section("before")?, console.section("after")?);

        ensure!(before == after, "before:\n{before}\nafter:\n{after}");
        ensure!(counters(console, "statistics")?["live"] == 0);
        Ok(())
    });
    suite.test(well, || {
        expect_no_trace(of_boot(&console)?.section("log")?)?;
        kunit::lockdep_is_on(of_boot(&console)?)
    });
    suite.test(api, || kunit::no_dma_api_error(of_boot(&console)?));
    suite.test(mapping, || kunit::no_mapping_left(of_boot(&console)?));
    suite.test(leak, || kunit::no_leak(of_boot(&console)?));
}

fn each_failure_is_an_error(console: &Console) -> Result<()> {
    let number = |section| anyhow::Ok(console.section(section)?.parse::<usize>()?);
    let others: Vec<_> = console
        .section("errors")?
        .lines()
        .filter(|line| !line.contains("Cannot allocate memory"))
        .collect();

    ensure!(
        others.is_empty(),
        "other errors than the one there was:\n{}",
        others.join("\n")
    );
    for (section, least) in [("kmalloc", LEAST_OBJECTS), ("pages", LEAST_PAGES)] {
        let failures = number(section)?;

        ensure!(failures >= least, "{section}: only {failures} failed");
    }

    let ignored = number("kmalloc-ignored")?;

    // Behind the last one of the copies comes one of the shell's, as it looks whether there was one.
    ensure!(ignored <= 1, "{ignored} failures were no error");
    ensure!(
        console.exit()? == 0,
        "copies failed for which nothing was lacking"
    );
    Ok(())
}
