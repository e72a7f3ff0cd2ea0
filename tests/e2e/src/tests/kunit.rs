// SPDX-License-Identifier: GPL-2.0

//! The module's KUnit suites on the debug kernel: coherent and not, plain and bounced.

mod ktap;
mod leave_out;

use crate::{
    lint,
    prelude::*,
    source, //
};
use ktap::Results;

/// Module as `make debug` builds it.
const MODULE: &str = "out/debug/rk3588_dma.ko";

/// Boots of the suites: name, machine, and whether all mappings are bounced.
const BOOTS: [(&str, Machine, bool); 4] = [
    ("virt_bounced", Machine::Virt, true),
    ("virt_plain", Machine::Virt, false),
    ("rock_5b_plus_plain", Machine::Rock5bPlus, false),
    ("rock_5b_plus_bounced", Machine::Rock5bPlus, true),
];

/// A boot in which the suites ran.
struct Run {
    console: Console,
    results: Results,
}

/// Adds the suites, and the tests of other modules that need the debug kernel.
pub fn add(suite: &mut Suite) -> Result<()> {
    let cases = source::kunit()?;
    let left_out = leave_out::names()?;

    for (name, machine, bounced) in BOOTS {
        let group = format!("kunit::{name}");
        let tests = cases
            .iter()
            .map(|case| {
                let case = case.clone();

                Test::new(format!("{group}::{case}"), move |run: &Run| {
                    run.results.expect_passed(&case)
                })
            })
            .chain(checks(machine, bounced).into_iter().map(|(test, check)| {
                Test::new(format!("{group}::{test}"), |run: &Run| check(&run.console))
            }))
            .chain([Test::new(format!("{group}::all_passed"), |run: &Run| {
                run.results.expect_all_passed()?;
                expect("exit status of the script", run.console.exit()?, 0)
            })]);
        // One boot for both: what is left out is a parameter of the module.
        let tests: Vec<_> = match name {
            "virt_bounced" => tests.chain(leave_out::tests(&left_out)).collect(),
            _ => tests.collect(),
        };
        let numbers = match name {
            "virt_bounced" => leave_out::numbers(&left_out),
            _ => String::new(),
        };

        suite.add(&group, tests, move || run(machine, bounced, &numbers));
    }
    suite.test("kunit::clippy", || {
        let kernel = Kernel::Debug.folder()?;

        lint::clippy(&kernel, &[])?;
        lint::clippy(&kernel, &["RK3588_DMA_SAMPLES=y"])
    });

    let without_suites = |append: &str| {
        let boot = boot(Machine::Rock5bPlus, false);

        Boot {
            append: format!("{} kunit.enable=0 {append}", boot.append),
            ..boot
        }
    };

    super::faults::add(suite, "debug_faults", without_suites(""))?;
    super::engine::soak(
        suite,
        "debug_engine",
        without_suites(""),
        super::engine::SHORT,
    );
    super::lists::cases(suite, "debug_lists", without_suites(""));
    super::no_memory::add(suite, without_suites(""));
    super::inspect::add_debug(suite, without_suites);
    Ok(())
}

/// Returns a boot of the debug kernel with the module, with so few bounce buffers that a test can
/// use them up.
///
/// `slab_debug` is for kmemleak: without it the CPUs keep stocks of objects, whose lists still name
/// an object after it has been handed out, so that kmemleak does not see the leak.
pub fn boot(machine: Machine, bounced: bool) -> Boot {
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
        files: vec![MODULE.into()],
        target: Some("debug"),
        ..Boot::with_driver()
    }
}

fn run(machine: Machine, bounced: bool, left_out: &str) -> Result<Run> {
    let script = format!("leave_out='{left_out}'\n{}", script(&["kunit"])?);
    let board = Board::get()?;
    let console = board.boot(&boot(machine, bounced), &script)?;
    let results = Results::of(console.section("log")?)?;

    Ok(Run { console, results })
}

/// Returns the tests of a boot that look at its console.
fn checks(machine: Machine, bounced: bool) -> Vec<(&'static str, Check)> {
    let mut checks = vec![
        ("no_dma_api_error", by(no_dma_api_error)),
        ("no_mapping_left", by(no_mapping_left)),
        (
            "no_bounce_slot_left",
            unchanged("slots-before", "slots-after"),
        ),
        ("losses_are_logged", by(losses_are_logged)),
        ("no_leak", by(no_leak)),
        ("no_splat", clean("log")),
        ("dma_api_debug_is_on", by(dma_api_debug_is_on)),
        ("lockdep_is_on", by(lockdep_is_on)),
    ];

    if machine == Machine::Rock5bPlus {
        checks.push(("lessons_hold", by(lessons_hold)));
    }
    if bounced {
        checks.push((
            "bounces",
            by(|console| {
                ensure!(
                    console.number("slots-most")? > console.number("slots-before")?,
                    "no bounce buffer was used"
                );
                Ok(())
            }),
        ));
    }
    checks
}

/// Checks that all lessons hold; where all mappings are bounced, all that fit into a bounce buffer.
fn lessons_hold(console: &Console) -> Result<()> {
    let report = console.section("lessons")?;
    // A transfer of a list ends with the numbers of segments.
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

pub fn no_dma_api_error(console: &Console) -> Result<()> {
    let said: Vec<_> = console
        .section("log")?
        .lines()
        .filter(|line| line.contains("DMA-API: "))
        .collect();

    ensure!(said.is_empty(), "DMA-API debug logs:\n{}", said.join("\n"));
    expect(
        "errors of DMA-API debug",
        console.number("errors-after")?,
        console.number("errors-before")?,
    )
}

pub fn no_mapping_left(console: &Console) -> Result<()> {
    // If it is off, it lists nothing.
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

/// Checks that the mapping and the list that cases drop in flight are reported, and no others.
fn losses_are_logged(console: &Console) -> Result<()> {
    let log = console.section("log")?;
    let count = |words: &str| {
        log.lines()
            .filter(|line| line.contains(words))
            .filter(|line| line.contains(" are lost: the device may still use them"))
            .count()
    };

    expect(
        "mappings and lists reported as lost",
        (count(" at DMA address "), count(" DMA segments ")),
        (1, 1),
    )
}

pub fn no_leak(console: &Console) -> Result<()> {
    expect("report of kmemleak", console.section("leaks")?, "")
}

/// Checks that DMA-API debug is on. It switches itself off when it runs out of memory.
fn dma_api_debug_is_on(console: &Console) -> Result<()> {
    ["disabled-before", "disabled-after"]
        .into_iter()
        .try_for_each(|section| expect("dma-api/disabled", console.section(section)?, "N"))
}

/// Checks that lockdep is on. It switches itself off after its first report.
pub fn lockdep_is_on(console: &Console) -> Result<()> {
    let said = console.section("lockdep")?;

    ensure!(said.ends_with(" 1"), "lockdep_stats has: {said}");
    Ok(())
}
