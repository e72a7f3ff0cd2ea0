// SPDX-License-Identifier: GPL-2.0

//! The tests that cargo runs on the host: those of `tests/host` and the unit tests of this program.

use crate::prelude::*;

/// Results of a cargo run, by test: true if the test passed.
struct Results {
    passed: BTreeMap<String, bool>,
    /// Output of cargo.
    text: String,
}

/// Adds the tests of both projects.
pub fn add(suite: &mut Suite) -> Result<()> {
    add_project(suite, "host", "tests/host", &[])?;
    // With the profile of this program, so that its dependencies are not compiled again.
    add_project(suite, "harness", "tests/e2e", &["--release"])
}

fn add_project(
    suite: &mut Suite,
    group: &str,
    directory: &'static str,
    options: &'static [&str],
) -> Result<()> {
    let names = source::cargo(directory)?;
    let (known, mut selected) = (names.clone(), names.clone());
    let name_of = |name: &String| format!("{group}::{name}");

    selected.retain(|name| suite.selects(&name_of(name)));
    // No filter means all, also those that are not known.
    if selected.len() == names.len() {
        selected.clear();
    }

    let others = Test::new(
        format!("{group}::no_other_tests"),
        move |results: &Results| {
            let mut unknown: Vec<_> = results.passed.keys().collect();

            unknown.retain(|name| !known.contains(name));
            ensure!(unknown.is_empty(), "not found in the source: {unknown:?}");
            Ok(())
        },
    );
    let tests = names.into_iter().map(|name| {
        let test = name_of(&name);
        let check = move |results: &Results| match results.passed.get(&name) {
            Some(true) => Ok(()),
            Some(false) => bail!("{}", results.text),
            None => Err(missing(
                "",
                format!("the test did not run:\n{}", results.text),
            )),
        };

        Test::new(test, check)
    });

    suite.add(group, tests.chain([others]), move || {
        run(directory, options, &selected)
    });
    Ok(())
}

/// Runs the tests with these names, or all.
fn run(directory: &str, options: &[&str], names: &[String]) -> Result<Results> {
    let mut cargo = Command::new("cargo");

    cargo
        .args(["test", "--quiet", "--locked", "--manifest-path"])
        .arg(Path::new(directory).join("Cargo.toml"))
        .args(options)
        .args(["--", "--format", "pretty"])
        .args(names.first().map(|_| "--exact"))
        .args(names);

    let (_, text) = process::run(&mut cargo)?;
    let passed: BTreeMap<_, _> = text
        .lines()
        .filter_map(|line| line.strip_prefix("test ")?.split_once(" ... "))
        .map(|(name, result)| (name.into(), result == "ok"))
        .collect();

    // What does not compile has no results.
    ensure!(!passed.is_empty(), "{text}");
    Ok(Results { passed, text })
}
