// SPDX-License-Identifier: GPL-2.0

//! The driver is bound and unbound: under load, with files open, again and again.

use crate::prelude::*;

/// Pages that may be free less, and objects that may be allocated more, after the rounds. One lost
/// in each round would be four hundred; other activity of the kernel makes up to three hundred.
const NOISE: i64 = 350;

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    suite.boot(
        "lifetime",
        || Ok((Boot::with_driver(), script(&["stress", "leave"])?)),
        [
            (
                "unbind_at_work",
                all([
                    is("rebound", "20"),
                    by(|console| {
                        let interrupted = console.number("interrupted")?;

                        ensure!(
                            interrupted > 5,
                            "only {interrupted} lessons were interrupted: {}",
                            console.section("errors")?
                        );
                        Ok(())
                    }),
                ]),
            ),
            ("unload_at_work", all([is("reloaded", "10"), exits(0)])),
            (
                "open_file_holds_the_module",
                has("held", "Resource temporarily unavailable"),
            ),
            ("open_file_survives_unbind", has("gone", "error")),
            ("without_a_trace", clean("dmesg")),
        ],
    );
    suite.boot(
        "lifetime",
        || Ok((Boot::with_driver(), script(&["state", "repeat"])?)),
        [
            (
                "four_hundred_times_leaves_no_resource",
                all([exits(0), unchanged("before", "after")]),
            ),
            (
                "four_hundred_times_leaves_memory",
                by(|console| {
                    for section in ["pages", "objects"] {
                        let lost: i64 = console.section(section)?.parse().context(section)?;

                        ensure!(lost <= NOISE, "{lost} {section} are lost");
                    }
                    Ok(())
                }),
            ),
            (
                "four_hundred_times_leaves_no_interrupt",
                all([
                    has("interrupts-before", "ttyS2"),
                    unchanged("interrupts-before", "interrupts-after"),
                ]),
            ),
        ],
    );
}
