// SPDX-License-Identifier: GPL-2.0

//! Copies without memory: each of their allocations fails once.

use crate::prelude::*;

/// Least number of objects that are allocated: five lists of pages with two growing vectors each,
/// the tables of these lists, four requests with their segments; eight requests with three objects
/// each, the callbacks' state, a part, shared memory, a pool with its vector, and the progress of a
/// copy.
const LEAST_OBJECTS: u64 = 40 + 32;

/// Least number of pages: three lists of five pages, two of one or more, and a buffer; and one for
/// each side of eight copies, of which two share a destination, and two a source.
const LEAST_PAGES: u64 = 18 + 14;

/// Largest number of failures of objects that are not errors: after the last allocation of each
/// group of copies, one of the shell's fails, as it reads the counter.
const MAX_IGNORED: u64 = 2;

/// Adds the tests; `boot` boots a kernel that can inject allocation failures.
pub fn add(suite: &mut Suite, boot: Boot) {
    let script = script(&["state", "no-memory"])
        .map(|script| format!("least_pages={LEAST_PAGES}\nmax_ignored={MAX_IGNORED}\n{script}"));

    suite.boot("debug_no_memory", boot, script, |tests| {
        tests.add("each_failure_is_an_error", |it| {
            it.only("errors", &["Cannot allocate memory"])?;
            it.within("kmalloc", LEAST_OBJECTS..)?;
            it.within("pages", LEAST_PAGES..)?;
            it.within("kmalloc-ignored", ..=MAX_IGNORED)?;
            it.exits(0)
        });
        tests.add("leaves_nothing", |it| it.unchanged("before", "after"));
        tests.add("leaves_the_kernel_well", |it| {
            it.clean("log")?;
            kunit::lockdep_is_on(it)
        });
        kunit::add_checks(tests);
    });
}
