// SPDX-License-Identifier: GPL-2.0

//! The module's KUnit suites on the debug kernel: coherent and not, plain and bounced.

mod ktap;
mod leave_out;

use crate::prelude::*;
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

    for (name, machine, bounced) in BOOTS {
        let group = format!("kunit::{name}");
        // One boot for both: what is left out is a parameter of the module.
        let left_out = match name {
            "virt_bounced" => leave_out::names()?,
            _ => vec![],
        };
        let cases = cases.iter().map(|case| {
            let (name, case) = (format!("{group}::{case}"), case.clone());

            Test::new(name, move |run: &Run| run.results.expect_passed(&case))
        });
        let checks = checks(machine, bounced).0.into_iter().map(|test| {
            let name = format!("{group}::{}", test.name);

            Test::new(name, |run: &Run| (test.check)(&run.console))
        });
        let all_passed = Test::new(format!("{group}::all_passed"), |run: &Run| {
            run.results.expect_all_passed()?;
            run.console.exits(0)
        });
        let numbers = leave_out::numbers(&left_out);
        let tests = cases.chain(checks).chain([all_passed]);
        let tests: Vec<_> = tests.chain(leave_out::tests(&left_out)).collect();
        let only = only_suite(suite, &group, tests.iter().map(|it| &*it.name));

        suite.add(&group, tests, move || {
            run(machine, bounced, &numbers, only.as_deref())
        });
    }
    suite.test("kunit::clippy", || {
        let kernel = Kernel::Debug.folder()?;

        lint::clippy(&kernel, &[])?;
        lint::clippy(&kernel, &["RK3588_DMA_SAMPLES=y"])
    });

    let without_suites = |leaks, append: &str| {
        let mut boot = boot(Machine::Rock5bPlus, false, leaks);

        boot.append += &format!(" kunit.enable=0 {append}");
        boot
    };
    let plain = || without_suites(Leaks::Ignored, "");

    super::faults::add(suite, "debug_faults", plain())?;
    engine::soak(suite, "debug_engine", plain(), engine::SHORT);
    super::lists::cases(suite, "debug_lists", plain());
    super::provider::add(suite, "debug_provider", plain());
    super::no_memory::add(suite, without_suites(Leaks::Scanned, ""));

    let mut bounced = boot(Machine::Rock5bPlus, true, Leaks::Ignored);

    bounced.append += " kunit.enable=0";
    super::lessons::add_unsynced(suite, bounced);
    super::inspect::add_debug(suite, |append| without_suites(Leaks::Ignored, append));
    Ok(())
}

/// Leaks in a boot. If its script does not scan for them, no allocation is recorded, which takes
/// time.
#[derive(Clone, Copy)]
enum Leaks {
    Scanned,
    Ignored,
}

/// Returns a boot of the debug kernel with the module, with so few bounce buffers that a test can
/// use them up.
///
/// `slab_debug` is for kmemleak: without it the CPUs keep stocks of objects, whose lists still name
/// an object after it has been handed out, so that kmemleak does not see the leak.
fn boot(machine: Machine, bounced: bool, leaks: Leaks) -> Boot {
    let force = if bounced { ",force,track_hiwater" } else { "" };
    let leaks = match leaks {
        Leaks::Scanned => "kmemleak=on slab_debug=F",
        Leaks::Ignored => "kmemleak=off slab_debug=-",
    };

    Boot {
        machine,
        kernel: Kernel::Debug,
        // kmemleak scans all of it. The board does not boot with so little.
        memory: if machine == Machine::Virt {
            "384M"
        } else {
            "1G"
        }
        .into(),
        append: format!(
            "log_buf_len=4M {leaks} kasan_multi_shot kunit.enable=1 swiotlb=1024{force}"
        ),
        files: vec![MODULE.into()],
        target: Some("debug"),
        ..Boot::with_driver()
    }
}

/// Returns the name of the suite to run, if only cases of one suite are selected of these tests.
fn only_suite<'a>(
    suite: &Suite,
    group: &str,
    tests: impl Iterator<Item = &'a str>,
) -> Option<String> {
    let mut only = BTreeSet::new();

    for test in tests.filter(|test| suite.selects(test)) {
        let case = test.strip_prefix(group)?.strip_prefix("::")?;

        only.insert(case.split_once("::")?.0);
    }

    let first = only.pop_first().filter(|_| only.is_empty());

    first.map(String::from)
}

