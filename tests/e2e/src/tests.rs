// SPDX-License-Identifier: GPL-2.0

//! The tests. Long jobs come first, so that no core waits for the last one.

mod archive;
mod board_check;
mod clients;
mod controllers;
mod debian;
pub mod engine;
mod faults;
mod inspect;
mod install;
pub mod kunit;
mod lessons;
pub mod lifetime;
mod lists;
mod machine;
mod no_memory;
mod power;
mod provider;
mod rt;
mod samples;
mod slow;
mod tracing;

use libtest_mimic::Arguments;

use crate::{
    book,
    prelude::*, //
};

/// Runs the checks of `make check` and returns whether all passed.
pub fn check() -> bool {
    let mut suite = Suite::new(Arguments::default());

    lint::add_quick(&mut suite);
    suite.run()
}

/// Runs the selected tests and returns whether all passed.
pub fn run(arguments: Arguments) -> Result<bool> {
    let mut suite = Suite::new(arguments);

    mutants::add(&mut suite)?;
    lint::add(&mut suite);
    compile_fail::add(&mut suite)?;
    book::add(&mut suite);
    examples::add(&mut suite)?;
    cargo::add(&mut suite)?;
    coverage::add(&mut suite);
    kunit::add(&mut suite)?;
    engine::add(&mut suite);
    lifetime::add(&mut suite);
    samples::add(&mut suite);
    bench::add(&mut suite);
    rt::add(&mut suite)?;
    slow::add(&mut suite)?;
    faults::add(&mut suite, "faults", Boot::with_driver())?;
    lists::add(&mut suite);
    lessons::add(&mut suite);
    tracing::add(&mut suite);
    inspect::add(&mut suite);
    debian::add(&mut suite);
    archive::add(&mut suite);
    install::add(&mut suite);
    board_check::add(&mut suite);
    controllers::add(&mut suite);
    clients::add(&mut suite);
    provider::add(&mut suite, "provider", Boot::with_driver());
    power::add(&mut suite);
    machine::add(&mut suite);
    mutants::add_check(&mut suite);
    suite.add_last("docs::mistakes_names_tests_that_ran", docs::check);

    let is_whole = suite.is_whole();
    let passed = suite.run();

    if is_whole {
        for (name, version) in versions::versions()? {
            println!("{name:15} {version}");
        }
    }
    Ok(passed)
}
