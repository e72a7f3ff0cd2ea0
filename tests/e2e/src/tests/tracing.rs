// SPDX-License-Identifier: GPL-2.0

//! The kernel's tracepoints for mappings and syncs, and the syncs that a coherent device saves.

use crate::prelude::*;

/// Overlay that puts the CPUs' caches on the controller's way to memory.
const COHERENT: &str = "tests/e2e/overlays/coherent.dtso";

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    let mut coherent = Boot::with_driver();
    let script = || script(&["trace", "tracing"]);

    coherent.overlays.push(COHERENT.into());
    suite.boot("tracing", Boot::with_driver(), script(), |tests| {
        tests.add("shows_mappings_of_the_lessons", |it| {
            it.exits(0)?;
            expect_lessons(it)
        });
        tests.add("limits::a_device_that_is_not_coherent_needs_syncs", |it| {
            it.has("limits", "\nneeds_sync 1\n")
        });
    });
    suite.boot("coherent", coherent, script(), |tests| {
        tests.add("lessons_hold", |it| it.exits(0));
        tests.add("skips_all_syncs", |it| {
            it.counts("after", &[("syncs_for_cpu", 0), ("syncs_for_device", 0)])?;
            expect_mapped(it)
        });
        tests.add("logs_nothing_wrong", |it| it.clean("dmesg"));
        tests.add("needs_no_sync", |it| it.has("limits", "\nneeds_sync 0\n"));
    });
}

fn expect_lessons(it: &Console) -> Result<()> {
    let now = it.counters("after")?;
    let (for_cpu, for_device) = (now["syncs_for_cpu"], now["syncs_for_device"]);

    expect_mapped(it)?;
    it.counts("after", &[("bounced", 0)])?;
    ensure!(for_cpu > for_device && for_device > 10, "{now:?}");
    Ok(())
}

/// Checks that there were mappings, and that none is left.
fn expect_mapped(it: &Console) -> Result<()> {
    it.counts("before", &[("mapped", 0)])?;
    it.counts("after", &[("live", 0)])?;

    let mapped = it.counters("after")?["mapped"];

    // Two buffers in each lesson; each lesson that does not fail has one to three transfers.
    ensure!((81..200).contains(&mapped), "{mapped} mappings");
    Ok(())
}
