// SPDX-License-Identifier: GPL-2.0

//! The driver is bound and unbound: under load, with files open, again and again.

use crate::prelude::*;

/// Numbers of rounds.
pub struct Rounds {
    /// Of unbinding under load.
    pub under_load: u64,
    /// Of unbinding with each kind of mapping in flight.
    pub kinds: u64,
    /// Of loading and unloading.
    pub idle: u64,
}

/// Adds the tests, shorter than `make soak` does.
pub fn add(suite: &mut Suite) {
    add_rounds(
        suite,
        Rounds {
            under_load: 4,
            kinds: 200,
            idle: 100,
        },
    );
}

/// Adds the tests with these numbers of rounds.
pub fn add_rounds(suite: &mut Suite, rounds: Rounds) {
    let Rounds {
        under_load,
        kinds: times,
        idle,
    } = rounds;
    let boot = Boot::with_driver;
    let leave = script(&["stress", "leave"]).map(|it| format!("rounds={under_load}\n{it}"));
    let kinds = script(&["state", "provoke", "kinds"]).map(|it| format!("times={times}\n{it}"));
    let repeat = script(&["state", "repeat"]).map(|it| format!("times={idle}\n{it}"));

    suite.boot("lifetime: leave", boot(), leave, |tests| {
        tests.add("unbind_at_work", move |it| {
            it.within("rebound", under_load..=under_load)?;
            it.within("interrupted", under_load / 2 + 1..)
                .with_context(|| it.text().to_string())
        });
        tests.add("unload_at_work", move |it| {
            it.within("reloaded", under_load / 2..=under_load / 2)?;
            it.exits(0)
        });
        tests.add("open_file_holds_the_module", |it| {
            it.has("command-held", "Resource temporarily unavailable")?;
            it.has("held", "Resource temporarily unavailable")
        });
        tests.add("open_file_survives_unbind", |it| it.has("gone", "error"));
        tests.add("without_a_trace", |it| it.clean("dmesg"));
    });
    suite.boot("lifetime: kinds", boot(), kinds, move |tests| {
        tests.add("unbind_with_each_kind_in_flight", move |it| {
            it.within("rounds", times..=times)?;
            // On all channels, each time.
            it.within("running", 8 * times..=8 * times)?;
            it.exits(0)
        });
        tests.add("each_kind_leaves_nothing", |it| {
            it.unchanged("before", "after")?;
            it.clean("dmesg")
        });
    });
    suite.boot("lifetime: repeat", boot(), repeat, |tests| {
        tests.add("many_times_leaves_no_resource", |it| {
            it.exits(0)?;
            it.unchanged("before", "after")
        });
        tests.add("many_times_leaves_memory", move |it| {
            for section in ["pages", "objects"] {
                let lost: i64 = it.section(section)?.parse()?;

                // One that is lost in each round is more than the kernel's own activity.
                ensure!(lost * 8 <= idle as i64 * 7, "{lost} {section} are lost");
            }
            Ok(())
        });
        tests.add("many_times_leaves_no_interrupt", |it| {
            it.has("interrupts-before", "ttyS2")?;
            it.unchanged("interrupts-before", "interrupts-after")
        });
    });
}
