// SPDX-License-Identifier: GPL-2.0

//! Mutants: each patch in `tests/mutants` is a mistake, and names the test that must fail for it.
//!
//! ```text
//! The clock is disabled although a channel does not stop.
//! Test: faults::stuck
//! diff --git ...
//! ```
//!
//! Unrelated mutants, which change different files and are caught by different boots, share a copy
//! of the tree and a build. Without a filter, a few mutants run that share one, chosen at random.

use std::{
    hash::{
        BuildHasher,
        RandomState, //
    },
    sync::atomic::{
        AtomicUsize,
        Ordering::Relaxed, //
    }, //
};

use crate::prelude::*;

/// Directory of the patches.
const PATCHES: &str = "tests/mutants";

/// Most mutants of a build.
const BATCH: usize = 5;

/// A patch.
struct Mutant {
    /// Name in the suite.
    name: String,
    patch: PathBuf,
    /// Test that must fail.
    test: String,
    /// Things that unrelated mutants do not have in common: files, and a boot.
    touches: BTreeSet<String>,
}

/// Adds a test for each mutant, and jobs of which each builds a few of them.
pub fn add(suite: &mut Suite) -> Result<()> {
    let mut mutants = read()?;

    // Each state has random keys of its own.
    mutants.sort_by_cached_key(|_| RandomState::new().hash_one(()));
    mutants.retain(|mutant| suite.selects(&mutant.name));

    let mut batches = batches(mutants);

    if suite.is_whole() {
        for mutant in batches.drain(1..).flatten() {
            suite.ignore(&mutant.name);
        }
    }
    for (number, batch) in batches.into_iter().enumerate() {
        let tests = batch.iter().map(|mutant| {
            let (name, test) = (mutant.name.clone(), mutant.test.clone());
            let check = move |outputs: &BTreeMap<String, String>| {
                let output = &outputs[&name];

                ensure!(is_caught(output), "{test} does not notice it:\n{output}");
                Ok(())
            };

            Test::new(&mutant.name, check)
        });
        let tests: Vec<_> = tests.collect();

        suite.add(&format!("mutants {number}"), tests, move || run(batch));
    }
    Ok(())
}

/// Returns true if the output of a test shows that the test noticed a mistake.
///
/// A job that fails, and output that is missing, may have other reasons. A crash of the kernel and
/// a script without end are caught mistakes.
fn is_caught(output: &str) -> bool {
    let has_other_reason = [JOB_FAILED, MISSING].iter().any(|it| output.contains(it));

    output.contains("0 passed, 1 failed") && (!has_other_reason || output.contains(CUT_OFF))
}

/// Reads all patches.
fn read() -> Result<Vec<Mutant>> {
    let mut mutants = vec![];

    for entry in fs::read_dir(PATCHES).context(PATCHES)? {
        let patch = entry?.path();

        if patch.extension().is_some_and(|it| it == "patch") {
            mutants.push(Mutant::new(patch)?);
        }
    }
    ensure!(!mutants.is_empty(), "{PATCHES} has no patches");
    Ok(mutants)
}

impl Mutant {
    fn new(patch: PathBuf) -> Result<Self> {
        let text = fs::read_to_string(&patch)?;
        let mut tests = text.lines().filter_map(|line| line.strip_prefix("Test: "));
        let test = tests.next();
        let test = test.with_context(|| format!("{}: no line `Test: NAME`", patch.display()))?;
        let files = text.lines().filter_map(|line| line.strip_prefix("+++ b/"));
        let name = patch.file_stem().context("a patch without a name")?;

        Ok(Self {
            name: format!("mutants::{}", name.to_string_lossy()),
            test: test.into(),
            touches: files.chain([group_of(test)]).map(String::from).collect(),
            patch,
        })
    }
}

/// Returns the boot of a test. All tests on the host are one program.
fn group_of(test: &str) -> &str {
    let parts = if test.starts_with("kunit::") { 2 } else { 1 };
    let mut ends = test.match_indices("::").map(|(end, _)| end);

    ends.nth(parts - 1).map_or(test, |end| &test[..end])
}

/// Checks that each patch applies.
pub fn check_patches() -> Result<()> {
    for Mutant { patch, .. } in read()? {
        git(&format!("apply --check {}", patch.display()))?;
    }
    Ok(())
}

/// Adds the test that each patch names a test that was added before.
pub fn add_check(suite: &mut Suite) {
    let names = suite.names();

    suite.test("checks::mutants_name_tests", move || {
        for Mutant { patch, test, .. } in read()? {
            ensure!(names.contains(&test), "{}: no {test}", patch.display());
        }
        Ok(())
    });
}

