// SPDX-License-Identifier: GPL-2.0

//! Runs tests, one after the other, and counts.

use std::{
    io::{
        stdout,
        Write, //
    },
    time::Instant, //
};

use anyhow::{
    Error,
    Result, //
};

/// The tests so far.
pub struct Suite {
    filter: String,
    passed: Vec<String>,
    failed: usize,
}

impl Suite {
    /// Nothing has run; of what comes, only tests whose names contain `filter` will.
    pub fn new(filter: &str) -> Self {
        Self {
            filter: filter.into(),
            passed: vec![],
            failed: 0,
        }
    }

    /// Whether any of `names` is to run: what a costly preparation for them asks first.
    pub fn wants(&self, names: &[&str]) -> bool {
        names.iter().any(|name| name.contains(&self.filter))
    }

    /// Whether a test may run whose name is not known yet, but that it begins with `prefix::`.
    pub fn wants_below(&self, prefix: &str) -> bool {
        let prefix = format!("{prefix}::");

        prefix.contains(&self.filter) || self.filter.starts_with(&prefix)
    }

    /// Whether all tests run, whatever their names.
    pub fn is_whole(&self) -> bool {
        self.filter.is_empty()
    }

    /// The names of the tests that have passed.
    pub fn passed(&self) -> &[String] {
        &self.passed
    }

    /// Runs the test `name`; an error fails it.
    pub fn test(&mut self, name: &str, test: impl FnOnce() -> Result<()>) {
        if !name.contains(&self.filter) {
            return;
        }

        print!("test {name} ... ");
        let _ = stdout().flush();

        match test() {
            Ok(()) => {
                self.passed.push(name.into());
                println!("ok");
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Does what several tests look at afterwards, and says how long it took.
    pub fn prepare<T>(&self, what: &str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();

        print!("{what} ... ");
        let _ = stdout().flush();

        let result = work();

        println!("{:.0} s", start.elapsed().as_secs_f32());
        result
    }

    /// Takes down a test that something else has run.
    pub fn add(&mut self, name: &str, passed: bool) {
        if !name.contains(&self.filter) {
            return;
        }
        match passed {
            true => {
                self.passed.push(name.into());
                println!("test {name} ... ok");
            }
            false => {
                self.failed += 1;
                println!("test {name} ... FAILED");
            }
        }
    }

    /// Takes down that `what` all tests of a kind need is not there, whatever the filter.
    pub fn add_failure(&mut self, what: &str, error: &Error) {
        print!("test {what} ... ");
        self.fail(error);
    }

    fn fail(&mut self, error: &Error) {
        self.failed += 1;
        println!("FAILED");
        for line in format!("{error:#}").lines() {
            println!("    {line}");
        }
    }

    /// Prints the last line and returns whether all passed. Nothing having run is a failure.
    pub fn end(self) -> bool {
        println!("\n{} passed, {} failed", self.passed.len(), self.failed);
        self.failed == 0 && !self.passed.is_empty()
    }
}
