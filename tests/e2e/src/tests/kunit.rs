// SPDX-License-Identifier: GPL-2.0

//! The module's KUnit suites, on a kernel that checks what they do: coherent and not, plain and
//! bounced.

mod ktap;
mod leave_out;

use std::{
    process::Command,
    time::Duration, //
};

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
        Boot,
        Kernel,
        Machine, //
    },
    checks,
    console::Console,
    demo,
    process::succeeds,
    suite::Suite, //
};
use ktap::Results;

const SCRIPT: &str = include_str!("../../guest/kunit.sh");

/// The module as `make debug` builds it.
const MODULE: &str = "out/debug/rk3588_dma.ko";

/// A run of the suites: its name, where it is, and whether all mappings are bounced.
struct Run {
    name: &'static str,
    machine: Machine,
    bounced: bool,
}

const RUNS: [Run; 4] = [
    Run {
        name: "virt_plain",
        machine: Machine::Virt,
        bounced: false,
    },
    Run {
        name: "virt_bounced",
        machine: Machine::Virt,
        bounced: true,
    },
    Run {
        name: "rock_5b_plus_plain",
        machine: Machine::Rock5bPlus,
        bounced: false,
    },
    Run {
        name: "rock_5b_plus_bounced",
        machine: Machine::Rock5bPlus,
        bounced: true,
    },
];

/// Runs them.
pub fn run(suite: &mut Suite, board: &Board) {
    let wanted: Vec<_> = RUNS
        .iter()
        .filter(|run| suite.wants_below(&format!("kunit::{}", run.name)))
        .collect();
    let leaves_out = leave_out::is_wanted(suite);
    let inspects = suite.wants_below("debug_inspect");
    let engine = [
        "debug_faults",
        "debug_engine",
        "debug_lists",
        "debug_no_memory",
    ]
    .iter()
    .any(|room| suite.wants_below(room));

    if wanted.is_empty() && !leaves_out && !inspects && !engine {
        return;
    }
    if let Err(error) = suite.prepare("debug kernel and module", make_module) {
        return suite.add_failure("kunit", &error);
    }
    suite.test("kunit::clippy", || {
        checks::clippy(&Kernel::Debug.folder()?, &[])?;
        checks::clippy(&Kernel::Debug.folder()?, &["RK3588_DMA_SAMPLES=y"])
    });
    for run in wanted {
        run.run(suite, board);
    }
    if leaves_out {
        leave_out::run(suite, board);
    }

    let boot = without_suites(boot(Machine::Rock5bPlus, false));

    if inspects {
        super::inspect::run_debug(suite, board, &boot);
    }
    if engine {
        super::faults::cases(suite, board, "debug_faults", &boot);
        super::engine::soak(suite, board, "debug_engine", &boot, &super::engine::SHORT);
        super::lists::cases(suite, board, "debug_lists", &boot);
        super::no_memory::run(suite, board, &boot);
    }
}

/// Builds the module for the debug kernel, and that kernel first where it is missing.
fn make_module() -> Result<()> {
    Kernel::Debug.folder()?;
    succeeds(Command::new("make").args(["--no-print-directory", "debug"]))
}

/// A boot of the debug kernel, with the module, and with so few bounce buffers that a test can use
/// them up.
///
/// `slab_debug` is for kmemleak: without it the CPUs keep stocks of objects, whose lists still name
/// an object after it has been handed out, so that it never counts as lost.
fn boot(machine: Machine, bounced: bool) -> Boot {
    let swiotlb = match bounced {
        true => "swiotlb=2048,force,track_hiwater",
        false => "swiotlb=2048",
    };

    Boot {
        machine,
        kernel: Kernel::Debug,
        append: format!(
            "log_buf_len=4M kmemleak=on slab_debug=F kasan_multi_shot kunit.enable=1 {swiotlb}"
        ),
        overlays: vec![demo::overlay()],
        files: vec![MODULE.into()],
        timeout: Duration::from_secs(600),
        ..Boot::default()
    }
}

/// The boot without the suites, which would run each time that the module is loaded.
fn without_suites(boot: Boot) -> Boot {
    Boot {
        append: format!("{} kunit.enable=0", boot.append),
        ..boot
    }
}

