// SPDX-License-Identifier: GPL-2.0

//! The engine under load: random transfers from four threads, unbinding under load,
//! and what a program can be read from.

use std::{
    process::Command,
    time::Duration, //
};

use anyhow::ensure;

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
    process::output,
    soak::{
        self,
        Soak, //
    },
    suite::Suite, //
};

const BUSY: &str = concat!(
    include_str!("../../guest/state.sh"),
    include_str!("../../guest/busy.sh")
);

const ENGINE: &str = include_str!("../../guest/engine.sh");

/// How many transfers, in how many rounds: a small part of what `make soak` does.
const REDUCED: Soak = Soak {
    transfers: 20_000,
    rounds: 2,
};

/// How many where each takes longer, because the kernel checks what they do.
pub const SHORT: Soak = Soak {
    transfers: 2000,
    rounds: 1,
};

/// Runs them on Debian's kernel.
pub fn run(suite: &mut Suite, board: &Board) {
    in_order(suite);
    soak(suite, board, "engine", &boot(), &REDUCED);
    busy(suite, board);
    programs(suite, board);
}

fn boot() -> Boot {
    Boot {
        overlays: vec![demo::overlay()],
        files: vec!["rk3588_dma.ko".into()],
        // Four CPUs that run in threads of their own: more, and on a small host they are in each other's
        // way.
        append: "maxcpus=4".into(),
        parallel: true,
        timeout: Duration::from_secs(300),
        ..Boot::default()
    }
}

/// A program must be in memory before the controller is told of it, so every write to a register has a
/// barrier in front of it. The kernel crate writes through these functions.
fn in_order(suite: &mut Suite) {
    suite.test("engine::registers_are_written_in_order", || {
        let symbols = output(
            Command::new("aarch64-linux-gnu-nm").args(["--undefined-only", "rk3588_dma.ko"]),
        )?;
        let uses = |name: &str| {
            symbols
                .lines()
                .any(|line| line.trim_start().strip_prefix("U ") == Some(name))
        };

        ensure!(uses("rust_helper_writel"), "{symbols}");
        ensure!(!uses("rust_helper_writel_relaxed"), "{symbols}");
        Ok(())
    });
}

/// Has four threads do random transfers on a board that boots with `boot`, under the name `room`.
pub fn soak(suite: &mut Suite, board: &Board, room: &str, boot: &Boot, soak: &Soak) {
    let names = [
        format!("{room}::soak_finds_every_byte_right"),
        format!("{room}::soak_uses_all_channels"),
        format!("{room}::soak_leaves_nothing"),
        format!("{room}::soak_leaves_the_kernel_well"),
    ];

    if !suite.wants(&names.each_ref().map(String::as_str)) {
        return;
    }

    let [right, channels, nothing, well] = &names;
    let console = suite.prepare(
        &format!("{room}: random transfers from four threads"),
        || board.boot(boot, &soak.script()),
    );

    suite.test(right, || soak::expect_right(of_boot(&console)?));
    suite.test(channels, || {
        soak::expect_all_channels(of_boot(&console)?, soak.transfers)
    });
    suite.test(nothing, || soak::expect_nothing_left(of_boot(&console)?));
    suite.test(well, || {
        expect_no_trace(of_boot(&console)?.section("dmesg")?)
    });
}

fn busy(suite: &mut Suite, board: &Board) {
    let names = [
        "engine::unbind_while_four_threads_submit",
        "engine::unbind_leaves_nothing",
    ];

    if !suite.wants(&names) {
        return;
    }

    let [unbind, nothing] = names;
    let console = suite.prepare("unbinding while four threads submit", || {
        board.boot(&boot(), BUSY)
    });

    suite.test(unbind, || {
        let console = of_boot(&console)?;
        let interrupted: u32 = console.section("interrupted")?.parse()?;

        ensure!(console.exit()? == 0, "the script failed");
        ensure!(console.section("rounds")? == "20", "not all rounds");
        // Four threads each time. On a busy host one may come when there is nothing left to submit to.
        ensure!(
            interrupted > 60,
            "{interrupted} of 80 threads were interrupted: {}",
            console.section("errors")?
        );
        ensure!(
            console
                .section("errors")?
                .lines()
                .all(|line| line.ends_with(": No such device")
                    || line.ends_with(": nonexistent directory")),
            "{}",
            console.section("errors")?
        );
        expect_no_trace(console.section("dmesg")?)
    });
    suite.test(nothing, || {
        let console = of_boot(&console)?;
        let (before, after) = (console.section("before")?, console.section("after")?);

        ensure!(before == after, "before:\n{before}\nafter:\n{after}");
        ensure!(
            console
                .section("statistics")?
                .lines()
                .any(|it| it == "live 0"),
            "mappings are left"
        );
        // Nothing was lost on the way.
        ensure!(
            !console.section("dmesg")?.contains("lost"),
            "{}",
            console.section("dmesg")?
        );
        Ok(())
    });
}

fn programs(suite: &mut Suite, board: &Board) {
    let names = [
        "engine::shows_its_programs",
        "engine::a_list_of_256_pieces_is_one_interrupt",
        "engine::refuses_what_is_no_command",
    ];

    if !suite.wants(&names) {
        return;
    }

    let [shows, list, refuses] = names;
    let boot = Boot {
        parallel: false,
        ..boot()
    };
    let console = suite.prepare("programs", || board.boot(&boot, ENGINE));

    suite.test(shows, || {
        let channels = of_boot(&console)?.section("channels")?;

        // One copy of 4096 bytes after the first programs: as in the reference, but for the event.
        for line in [
            "DMALP lc0, 32",
            "DMALD",
            "DMAST",
            "DMAWMB",
            "DMASEV E0",
            "DMAEND",
        ] {
            ensure!(
                channels.lines().any(|it| it.ends_with(line)),
                "no {line} in:\n{channels}"
            );
        }
        Ok(())
    });
    suite.test(list, || {
        let console = of_boot(&console)?;

        ensure!(
            console.section("list-interrupts")? == "16",
            "for 16 lists: {}",
            { console.section("list-interrupts")? }
        );
        Ok(())
    });
    suite.test(refuses, || {
        let said = of_boot(&console)?.section("refused")?;

        ensure!(
            said.matches("Invalid argument").count() == 5,
            "five commands that are none gave:\n{said}"
        );
        Ok(())
    });
}