/// Distributes mutants so that those of a batch are unrelated.
fn batches(mutants: Vec<Mutant>) -> Vec<Vec<Mutant>> {
    let mut batches: Vec<Vec<Mutant>> = vec![];

    for mutant in mutants {
        let fits = |batch: &&mut Vec<Mutant>| {
            let is_unrelated = |it: &Mutant| it.touches.is_disjoint(&mutant.touches);

            batch.len() < BATCH && batch.iter().all(is_unrelated)
        };

        match batches.iter_mut().find(fits) {
            Some(batch) => batch.push(mutant),
            None => batches.push(vec![mutant]),
        }
    }
    batches
}

/// Builds the mutants in a copy of the tree; returns the output of each one's test.
///
/// A mutant whose test another one kept from seeing it is built again, alone.
///
/// Each thread that does jobs has a copy. The copies stay, so that the next mutants are built
/// faster.
fn run(mutants: Vec<Mutant>) -> Result<BTreeMap<String, String>> {
    static NEXT: AtomicUsize = AtomicUsize::new(1);

    thread_local! {
        static COPY: PathBuf = format!("out/mutants/{}", NEXT.fetch_add(1, Relaxed)).into();
    }

    COPY.with(|copy| {
        let mut outputs = run_in(copy, &mutants)?;

        if mutants.len() > 1 {
            for mutant in mutants {
                if !is_caught(&outputs[&mutant.name]) {
                    outputs.extend(run_in(copy, &[mutant])?);
                }
            }
        }
        Ok(outputs)
    })
}

fn run_in(copy: &Path, mutants: &[Mutant]) -> Result<BTreeMap<String, String>> {
    lint::copy_tracked(&["*"], copy)?;
    for mutant in mutants {
        let mut patch = Command::new("patch");

        patch.args(["--strip=1", "--batch", "--forward", "--directory"]);
        succeeds(patch.arg(copy).arg("--input").arg(absolute(&mutant.patch)?))?;
    }
    // Tests on the host need neither module nor overlay.
    if mutants.iter().any(|it| !it.test.starts_with("host::")) {
        let mut make = Command::new("make");

        succeeds(
            make.args(["--no-print-directory", "stock"])
                .current_dir(copy),
        )?;
    }

    let test = |mutant: &Mutant| {
        let mut board = Command::new("setpriv");

        board
            .args(["--pdeathsig", "KILL"])
            .arg(env::current_exe()?)
            .args(["test", "--exact", &mutant.test])
            .current_dir(copy)
            // Cargo does not tell two copies of a project apart.
            .env("CARGO_TARGET_DIR", absolute(copy.join("target"))?);
        Ok((mutant.name.clone(), process::run(&mut board)?.1))
    };

    mutants.iter().map(test).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_of_a_boot_are_a_group() {
        for (test, group) in [
            ("kunit::virt_plain::rk3588_dma_page::a", "kunit::virt_plain"),
            ("host::executed_tests::a", "host"),
            ("faults::queue", "faults"),
        ] {
            assert_eq!(group_of(test), group);
        }
    }

    #[test]
    fn missing_output_is_caught_only_if_the_board_was_cut_off() {
        const PANIC: &str = "@@ begin log\nKernel panic - not syncing: Fatal exception\n";

        for (beginning, console, expected) in [
            ("", "@@ begin log\nwrong\n@@ end log\n@@ exit 0\n", true),
            ("", "@@ begin log\n@@ exit 1\n", false),
            ("", "@@ begin log\n@@ limit\n", true),
            ("", PANIC, true),
            (
                "",
                "Internal error: Oops: 0000000096000004 [#1]\n@@ exit 1\n",
                true,
            ),
            (
                JOB_FAILED,
                "@@ begin log\nwrong\n@@ end log\n@@ exit 0\n",
                false,
            ),
            (JOB_FAILED, "@@ begin log\n@@ exit 1\n", false),
            (JOB_FAILED, PANIC, true),
        ] {
            let error = Console::new(console).is("log", "right").unwrap_err();
            let output = format!("{beginning}{error:#}\n0 passed, 1 failed\n");

            assert_eq!(is_caught(&output), expected, "{output}");
        }
        assert!(!is_caught("1 passed, 0 failed"));
    }

    #[test]
    fn related_mutants_are_not_built_together() {
        let mutants = [
            ("a", ["dma/page.rs", "kunit::virt_plain"]),
            ("b", ["dma/page.rs", "faults"]),
            ("c", ["pl330/stop.rs", "faults"]),
            ("d", ["sg/split.rs", "host"]),
        ];
        let mutants = mutants.map(|(name, touches)| Mutant {
            name: name.into(),
            patch: PathBuf::new(),
            test: String::new(),
            touches: touches.map(String::from).into(),
        });
        let batches = batches(mutants.into()).into_iter();
        let names = batches.map(|batch| batch.into_iter().map(|it| it.name).collect());

        assert_eq!(names.collect::<Vec<String>>(), ["acd", "b"]);
    }
}
