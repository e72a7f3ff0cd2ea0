// SPDX-License-Identifier: GPL-2.0

//! The clock of an idle controller is off; the system sleeps, and is switched off, at any time.

use crate::prelude::*;

/// Number of times that the system sleeps with transfers under way.
const SLEEPS: u64 = 100;

/// End of a line of QEMU's trace that is about a register of a controller.
const REGISTER: &str = "name 'dma'";

/// Offsets of registers.
const INTEN: u64 = 0x020;
const DBGCMD: u64 = 0xd04;
const DBGINST0: u64 = 0xd08;

/// DMAKILL as the third byte of DBGINST0.
const KILL: u64 = 0x01;

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    cases(suite, "power", Boot::with_driver(), SLEEPS);
    add_shutdown(suite);
    add_kexec(suite);
}

/// Adds the tests of the clock and of `sleeps` sleeps, on the kernel of `boot`.
pub fn cases(suite: &mut Suite, group: &str, boot: Boot, sleeps: u64) {
    let script = script(&["state", "provoke", "power"]).map(|it| format!("sleeps={sleeps}\n{it}"));

    suite.boot(group, boot, script, move |tests| {
        tests.add("clock_is_off_when_idle", |it| {
            it.is("loaded", "1 active")?;
            for section in ["idle", "idle_again", "idle_after_stream"] {
                it.is(section, "0 suspended")?;
            }
            it.exits(0)
        });
        tests.add("clock_is_on_at_work", |it| {
            for section in ["just_used", "streaming"] {
                it.is(section, "1 active")?;
            }
            it.is("used", "ok")?;
            it.is(
                "streamed",
                "8000 of 8000 copies, 0 with wrong bytes, 0 failed, 0 chains",
            )
        });
        tests.add("idle_system_sleeps", |it| {
            it.is("idle_sleep", "")?;
            it.is("after_idle_sleep", "ok")
        });
        tests.add("endless_program_prevents_sleep", |it| {
            it.has("refused_sleep", "Device or resource busy")?;
            it.is(
                "refused_stream",
                "0 of 1 copies, 0 with wrong bytes, 1 failed, 0 chains",
            )?;
            it.has("dmesg", "runs a program that does not end: no system sleep")?;
            it.is("after_refused_sleep", "ok")
        });
        tests.add("busy_system_sleeps", move |it| {
            it.is("failed_sleeps", "0")?;
            // Some copies may wait from one sleep to the next.
            it.within("stalled_sleeps", ..=sleeps / 20)?;
            it.within("turn_offs", sleeps..)?;
            it.has("stream", " 0 with wrong bytes, 0 failed, 0 chains")?;
            it.is("other_transfer", "ok")
        });
        tests.add("leaves_nothing", |it| it.unchanged("before", "after"));
    });
}

/// Checks that four programs ran, and were killed.
fn expect_stopped((console, trace): &(Console, String)) -> Result<()> {
    let channels = console.section("channels")?;

    console.exits(0)?;
    expect(channels, channels.matches(": running,").count(), 4)?;
    expect_killed(trace, 4)
}

/// Adds the test of a shutdown with programs that run.
fn add_shutdown(suite: &mut Suite) {
    let test = Test::new("power::shutdown_stops_programs", expect_stopped);

    suite.add("power: shutdown", [test], || {
        boot_traced(Boot::with_driver(), "shutdown")
    });
}

/// Adds the test of another kernel that is booted by kexec while programs run.
fn add_kexec(suite: &mut Suite) {
    let test = Test::new("power::kexec_stops_programs", |it: &(Console, String)| {
        it.0.clean("second-log")?;
        expect_stopped(it)
    });

    suite.add("power: kexec", [test], || {
        let board = Board::get()?;
        let work = TempDir::new()?;
        let [second, kernel] = ["second", "vmlinuz"].map(|name| work.path().join(name));
        let mut boot = Boot::with_driver();

        // Without EFI, the second kernel does not know the tables of LPIs that the GIC still uses.
        boot.append = "irqchip.gicv3_nolpi=1".into();
        board.write_initramfs(&script(&["second"])?, &boot.files, &second)?;
        fs::copy(Kernel::Stock.image(&Kernel::Stock.folder()?)?, &kernel)?;
        boot.files.extend([second, kernel]);
        for entry in fs::read_dir(made_by("scripts/kexec", &[])?)? {
            boot.files.push(entry?.path());
        }
        boot_traced(boot, "kexec")
    });
}

/// Boots and runs a script; returns its output, and QEMU's trace of all writes to registers.
fn boot_traced(mut boot: Boot, name: &str) -> Result<(Console, String)> {
    let work = TempDir::new()?;
    let log = work.path().join("trace");

    boot.arguments = ["-D".into(), log.clone().into(), "-trace".into()].into();
    boot.arguments.push("memory_region_ops_write".into());

    let console = Board::get()?.boot(&boot, &script(&["provoke", name])?)?;

    Ok((console, fs::read_to_string(log)?))
}

/// Checks the writes to registers until the driver leaves the controller: `count` programs are
/// killed, interrupts are disabled, and nothing is started until another driver enables them.
fn expect_killed(trace: &str, count: usize) -> Result<()> {
    let registers = trace.lines().filter(|line| line.ends_with(REGISTER));
    let writes = registers.filter_map(|line| {
        let mut words = line.split_whitespace();
        let mut number = |name| {
            let word = words.by_ref().skip_while(|it| *it != name).nth(1)?;

            u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()
        };

        Some((number("addr")?, number("value")?))
    });
    let writes: Vec<_> = writes.collect();
    let disabled = writes.iter().position(|&write| write == (INTEN, 0));
    let disabled = disabled.context("interrupts stay enabled")?;
    let (before, after) = writes.split_at(disabled + 1);
    let kills = before
        .iter()
        .filter(|&&(address, value)| address == DBGINST0 && (value >> 16) & 0xff == KILL)
        .count();
    let mut until_enabled = after.iter().take_while(|&&(it, _)| it != INTEN);
    let later = until_enabled.any(|&(it, _)| it == DBGCMD);

    ensure!(kills == count, "{kills} of {count} programs are killed");
    ensure!(!later, "an instruction follows");
    Ok(())
}
