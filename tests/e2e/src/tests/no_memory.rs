// SPDX-License-Identifier: GPL-2.0

//! Copies for which there is no memory: each allocation that they make fails once.

use anyhow::{
    ensure,
    Context,
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

/// The least number of allocations that there must be: a page and two lists to keep it in for each of five
/// pieces, of which there are five times as many; and tables and requests.
const LEAST: usize = 50;

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
    let failures: usize = console.section("failures")?.parse()?;
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
    ensure!(failures >= LEAST, "only {failures} allocations failed");
    ensure!(console.exit()? == 0, "at last, too, a copy failed");

    let log = console.section("log")?;
    let last = log.rfind(": scatter: ").context("nothing was copied")?;

    ensure!(!log[last..].contains("a byte is wrong"), "{}", &log[last..]);
    Ok(())
}
