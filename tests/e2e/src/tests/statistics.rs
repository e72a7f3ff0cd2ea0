// SPDX-License-Identifier: GPL-2.0

//! The module's counters of its mappings, and the syncs that a coherent device saves.

use crate::prelude::*;

/// Overlay that puts the CPUs' caches on the controller's way to memory.
const COHERENT: &str = "tests/e2e/overlays/coherent.dtso";

/// Counters that stay 0 while the lessons run.
const UNUSED: &str = "live failures bounced bounced_bytes syncs_skipped";

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    let mut coherent = Boot::with_driver();
    let statistics = || script(&["statistics"]);

    coherent.overlays.push(COHERENT.into());
    suite.boot("statistics", Boot::with_driver(), statistics(), |tests| {
        tests.add("count_the_lessons", |it| {
            it.exits(0)?;
            count(it)
        });
        tests.add("begin_anew", |it| are_zero(it, "bound-again"));
        tests.add("can_be_off", |it| it.is("off", "off"));
        tests.add("limits::a_device_that_is_not_coherent_needs_syncs", |it| {
            it.has("limits", "\nneeds_sync 1\n")
        });
    });
    suite.boot("coherent", coherent, statistics(), |tests| {
        tests.add("lessons_hold", |it| it.exits(0));
        tests.add("skips_all_syncs", |it| {
            it.counts("after", &[("syncs_for_cpu", 0), ("syncs_for_device", 0)])?;
            ensure!(it.counters("after")?["syncs_skipped"] > 30);
            Ok(())
        });
        tests.add("logs_nothing_wrong", |it| it.clean("dmesg"));
        tests.add("needs_no_sync", |it| it.has("limits", "\nneeds_sync 0\n"));
    });
}

fn count(it: &Console) -> Result<()> {
    let now = it.counters("after")?;

    are_zero(it, "before")?;
    for name in UNUSED.split(' ') {
        expect(name, now[name], 0)?;
    }
    ensure!(
        // Two buffers in each lesson; each lesson that does not fail has one to three transfers.
        (81..200).contains(&now["mapped"])
            && now["bytes"] > 10 << 20
            && now["syncs_for_cpu"] > now["syncs_for_device"]
            && now["syncs_for_device"] > 10,
        "{now:?}"
    );
    Ok(())
}

fn are_zero(it: &Console, section: &str) -> Result<()> {
    let counters = it.counters(section)?;
    let all_zero = counters.values().all(|&value| value == 0);

    ensure!(counters.len() == 9 && all_zero, "{counters:?}");
    Ok(())
}
