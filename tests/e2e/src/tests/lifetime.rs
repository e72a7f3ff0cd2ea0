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
const SHORT: Rounds = Rounds {
    under_load: 8,
    idle: 200,
};

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    let boot = Boot::with_driver;

    suite.boot("lifetime", boot(), SHORT.leave(), SHORT.tests_of_leave());
    suite.boot("lifetime", boot(), SHORT.repeat(), SHORT.tests_of_repeat());
}

impl Rounds {
    /// Returns the script that unbinds and unloads the driver under load.
    pub fn leave(self) -> Result<String> {
        let script = script(&["stress", "leave"])?;

        Ok(format!("rounds={}\n{script}", self.under_load))
    }

    /// Returns the script that loads and unloads the module.
    pub fn repeat(self) -> Result<String> {
        let script = script(&["state", "repeat"])?;

        Ok(format!("times={}\n{script}", self.idle))
    }

    /// Returns the tests of unbinding and unloading under load.
    pub fn tests_of_leave(self) -> [(&'static str, Check); 5] {
        let rounds = self.under_load;
        let equals = |section, expected| number(section, expected..=expected);

        [
            (
                "unbind_at_work",
                all([
                    equals("rebound", rounds),
                    by(move |console| {
                        let errors = console.section("errors")?;

                        number("interrupted", rounds / 2 + 1..)(console)
                            .with_context(|| errors.to_string())
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
        let few = |section| {
            by(move |console| {
                let lost: i64 = console.section(section)?.parse().context(section)?;

                ensure!(lost <= limit, "{lost} {section} are lost");
                Ok(())
            })
        };

        [
            (
                "many_times_leaves_no_resource",
                all([exits(0), unchanged("before", "after")]),
            ),
            (
                "many_times_leaves_memory",
                all([few("pages"), few("objects")]),
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
