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
//! of the tree and a build. Without a filter, only a few mutants run, chosen at random.

use std::{
    collections::{
        BTreeMap,
        BTreeSet, //
    },
    fs,
    path::{
        absolute,
        Path,
        PathBuf, //
    },
    process::Command,
    sync::{
        atomic::{
            AtomicUsize,
            Ordering, //
        },
        Mutex, //
    },
    time::{
        SystemTime,
        UNIX_EPOCH, //
    }, //
};

use crate::{
    lint::tracked,
    prelude::*,
    process::succeeds,
    suite::JOB_FAILED, //
};

/// Directory of the patches.
const PATCHES: &str = "tests/mutants";

/// Number of mutants that run if no test is selected by name.
const RANDOM: usize = 5;

/// Most mutants of a build.
const BATCH: usize = 4;

/// A patch.
#[derive(Clone)]
struct Mutant {
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

    shuffle(&mut mutants);

    let ignored = match suite.is_whole() {
        true => mutants.split_off(RANDOM.min(mutants.len())),
        false => vec![],
    };

    for mutant in ignored {
        suite.ignore(&format!("mutants::{}", mutant.name));
    }
    mutants.retain(|mutant| suite.selects(&format!("mutants::{}", mutant.name)));
    for (number, batch) in batches(mutants).into_iter().enumerate() {
        let tests: Vec<_> = batch
            .iter()
            .map(|mutant| {
                let name = mutant.name.clone();

                Test::new(
                    format!("mutants::{name}"),
                    move |results: &BTreeMap<String, Result<()>>| {
                        results[&name]
                            .as_ref()
                            .map_err(|error| anyhow!("{error:#}"))?;
                        Ok(())
                    },
                )
            })
            .collect();

        suite.add(&format!("mutants {number}"), tests, move || run(&batch));
    }
    Ok(())
}

/// Reads all patches, by name.
fn read() -> Result<Vec<Mutant>> {
    let mut mutants = vec![];

    for entry in fs::read_dir(PATCHES).with_context(|| format!("cannot read {PATCHES}"))? {
        let path = entry?.path();

        if path.extension().is_some_and(|it| it == "patch") {
            mutants.push(Mutant::read(&path)?);
        }
    }
    ensure!(!mutants.is_empty(), "{PATCHES} has no patches");
    mutants.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(mutants)
}

impl Mutant {
    fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)?;
        let test = text
            .lines()
            .find_map(|line| line.strip_prefix("Test: "))
            .with_context(|| format!("{}: no line `Test: NAME`", path.display()))?;
        let group = test.rsplit_once("::").map_or(test, |(group, _)| group);
        // All host tests are one program.
        let group = group.split("_tests").next().unwrap_or(group);
        let files = text.lines().filter_map(|line| line.strip_prefix("+++ b/"));

        Ok(Self {
            name: path
                .file_stem()
                .context("a patch without a name")?
                .to_string_lossy()
                .into(),
            patch: path.into(),
            test: test.into(),
            touches: files.chain([group]).map(String::from).collect(),
        })
    }
}

/// Distributes mutants so that those of a batch are unrelated.
fn batches(mutants: Vec<Mutant>) -> Vec<Vec<Mutant>> {
    let mut batches: Vec<Vec<Mutant>> = vec![];

    for mutant in mutants {
        let fits = |batch: &&mut Vec<Mutant>| {
            batch.len() < BATCH
                && batch
                    .iter()
                    .all(|it| it.touches.is_disjoint(&mutant.touches))
        };

        match batches.iter_mut().find(fits) {
            Some(batch) => batch.push(mutant),
            None => batches.push(vec![mutant]),
        }
    }
    batches
}

/// Builds the mutants in a copy of the tree and runs their tests; the results are by name.
///
/// There is a copy for each job that runs at a time. It stays, so that the next mutants are built
/// faster.
fn run(mutants: &[Mutant]) -> Result<BTreeMap<String, Result<()>>> {
    static FREE: Mutex<Vec<PathBuf>> = Mutex::new(vec![]);
    static MADE: AtomicUsize = AtomicUsize::new(0);

    let free = FREE.lock().unwrap().pop();
    let copy = free.unwrap_or_else(|| {
        let number = MADE.fetch_add(1, Ordering::Relaxed);

        PathBuf::from(format!("out/mutants/{number}"))
    });
    let results = run_in(&copy, mutants);

    FREE.lock().unwrap().push(copy);
    results
}

fn run_in(copy: &Path, mutants: &[Mutant]) -> Result<BTreeMap<String, Result<()>>> {
    fs::create_dir_all(copy)?;
    // A file that changes, also back, is new: make and cargo go by its time.
    succeeds(
        Command::new("rsync")
            .args(["--links", "--perms", "--relative", "--checksum"])
            .args(tracked("*")?)
            .arg(copy),
    )?;
    for mutant in mutants {
        succeeds(
            Command::new("patch")
                .args(["--strip=1", "--batch", "--forward", "--directory"])
                .arg(copy)
                .arg("--input")
                .arg(absolute(&mutant.patch)?),
        )?;
    }
    if mutants.iter().any(|it| !it.test.starts_with("host::")) {
        succeeds(
            Command::new("make")
                .args(["--no-print-directory", "stock"])
                .current_dir(copy),
        )?;
    }
    Ok(mutants
        .iter()
        .map(|mutant| (mutant.name.clone(), mutant.expect_caught(copy)))
        .collect())
}

impl Mutant {
    /// Checks that the mutant's test fails in the copy of the tree.
    fn expect_caught(&self, copy: &Path) -> Result<()> {
        let output = Command::new(std::env::current_exe()?)
            .args(["test", "--exact", &self.test])
            .current_dir(copy)
            // Cargo does not tell two copies of a project apart.
            .env("CARGO_TARGET_DIR", absolute(copy.join("target"))?)
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);

        ensure!(
            text.contains("0 passed, 1 failed") && !text.contains(JOB_FAILED),
            "{} does not fail:\n{text}{}",
            self.test,
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }
}

/// Brings the mutants into an order that differs from run to run.
fn shuffle(mutants: &mut [Mutant]) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_nanos());
    // CAST: the low bits are as good as any.
    let mut random = now as u64 | 1;

    for index in (1..mutants.len()).rev() {
        // A generator by Marsaglia (xorshift64).
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        mutants.swap(index, (random % (index as u64 + 1)) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn related_mutants_are_not_built_together() {
        let mutant = |name: &str, touches: &[&str]| Mutant {
            name: name.into(),
            patch: PathBuf::new(),
            test: String::new(),
            touches: touches.iter().map(|it| it.to_string()).collect(),
        };
        let batches = batches(vec![
            mutant("a", &["dma/page.rs", "kunit::virt_plain"]),
            mutant("b", &["dma/page.rs", "faults"]),
            mutant("c", &["pl330/stop.rs", "faults"]),
            mutant("d", &["sg/split.rs", "host::split"]),
        ]);
        let names: Vec<Vec<_>> = batches
            .iter()
            .map(|batch| batch.iter().map(|it| it.name.as_str()).collect())
            .collect();

        assert_eq!(names, [vec!["a", "c", "d"], vec!["b"]]);
    }
}
