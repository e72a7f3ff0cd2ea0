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
        boot,
        script(&["state", "no-memory"]),
        [
            (
                "each_failure_is_an_error",
                only("errors", &["Cannot allocate memory"]),
            ),
            (
                "each_failure_is_an_error",
                number("kmalloc", LEAST_OBJECTS..),
            ),
            ("each_failure_is_an_error", number("pages", LEAST_PAGES..)),
            // After the last allocation of the copies, one of the shell's fails, as it
            // reads the counter.
            ("each_failure_is_an_error", number("kmalloc-ignored", ..=1)),
            ("each_failure_is_an_error", exits(0)),
            ("leaves_nothing", unchanged("before", "after")),
            ("leaves_nothing", counters("statistics", &[("live", 0)])),
            ("leaves_the_kernel_well", clean("log")),
            ("leaves_the_kernel_well", kunit::lockdep_is_on()),
            ("no_dma_api_error", kunit::no_dma_api_error()),
            ("no_mapping_left", kunit::no_mapping_left()),
            ("no_leak", kunit::no_leak()),
        ],
    );
}