impl Run {
    fn run(&self, suite: &mut Suite, board: &Board) {
        let name = |test: &str| format!("kunit::{}::{test}", self.name);
        let console = suite.prepare(&format!("KUnit, {}", self.name), || {
            board.boot(&boot(self.machine, self.bounced), SCRIPT)
        });
        let results = of_boot(&console)
            .and_then(|console| console.section("log"))
            .and_then(|log| Results::of(&board.kernel.join("source"), log));

        for case in results.iter().flat_map(|results| &results.cases) {
            suite.test(&name(&case.name), || case.expect_passed());
        }
        suite.test(&name("all_passed"), || {
            results?.expect_all_passed()?;
            ensure!(of_boot(&console)?.exit()? == 0, "the script failed");
            Ok(())
        });
        suite.test(&name("no_dma_api_error"), || {
            no_dma_api_error(of_boot(&console)?)
        });
        suite.test(&name("no_mapping_left"), || {
            no_mapping_left(of_boot(&console)?)
        });
        suite.test(&name("no_bounce_slot_left"), || {
            no_bounce_slot_left(of_boot(&console)?)
        });
        if self.machine == Machine::Rock5bPlus {
            suite.test(&name("lessons_hold"), || lessons_hold(of_boot(&console)?));
        }
        if self.bounced {
            suite.test(&name("bounces"), || bounces(of_boot(&console)?));
        }
        suite.test(&name("losses_are_logged"), || {
            losses_are_logged(of_boot(&console)?)
        });
        suite.test(&name("no_leak"), || no_leak(of_boot(&console)?));
        suite.test(&name("no_splat"), || no_splat(of_boot(&console)?));
        suite.test(&name("dma_api_debug_is_on"), || {
            dma_api_debug_is_on(of_boot(&console)?)
        });
        suite.test(&name("lockdep_is_on"), || lockdep_is_on(of_boot(&console)?));
    }
}

/// Whether all lessons hold; where all mappings are bounced, all that fit into a bounce buffer.
fn lessons_hold(console: &Console) -> Result<()> {
    let report = console.section("lessons")?;
    // Of lists it says in how many segments they were.
    let is_ok = |line: &str| line.ends_with(" ok") || line.contains(" us  ok: ");
    let transfers = report.lines().filter(|line| is_ok(line)).count();
    let failures: Vec<_> = report
        .lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
        .skip(1)
        .filter(|line| {
            !is_ok(line) && !line.starts_with("provoked: ") && !line.starts_with("segments ")
        })
        .filter(|line| !line.contains(" can be mapped for this device; "))
        .collect();

    ensure!(
        transfers > 60 && failures.is_empty(),
        "{transfers} transfers; failed:\n{}",
        failures.join("\n")
    );
    Ok(())
}

/// The number that a section of the console is.
fn number(console: &Console, section: &str) -> Result<u64> {
    let text = console.section(section)?;

    text.parse()
        .with_context(|| format!("{section} is no number: {text}"))
}

pub(super) fn no_dma_api_error(console: &Console) -> Result<()> {
    let (before, after) = (
        number(console, "errors-before")?,
        number(console, "errors-after")?,
    );
    let said: Vec<_> = console
        .section("log")?
        .lines()
        .filter(|line| line.contains("DMA-API: "))
        .collect();

    ensure!(
        before == after && said.is_empty(),
        "{} errors of DMA-API; it said:\n{}",
        after - before,
        said.join("\n")
    );
    Ok(())
}

pub(super) fn no_mapping_left(console: &Console) -> Result<()> {
    // Off, it lists nothing.
    dma_api_debug_is_on(console)?;

    let before: Vec<_> = console.section("mappings-before")?.lines().collect();
    let left: Vec<_> = console
        .section("mappings-after")?
        .lines()
        .filter(|line| !before.contains(line))
        .collect();

    ensure!(left.is_empty(), "still mapped:\n{}", left.join("\n"));
    Ok(())
}

fn no_bounce_slot_left(console: &Console) -> Result<()> {
    let (before, after) = (
        number(console, "slots-before")?,
        number(console, "slots-after")?,
    );

    ensure!(
        before == after,
        "bounce buffers have {before} slots in use before, {after} after"
    );
    Ok(())
}

/// Whether `swiotlb=force` did anything.
fn bounces(console: &Console) -> Result<()> {
    let most = number(console, "slots-most")?;

    ensure!(
        most > number(console, "slots-before")?,
        "no bounce buffer was used"
    );
    Ok(())
}

/// Whether the mapping and the list that cases drop in flight are reported, and no others.
fn losses_are_logged(console: &Console) -> Result<()> {
    let log = console.section("log")?;
    let count = |words: &str| {
        let is_said = |line: &&str| {
            line.contains(words) && line.contains(" are lost: the device may still use them")
        };

        log.lines().filter(is_said).count()
    };
    let (mappings, lists) = (count(" at DMA address "), count(" DMA segments "));

    ensure!(
        mappings == 1 && lists == 1,
        "{mappings} mappings and {lists} lists are reported as lost"
    );
    Ok(())
}

pub(super) fn no_leak(console: &Console) -> Result<()> {
    let leaks = console.section("leaks")?;

    ensure!(leaks.is_empty(), "kmemleak says:\n{leaks}");
    Ok(())
}

fn no_splat(console: &Console) -> Result<()> {
    expect_no_trace(console.section("log")?)
}

/// It switches itself off when it runs out of memory.
fn dma_api_debug_is_on(console: &Console) -> Result<()> {
    for section in ["disabled-before", "disabled-after"] {
        let disabled = console.section(section)?;

        ensure!(disabled == "N", "dma-api/disabled says: {disabled}");
    }
    Ok(())
}

/// It switches itself off with the first thing that it has to say, be it of another driver.
pub(super) fn lockdep_is_on(console: &Console) -> Result<()> {
    let said = console.section("lockdep")?;

    ensure!(said.ends_with(" 1"), "lockdep_stats says: {said}");
    Ok(())
}
