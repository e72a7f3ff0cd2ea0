// SPDX-License-Identifier: GPL-2.0

//! Copies without memory: each of their allocations fails once.

use super::kunit;
use crate::prelude::*;

/// Least number of objects that are allocated: five lists of pages with two growing vectors each,
/// the tables of these lists, four requests with their segments.
const LEAST_OBJECTS: u64 = 40;

/// Least number of pages: three lists of five pages, two of one or more, and a buffer.
const LEAST_PAGES: u64 = 18;

/// Adds the tests; `boot` boots a kernel that can inject allocation failures.
pub fn add(suite: &mut Suite, boot: Boot) {
    suite.boot(
        "debug_no_memory",
        || Ok((boot, script(&["state", "no-memory"])?)),
        [
            ("each_failure_is_an_error", by(each_failure_is_an_error)),
            (
                "leaves_nothing",
                all([
                    unchanged("before", "after"),
                    by(|console| expect("live", console.counters("statistics")?["live"], 0)),
                ]),
            ),
            (
                "leaves_the_kernel_well",
                all([clean("log"), by(kunit::lockdep_is_on)]),
            ),
            ("no_dma_api_error", by(kunit::no_dma_api_error)),
            ("no_mapping_left", by(kunit::no_mapping_left)),
            ("no_leak", by(kunit::no_leak)),
        ],
    );
}

fn each_failure_is_an_error(console: &Console) -> Result<()> {
    let others: Vec<_> = console
        .section("errors")?
        .lines()
        .filter(|line| !line.contains("Cannot allocate memory"))
        .collect();

    ensure!(others.is_empty(), "other errors:\n{}", others.join("\n"));
    for (section, least) in [("kmalloc", LEAST_OBJECTS), ("pages", LEAST_PAGES)] {
        let failures = console.number(section)?;

        ensure!(failures >= least, "{section}: only {failures} failed");
    }

    let ignored = console.number("kmalloc-ignored")?;

    // After the last allocation of the copies, one of the shell's fails, as it reads the counter.
    ensure!(ignored <= 1, "{ignored} failures were no error");
    expect("exit status of the script", console.exit()?, 0)
}
