// SPDX-License-Identifier: GPL-2.0

//! The driver is bound and unbound: under load, with files open, again and again.

use crate::prelude::*;

/// Rounds of unbinding under load, and of loading and unloading. `make soak` does more.
const UNDER_LOAD: u64 = 4;
const IDLE: u64 = 200;

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    let boot = Boot::with_driver;

    suite.boot("lifetime: leave", boot(), leave(UNDER_LOAD), |tests| {
        add_leave(tests, UNDER_LOAD);
    });
    suite.boot("lifetime: repeat", boot(), repeat(IDLE), |tests| {
        add_repeat(tests, IDLE);
    });
}

/// Returns the script that unbinds and unloads the driver under load.
pub fn leave(rounds: u64) -> Result<String> {
    Ok(format!(
        "rounds={rounds}\n{}",
        script(&["stress", "leave"])?
    ))
}

/// Returns the script that loads and unloads the module.
pub fn repeat(rounds: u64) -> Result<String> {
    Ok(format!("times={rounds}\n{}", script(&["state", "repeat"])?))
}

/// Adds the tests of unbinding and unloading under load.
pub fn add_leave(tests: &mut Tests, rounds: u64) {
    tests.add("unbind_at_work", move |it| {
        it.within("rebound", rounds..=rounds)?;
        it.within("interrupted", rounds / 2 + 1..)
            .with_context(|| it.text().to_string())
    });
    tests.add("unload_at_work", move |it| {
        it.within("reloaded", rounds / 2..=rounds / 2)?;
        it.exits(0)
    });
    tests.add("open_file_holds_the_module", |it| {
        it.has("command-held", "Resource temporarily unavailable")?;
        it.has("held", "Resource temporarily unavailable")
    });
    tests.add("open_file_survives_unbind", |it| it.has("gone", "error"));
    tests.add("without_a_trace", |it| it.clean("dmesg"));
}

/// Adds the tests of loading and unloading again and again.
pub fn add_repeat(tests: &mut Tests, rounds: u64) {
    tests.add("many_times_leaves_no_resource", |it| {
        it.exits(0)?;
        it.unchanged("before", "after")
    });
    tests.add("many_times_leaves_memory", move |it| {
        for section in ["pages", "objects"] {
            let lost: i64 = it.section(section)?.parse()?;

            // One that is lost in each round is more than the kernel's own activity.
            ensure!(lost * 8 <= rounds as i64 * 7, "{lost} {section} are lost");
        }
        Ok(())
    });
    tests.add("many_times_leaves_no_interrupt", |it| {
        it.has("interrupts-before", "ttyS2")?;
        it.unchanged("interrupts-before", "interrupts-after")
    });
}
