// SPDX-License-Identifier: GPL-2.0

//! The driver is bound and unbound: under load, with files open, again and again.

use crate::prelude::*;

/// Numbers of rounds: of unbinding under load, and of loading and unloading.
#[derive(Clone, Copy)]
pub struct Rounds {
    pub under_load: u64,
    pub idle: u64,
}

/// Rounds of the tests. `make soak` does more.
pub const SHORT: Rounds = Rounds {
    under_load: 8,
    idle: 100,
};

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    suite.boot(
        "lifetime",
        || Ok((Boot::with_driver(), SHORT.leave()?)),
        SHORT.tests_of_leave(),
    );
    suite.boot(
        "lifetime",
        || Ok((Boot::with_driver(), SHORT.repeat()?)),
        SHORT.tests_of_repeat(),
    );
}

impl Rounds {
    /// Returns the script that unbinds and unloads the driver under load.
    pub fn leave(self) -> Result<String> {
        Ok(format!(
            "rounds={}\n{}",
            self.under_load,
            script(&["stress", "leave"])?
        ))
    }

    /// Returns the script that loads and unloads the module.
    pub fn repeat(self) -> Result<String> {
        Ok(format!(
            "times={}\n{}",
            self.idle,
            script(&["state", "repeat"])?
        ))
    }

    /// Returns the tests of unbinding and unloading under load.
    pub fn tests_of_leave(self) -> [(&'static str, Check); 5] {
        let rounds = self.under_load;
        let equals = |section, expected| {
            by(move |console| expect(section, console.number(section)?, expected))
        };

        [
            (
                "unbind_at_work",
                all([
                    equals("rebound", rounds),
                    by(move |console| {
                        let interrupted = console.number("interrupted")?;

                        ensure!(
                            interrupted > rounds / 2,
                            "only {interrupted} lessons were interrupted: {}",
                            console.section("errors")?
                        );
                        Ok(())
                    }),
                ]),
            ),
            (
                "unload_at_work",
                all([equals("reloaded", rounds / 2), exits(0)]),
            ),
            (
                "open_file_holds_the_module",
                has("held", "Resource temporarily unavailable"),
            ),
            ("open_file_survives_unbind", has("gone", "error")),
            ("without_a_trace", clean("dmesg")),
        ]
    }

    /// Returns the tests of loading and unloading again and again.
    pub fn tests_of_repeat(self) -> [(&'static str, Check); 3] {
        // A page or an object that is lost in each round is more than the kernel's own activity.
        let limit = i64::try_from(self.idle).unwrap_or(i64::MAX) * 7 / 8;

        [
            (
                "many_times_leaves_no_resource",
                all([exits(0), unchanged("before", "after")]),
            ),
            (
                "many_times_leaves_memory",
                by(move |console| {
                    for section in ["pages", "objects"] {
                        let lost: i64 = console.section(section)?.parse().context(section)?;

                        ensure!(lost <= limit, "{lost} {section} are lost");
                    }
                    Ok(())
                }),
            ),
            (
                "many_times_leaves_no_interrupt",
                all([
                    has("interrupts-before", "ttyS2"),
                    unchanged("interrupts-before", "interrupts-after"),
                ]),
            ),
        ]
    }
}
