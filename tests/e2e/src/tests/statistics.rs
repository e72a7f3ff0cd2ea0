// SPDX-License-Identifier: GPL-2.0

//! What the module counts of its mappings, and what a coherent device saves.

use std::collections::BTreeMap;

use anyhow::{
    ensure,
    Context,
    Result, //
};

use super::{
    expect_no_trace,
    of_boot, //
};
use crate::{
    board::{
        Board,
        Boot, //
    },
    console::Console,
    demo,
    suite::Suite, //
};

const SCRIPT: &str = include_str!("../../guest/statistics.sh");

/// What makes the controller a coherent one: with the CPUs' caches on its way to memory.
const COHERENT: &str = "tests/e2e/overlays/coherent.dtso";

/// Runs them.
pub fn run(suite: &mut Suite, board: &Board) {
    counted(suite, board);
    coherent(suite, board);
}

fn counted(suite: &mut Suite, board: &Board) {
    let names = [
        "statistics::count_the_lessons",
        "statistics::begin_anew",
        "statistics::can_be_off",
        "limits::a_device_that_is_not_coherent_needs_syncs",
    ];

    if !suite.wants(&names) {
        return;
    }

    let [counts, anew, off, needs] = names;
    let console = suite.prepare("statistics", || boot(board, vec![demo::overlay()]));

    suite.test(counts, || {
        let now = counters(of_boot(&console)?, "after")?;
        let before = counters(of_boot(&console)?, "before")?;

        ensure!(before.values().all(|&value| value == 0), "{before:?}");
        ensure!(now["live"] == 0, "{now:?}");
        // Two buffers a lesson, of which each but those that fail has one to three transfers.
        ensure!(now["mapped"] > 80 && now["mapped"] < 200, "{now:?}");
        ensure!(now["bytes"] > 10 << 20, "{now:?}");
        ensure!(now["failures"] == 0 && now["bounced"] == 0, "{now:?}");
        ensure!(now["bounced_bytes"] == 0, "{now:?}");
        ensure!(now["syncs_for_cpu"] > now["syncs_for_device"], "{now:?}");
        ensure!(now["syncs_for_device"] > 10, "{now:?}");
        ensure!(now["syncs_skipped"] == 0, "{now:?}");
        Ok(())
    });
    suite.test(anew, || {
        let again = counters(of_boot(&console)?, "bound-again")?;

        ensure!(again.values().all(|&value| value == 0), "{again:?}");
        Ok(())
    });
    suite.test(off, || {
        let text = of_boot(&console)?.section("off")?;

        ensure!(text == "off", "with statistics=0 the file says: {text}");
        Ok(())
    });
    suite.test(needs, || expect_needs_sync(of_boot(&console)?, "1"));
}

/// On a coherent device no sync has anything to do, unless there are bounce buffers.
fn coherent(suite: &mut Suite, board: &Board) {
    let names = [
        "coherent::lessons_hold",
        "coherent::skips_all_syncs",
        "coherent::logs_nothing_wrong",
        "coherent::needs_no_sync",
    ];

    if !suite.wants(&names) {
        return;
    }

    let [hold, skips, log, needs] = names;
    let console = suite.prepare("a coherent device", || {
        boot(board, vec![demo::overlay(), COHERENT.into()])
    });

    suite.test(hold, || {
        ensure!(of_boot(&console)?.exit()? == 0, "the lessons failed");
        Ok(())
    });
    suite.test(skips, || {
        let now = counters(of_boot(&console)?, "after")?;

        ensure!(
            now["syncs_for_cpu"] == 0 && now["syncs_for_device"] == 0,
            "{now:?}"
        );
        ensure!(now["syncs_skipped"] > 30, "{now:?}");
        Ok(())
    });
    suite.test(log, || {
        expect_no_trace(of_boot(&console)?.section("dmesg")?)
    });
    suite.test(needs, || expect_needs_sync(of_boot(&console)?, "0"));
}

/// Whether `limits` says that syncs do something (1) or nothing (0).
fn expect_needs_sync(console: &Console, expected: &str) -> Result<()> {
    let limits = console.section("limits")?;

    ensure!(
        limits.ends_with(&format!("\nneeds_sync {expected}")),
        "the limits are:\n{limits}"
    );
    Ok(())
}

fn boot(board: &Board, overlays: Vec<std::path::PathBuf>) -> Result<Console> {
    board.boot(
        &Boot {
            overlays,
            files: vec!["rk3588_dma.ko".into()],
            ..Boot::default()
        },
        SCRIPT,
    )
}

/// The counters in a section of the console.
pub(super) fn counters(console: &Console, section: &str) -> Result<BTreeMap<String, u64>> {
    let text = console.section(section)?;
    let counters: BTreeMap<_, _> = text
        .lines()
        .map(|line| {
            let (name, value) = line
                .split_once(' ')
                .with_context(|| format!("statistics say: {line}"))?;

            Ok((name.to_owned(), value.parse()?))
        })
        .collect::<Result<_>>()?;

    ensure!(counters.len() == 9, "statistics say:\n{text}");
    Ok(counters)
}