/// Boots and runs the suites, or `only` one and no more checks.
fn run(machine: Machine, bounced: bool, left_out: &str, only: Option<&str>) -> Result<Run> {
    let mut boot = boot(machine, bounced, Leaks::Scanned);
    let mut script = format!("leave_out='{left_out}'\n{}", script(&["kunit"])?);

    if let Some(only) = only {
        boot.append += &format!(" kunit.filter_glob={only}");
        script = format!("only={only}\n{script}");
    }

    let console = Board::get()?.boot(&boot, &script)?;
    let results = Results::of(console.section("log")?)?;

    Ok(Run { console, results })
}

/// Returns the tests of a boot that check its console.
fn checks(machine: Machine, bounced: bool) -> Tests {
    let mut tests = Tests::default();

    add_checks(&mut tests);
    tests.add("no_bounce_slot_left", |it| {
        it.unchanged("slots-before", "slots-after")
    });
    tests.add("losses_are_logged", move |it| {
        // A mapping, a part, one of a pool, a shared one; and registers, of which there are none if
        // all mappings are bounced.
        losses_are_logged(it, if bounced { 4 } else { 5 })
    });
    tests.add("no_splat", |it| it.clean("log"));
    tests.add("dma_api_debug_is_on", dma_api_debug_is_on);
    tests.add("lockdep_is_on", lockdep_is_on);
    if machine == Machine::Rock5bPlus {
        tests.add("lessons_hold", lessons_hold);
    }
    if bounced {
        tests.add("bounces", |it| {
            it.within("slots-most", it.number("slots-before")? + 1..)
        });
    }
    tests
}

/// Checks that all lessons hold; where all mappings are bounced, all that fit into a bounce buffer.
fn lessons_hold(it: &Console) -> Result<()> {
    let transfers = super::lessons::report(it)?.transfers.into_iter();
    let (ok, failed): (Vec<_>, Vec<_>) = transfers.partition(|it| it.result == "ok");
    let failed = failed.iter().map(|it| &*it.result);
    let is_too_long = |error: &&str| error.contains(" can be mapped for this device; ");

    ensure!(ok.len() > 60, "only {} transfers", ok.len());
    expect_none("failed", failed.filter(|error| !is_too_long(error)))
}

/// Adds the tests of what the debug kernel checks.
pub fn add_checks(tests: &mut Tests) {
    tests.add("no_dma_api_error", |it| {
        it.lacks("log", "DMA-API: ")?;
        it.unchanged("errors-before", "errors-after")
    });
    tests.add("no_mapping_left", |it| {
        let before: Vec<_> = it.section("mappings-before")?.lines().collect();
        let after = it.section("mappings-after")?.lines();

        // If it is off, it lists nothing.
        dma_api_debug_is_on(it)?;
        expect_none("still mapped", after.filter(|line| !before.contains(line)))
    });
    tests.add("no_leak", |it| it.is("leaks", ""));
}

/// Checks that the `mappings` and the list that cases drop in flight are reported, and no others.
fn losses_are_logged(it: &Console, mappings: usize) -> Result<()> {
    let lost = " are leaked: the device may still use them";
    let lost = it
        .section("log")?
        .lines()
        .filter(|line| line.contains(lost));

    for (words, count) in [(" at DMA address ", mappings), (" DMA segments ", 1)] {
        let reports = lost.clone().filter(|line| line.contains(words));

        expect(words, reports.count(), count)?;
    }
    Ok(())
}

/// Checks that DMA-API debug is on. It switches itself off when it runs out of memory.
fn dma_api_debug_is_on(it: &Console) -> Result<()> {
    it.is("disabled-before", "N")?;
    it.is("disabled-after", "N")
}

/// Checks that lockdep is on. It switches itself off after its first report.
pub fn lockdep_is_on(it: &Console) -> Result<()> {
    it.has("lockdep", " 1")
}
