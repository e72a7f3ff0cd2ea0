// SPDX-License-Identifier: GPL-2.0

//! The module's counters of its mappings, and the syncs that a coherent device saves.

use crate::prelude::*;

/// Overlay that puts the CPUs' caches on the controller's way to memory.
const COHERENT: &str = "tests/e2e/overlays/coherent.dtso";

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    let mut coherent = Boot::with_driver();

    coherent.overlays.push(COHERENT.into());
    suite.boot(
        "statistics",
        Boot::with_driver(),
        script(&["statistics"]),
        [
            ("count_the_lessons", all([are_zero("before"), by(counts)])),
            ("begin_anew", are_zero("bound-again")),
            ("can_be_off", is("off", "off")),
            (
                "limits::a_device_that_is_not_coherent_needs_syncs",
                has("limits", "\nneeds_sync 1"),
            ),
        ],
    );
    suite.boot(
        "coherent",
        coherent,
        script(&["statistics"]),
        [
            ("lessons_hold", exits(0)),
            (
                "skips_all_syncs",
                by(|console| {
                    let now = console.counters("after")?;
                    let syncs = now["syncs_for_cpu"] + now["syncs_for_device"];

                    ensure!(syncs == 0 && now["syncs_skipped"] > 30, "{now:?}");
                    Ok(())
                }),
            ),
            ("logs_nothing_wrong", clean("dmesg")),
            ("needs_no_sync", has("limits", "\nneeds_sync 0")),
        ],
    );
}

fn counts(console: &Console) -> Result<()> {
    let now = console.counters("after")?;

    for name in [
        "live",
        "failures",
        "bounced",
        "bounced_bytes",
        "syncs_skipped",
    ] {
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

fn are_zero(section: &'static str) -> Check {
    by(move |console| {
        let counters = console.counters(section)?;

        ensure!(
            counters.len() == 9 && counters.values().all(|&value| value == 0),
            "{counters:?}"
        );
        Ok(())
    })
}
