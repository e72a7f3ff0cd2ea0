// SPDX-License-Identifier: GPL-2.0

//! The module's counters of its mappings, and the syncs that a coherent device saves.

use crate::prelude::*;

/// Overlay that puts the CPUs' caches on the controller's way to memory.
const COHERENT: &str = "tests/e2e/overlays/coherent.dtso";

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    suite.boot(
        "statistics",
        || Ok((Boot::with_driver(), script(&["statistics"])?)),
        [
            ("count_the_lessons", by(counts)),
            ("begin_anew", by(|console| are_zero(console, "bound-again"))),
            ("can_be_off", is("off", "off")),
            (
                "limits::a_device_that_is_not_coherent_needs_syncs",
                has("limits", "\nneeds_sync 1"),
            ),
        ],
    );
    suite.boot(
        "coherent",
        || {
            let boot = Boot::with_driver();
            let overlays = [boot.overlays, vec![COHERENT.into()]].concat();

            Ok((Boot { overlays, ..boot }, script(&["statistics"])?))
        },
        [
            ("lessons_hold", exits(0)),
            (
                "skips_all_syncs",
                by(|console| {
                    let now = console.counters("after")?;

                    ensure!(
                        now["syncs_for_cpu"] == 0
                            && now["syncs_for_device"] == 0
                            && now["syncs_skipped"] > 30,
                        "{now:?}"
                    );
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

    are_zero(console, "before")?;
    for name in [
        "live",
        "failures",
        "bounced",
        "bounced_bytes",
        "syncs_skipped",
    ] {
        expect(name, now[name], 0)?;
    }
    // Two buffers in each lesson; each lesson that does not fail has one to three transfers.
    ensure!((81..200).contains(&now["mapped"]), "{now:?}");
    ensure!(now["bytes"] > 10 << 20, "{now:?}");
    ensure!(
        now["syncs_for_cpu"] > now["syncs_for_device"] && now["syncs_for_device"] > 10,
        "{now:?}"
    );
    Ok(())
}

fn are_zero(console: &Console, section: &str) -> Result<()> {
    let counters = console.counters(section)?;

    ensure!(
        counters.len() == 9 && counters.values().all(|&value| value == 0),
        "{counters:?}"
    );
    Ok(())
}
