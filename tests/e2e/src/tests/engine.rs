// SPDX-License-Identifier: GPL-2.0

//! The engine under load, and the programs that it writes.

use crate::prelude::*;

/// Transfers of the reduced soak test on Debian's kernel, and on the debug kernel, which is slower.
const REDUCED: u64 = 8000;
pub const SHORT: u64 = 1500;

/// Rounds of unbinding under load. `make soak` does more.
const ROUNDS: u64 = 8;

/// Adds the tests on Debian's kernel.
pub fn add(suite: &mut Suite) {
    soak(suite, "engine", Boot::with_driver(), REDUCED);
    busy(suite, ROUNDS, |tests| {
        // The instructions that the reference names, of a copy of 4096 bytes.
        tests.add("shows_its_programs", |it| {
            it.has("channels", "DMALP lc0, 32\n")?;
            it.has("channels", "DMALD\n")?;
            it.has("channels", "DMAST\n")?;
            it.has("channels", "DMAWMB\n")?;
            it.has("channels", "DMASEV E0\n")?;
            it.has("channels", "DMAEND\n")
        });
        // For 16 lists.
        tests.add("a_list_of_256_pieces_is_one_interrupt", |it| {
            it.is("list-interrupts", "16")
        });
        tests.add("refuses_what_is_no_command", |it| {
            it.occurs("refused", "Invalid argument", 5)
        });
    });
    suite.test("engine::registers_are_written_in_order", || {
        has_barriers(MODULE)
    });
}

/// Adds a boot that shows programs, and unbinds the driver while four threads submit; `add` adds
/// the tests of the programs.
pub fn busy(suite: &mut Suite, rounds: u64, add: impl FnOnce(&mut Tests)) {
    let script = script(&["state", "stress", "engine", "busy"]);
    let script = script.map(|script| format!("rounds={rounds}\n{script}"));

    suite.boot("engine: busy", Boot::with_driver(), script, |tests| {
        add(tests);
        tests.add("unbind_while_four_threads_submit", move |it| {
            it.within("rounds", rounds..=rounds)?;
            it.exits(0)?;
            // Four threads in each round. A thread that starts late finds nothing to submit to.
            it.within("interrupted", 3 * rounds + 1..)?;

            let errors = [": No such device\n", ": nonexistent directory\n"];

            it.only("errors", &errors)?;
            it.clean("dmesg")
        });
        tests.add("unbind_leaves_nothing", |it| {
            it.unchanged("before", "after")?;
            it.lacks("dmesg", "leaked")
        });
    });
}

/// Adds a soak test that boots with `boot`.
pub fn soak(suite: &mut Suite, group: &str, boot: Boot, transfers: u64) {
    let name = format!("{group}: soak");
    let kernel = boot.kernel;

    suite.boot(&name, boot, soak::script_for(transfers), |tests| {
        tests.add("soak_finds_every_byte_right", soak::expect_right);
        tests.add("soak_uses_all_channels", move |it| {
            soak::expect_all_channels(it, transfers)
        });
        tests.add("soak_leaves_nothing", soak::nothing_left);
        tests.add("soak_leaves_the_kernel_well", |it| it.clean("dmesg"));
        tests.add("soak_runs_on_the_kernel", move |it| kernel.expect_in(it));
    });
}

/// Checks that each write to a register has a barrier in front of it, because a program must be in
/// memory before the controller is told of it. The kernel crate writes through these functions.
fn has_barriers(module: &str) -> Result<()> {
    let symbols = output(Command::new("aarch64-linux-gnu-nm").args(["--undefined-only", module]))?;
    let uses = |name| symbols.contains(&format!(" U {name}\n"));

    ensure!(uses("rust_helper_writel"), "{symbols}");
    ensure!(!uses("rust_helper_writel_relaxed"), "{symbols}");
    Ok(())
}
