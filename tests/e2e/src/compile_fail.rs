// SPDX-License-Identifier: GPL-2.0

//! What must not compile, and the same without the mistake, which must.
//!
//! Each file of `tests/compile_fail` but the root is a case. Where `#[cfg(mistake)]` is on, the
//! compiler must say what the annotations (`//~ CODE: words`) expect and nothing else; where it is
//! off, nothing. The compiler is called as for the module, so it is the same one, with the same flags
//! and the same metadata of the kernel's crates.
//!
//! It stops before machine code, so that a case takes less than a second. What only fails in there,
//! `build_assert!` for example, cannot be a case.

mod case;
mod compiler;
mod diagnostic;

use std::{
    fs,
    num::NonZero,
    sync::atomic::{
        AtomicUsize,
        Ordering, //
    },
    thread, //
};

use anyhow::{
    ensure,
    Context,
    Result, //
};

use crate::suite::Suite;
use case::Case;
use compiler::Compiler;

/// Where the cases are.
const FOLDER: &str = "tests/compile_fail";

/// A case, with its mistake or without.
struct Twin<'a> {
    case: &'a Case,
    mistake: bool,
    test: String,
}

/// Runs all cases, several at a time.
pub fn run(suite: &mut Suite) {
    if let Err(error) = cases().and_then(|cases| run_cases(suite, &cases)) {
        suite.add_failure("compile_fail", &error);
    }
}

fn run_cases(suite: &mut Suite, cases: &[Case]) -> Result<()> {
    let mut twins = vec![];

    for case in cases {
        for (mistake, name) in [(true, "mistake"), (false, "corrected")] {
            let test = format!("compile_fail::{}::{name}", case.name());

            if suite.wants(&[&test]) {
                twins.push(Twin {
                    case,
                    mistake,
                    test,
                });
            }
        }
    }
    if twins.is_empty() {
        return Ok(());
    }

    let compiler = Compiler::of_the_module()?;
    let outcomes = suite.prepare("what must not compile", || {
        in_parallel(&twins, |twin| twin.run(&compiler))
    });

    for (twin, outcome) in twins.iter().zip(outcomes) {
        suite.test(&twin.test, || outcome);
    }
    Ok(())
}

/// All cases, by name.
fn cases() -> Result<Vec<Case>> {
    let mut cases = vec![];

    for entry in fs::read_dir(FOLDER).with_context(|| format!("cannot read {FOLDER}"))? {
        let path = entry?.path();

        if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("root.rs") {
            cases.push(Case::read(&path)?);
        }
    }
    ensure!(!cases.is_empty(), "{FOLDER} has no cases");
    cases.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(cases)
}

impl Twin<'_> {
    fn run(&self, compiler: &Compiler) -> Result<()> {
        let said = compiler.compile(&self.case.file, self.mistake)?;

        match self.mistake {
            true => self.case.expect_mistake(&said),
            false => self.case.expect_correct(&said),
        }
    }
}

/// Does `work` for all `items` on all CPUs; the results are in the order of the items.
fn in_parallel<T: Sync>(items: &[T], work: impl Fn(&T) -> Result<()> + Sync) -> Vec<Result<()>> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = vec![];

        while let Some((index, item)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);

            items.get(index).map(|item| (index, item))
        } {
            done.push((index, work(item)));
        }
        done
    };
    let mut done: Vec<(usize, Result<()>)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..thread::available_parallelism().map_or(1, NonZero::get))
            .map(|_| scope.spawn(worker))
            .collect();

        workers
            .into_iter()
            .flat_map(|it| it.join().expect("a worker panicked"))
            .collect()
    });

    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}
