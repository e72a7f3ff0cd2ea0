// SPDX-License-Identifier: GPL-2.0

//! The driver comes and goes: at work, with files open, four hundred times.

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
    demo,
    suite::Suite, //
};

const LEAVE: &str = include_str!("../../guest/leave.sh");

const REPEAT: &str = concat!(
    include_str!("../../guest/state.sh"),
    include_str!("../../guest/repeat.sh")
);

/// Pages that may be free less, and objects that may be allocated more, after four hundred times. One
/// lost each time would be four hundred; whatever else the kernel does makes up to three hundred.
const NOISE: i64 = 350;

/// Runs them.
pub fn run(suite: &mut Suite, board: &Board) {
    leave(suite, board);
    repeat(suite, board);
}

fn boot() -> Boot {
    Boot {
        overlays: vec![demo::overlay()],
        files: vec!["rk3588_dma.ko".into()],
        ..Boot::default()
    }
}

fn leave(suite: &mut Suite, board: &Board) {
    let names = [
        "lifetime::unbind_at_work",
        "lifetime::unload_at_work",
        "lifetime::open_file_holds_the_module",
        "lifetime::open_file_survives_unbind",
        "lifetime::without_a_trace",
    ];

    if !suite.wants(&names) {
        return;
    }

    let [unbind, rmmod, held, gone, log] = names;
    let boot = Boot {
        parallel: true,
        ..boot()
    };
    let console = suite.prepare("leaving at work", || board.boot(&boot, LEAVE));

    suite.test(unbind, || {
        let interrupted: u32 = of_boot(&console)?.section("interrupted")?.parse()?;

        ensure!(
            of_boot(&console)?.section("rebound")? == "20",
            "not all rounds"
        );
        ensure!(
            interrupted > 5,
            "only {interrupted} lessons were interrupted: {}",
            of_boot(&console)?.section("errors")?
        );
        Ok(())
    });
    suite.test(rmmod, || {
        ensure!(
            of_boot(&console)?.section("reloaded")? == "10",
            "not all rounds"
        );
        ensure!(of_boot(&console)?.exit()? == 0, "the script failed");
        Ok(())
    });
    suite.test(held, || {
        let said = of_boot(&console)?.section("held")?;

        ensure!(
            said.contains("Resource temporarily unavailable") || said.contains("busy"),
            "rmmod said: {said}"
        );
        Ok(())
    });
    suite.test(gone, || {
        let said = of_boot(&console)?.section("gone")?;

        ensure!(said.contains("error"), "reading after unbind gave: {said}");
        Ok(())
    });
    suite.test(log, || {
        expect_no_trace(of_boot(&console)?.section("dmesg")?)
    });
}

fn repeat(suite: &mut Suite, board: &Board) {
    let names = [
        "lifetime::four_hundred_times_leaves_no_resource",
        "lifetime::four_hundred_times_leaves_memory",
        "lifetime::four_hundred_times_leaves_no_interrupt",
    ];

    if !suite.wants(&names) {
        return;
    }

    let [resources, memory, interrupts] = names;
    let console = suite.prepare("coming and going", || board.boot(&boot(), REPEAT));

    suite.test(resources, || {
        let (before, after) = (
            of_boot(&console)?.section("before")?,
            of_boot(&console)?.section("after")?,
        );

        ensure!(of_boot(&console)?.exit()? == 0, "the script failed");
        ensure!(before == after, "before:\n{before}\nafter:\n{after}");
        Ok(())
    });
    suite.test(memory, || {
        let pages: i64 = of_boot(&console)?
            .section("pages")?
            .parse()
            .context("number of pages")?;

        let objects: i64 = of_boot(&console)?
            .section("objects")?
            .parse()
            .context("number of objects")?;

        ensure!(pages <= NOISE, "{pages} pages of memory are missing");
        ensure!(objects <= NOISE, "{objects} objects were not freed");
        Ok(())
    });
    suite.test(interrupts, || -> Result<()> {
        let (before, after) = (
            of_boot(&console)?.section("interrupts-before")?,
            of_boot(&console)?.section("interrupts-after")?,
        );

        ensure!(before.contains("ttyS2"), "no list of interrupts: {before}");
        ensure!(before == after, "before:\n{before}\nafter:\n{after}");
        Ok(())
    });
}
