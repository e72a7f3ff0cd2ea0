// SPDX-License-Identifier: GPL-2.0

//! The engine under load, and the programs that it writes.

use crate::{
    board::MODULE,
    prelude::*,
    soak::{
        self,
        Soak, //
    }, //
};

/// Transfers of the reduced soak test on Debian's kernel, and on the debug kernel, which is slower.
const REDUCED: Soak = Soak {
    transfers: 8000,
    rounds: 2,
};
pub const SHORT: Soak = Soak {
    transfers: 1500,
    rounds: 1,
};

/// Rounds of unbinding under load. `make soak` does more.
const ROUNDS: u64 = 8;

/// Ends of lines of a copy of 4096 bytes: the instructions that the reference names.
const SHOWN: [&str; 6] = [
    "DMALP lc0, 32\n",
    "DMALD\n",
    "DMAST\n",
    "DMAWMB\n",
    "DMASEV E0\n",
    "DMAEND",
];

/// Adds the tests on Debian's kernel.
pub fn add(suite: &mut Suite) {
    soak(suite, "engine", Boot::with_driver(), REDUCED);
    // The tests of programs do not disturb the others.
    suite.boot(
        "engine",
        Boot::with_driver(),
        busy(ROUNDS),
        [
            (
                "shows_its_programs",
                all(SHOWN.map(|it| has("channels", it))),
            ),
            // For 16 lists.
            (
                "a_list_of_256_pieces_is_one_interrupt",
                is("list-interrupts", "16"),
            ),
            (
                "refuses_what_is_no_command",
                occurs("refused", "Invalid argument", 5),
            ),
        ]
        .into_iter()
        .chain(tests_of_busy(ROUNDS)),
    );
    suite.test("engine::registers_are_written_in_order", || {
        has_barriers(MODULE)
    });
}

/// Returns the script that shows programs, and unbinds the driver while four threads submit.
pub fn busy(rounds: u64) -> Result<String> {
    let script = script(&["state", "stress", "engine", "busy"])?;

    Ok(format!("rounds={rounds}\n{script}"))
}

/// Returns the tests of unbinding under load.
pub fn tests_of_busy(rounds: u64) -> [(&'static str, Check); 2] {
    [
        (
            "unbind_while_four_threads_submit",
            all([
                number("rounds", rounds..=rounds),
                exits(0),
                // Four threads in each round. A thread that starts late finds nothing to submit to.
                number("interrupted", 3 * rounds + 1..),
                by(|console| {
                    let known = [": No such device", ": nonexistent directory"];
                    let lines = console.section("errors")?.lines();

                    expect_none(
                        "other errors",
                        lines.filter(|line| !known.iter().any(|end| line.ends_with(end))),
                    )
                }),
                clean("dmesg"),
            ]),
        ),
        (
            "unbind_leaves_nothing",
            all([
                unchanged("before", "after"),
                has("statistics", "live 0"),
                lacks("dmesg", "lost"),
            ]),
        ),
    ]
}

/// Adds a soak test that boots with `boot`.
pub fn soak(suite: &mut Suite, group: &str, boot: Boot, soak: Soak) {
    suite.boot(
        group,
        boot,
        soak.script(),
        [
            ("soak_finds_every_byte_right", by(soak::expect_right)),
            (
                "soak_uses_all_channels",
                by(move |console| soak::expect_all_channels(console, soak.transfers)),
            ),
            ("soak_leaves_nothing", soak::nothing_left()),
            ("soak_leaves_the_kernel_well", clean("dmesg")),
        ],
    );
}

/// Checks that each write to a register has a barrier in front of it, because a program must be in
/// memory before the controller is told of it. The kernel crate writes through these functions.
fn has_barriers(module: &str) -> Result<()> {
    let symbols = output(Command::new("aarch64-linux-gnu-nm").args(["--undefined-only", module]))?;
    let uses = |name: &str| {
        symbols
            .lines()
            .any(|line| line.trim_start().strip_prefix("U ") == Some(name))
    };

    ensure!(uses("rust_helper_writel"), "{symbols}");
    ensure!(!uses("rust_helper_writel_relaxed"), "{symbols}");
    Ok(())
}
