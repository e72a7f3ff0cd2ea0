// SPDX-License-Identifier: GPL-2.0

//! Checks of a console, for the tables of tests.

use crate::prelude::*;

/// A check of what a boot printed.
pub type Check = Box<dyn FnOnce(&Console) -> Result<()> + Send>;

/// Texts by which a kernel log shows that something is wrong with the kernel.
const TRACES: [&str; 12] = [
    "WARNING:",
    "BUG:",
    "Oops",
    "Call trace",
    "Unable to handle",
    "rcu: INFO",
    "blocked for more than",
    "Trying to free nonexistent",
    "SError",
    // Of KASAN, lockdep and UBSAN, where they do not begin with one of the above.
    "KASAN: ",
    "INFO: trying to register non-static key",
    "UBSAN: ",
];

impl Suite {
    /// Adds a boot and its tests. A name in `tests` without `::` is below `group`.
    pub fn boot(
        &mut self,
        group: &str,
        boot: impl FnOnce() -> Result<(Boot, String)> + Send + 'static,
        tests: impl IntoIterator<Item = (impl AsRef<str>, Check)>,
    ) {
        let tests: Vec<_> = tests
            .into_iter()
            .map(|(name, check)| {
                let name = name.as_ref();

                match name.contains("::") {
                    true => Test::new(name, check),
                    false => Test::new(format!("{group}::{name}"), check),
                }
            })
            .collect();

        self.add(group, tests, move || {
            let (boot, script) = boot()?;

            Board::get()?.boot(&boot, &script)
        });
    }
}

/// Makes a check of a function.
pub fn by(check: impl FnOnce(&Console) -> Result<()> + Send + 'static) -> Check {
    Box::new(check)
}

/// Checks several things.
pub fn all(checks: impl IntoIterator<Item = Check>) -> Check {
    let checks: Vec<_> = checks.into_iter().collect();

    by(|console| checks.into_iter().try_for_each(|check| check(console)))
}

/// Checks the exit status of the script.
pub fn exits(expected: u8) -> Check {
    by(move |console| expect("exit status of the script", console.exit()?, expected))
}

/// Checks that a section, part of the kernel log, does not show that something is wrong.
pub fn clean(section: &'static str) -> Check {
    by(move |console| expect_no_trace(console.section(section)?))
}

/// Checks that two sections are equal: the state before and after.
pub fn unchanged(before: &'static str, after: &'static str) -> Check {
    by(move |console| {
        let (before, after) = (console.section(before)?, console.section(after)?);

        ensure!(!before.is_empty(), "there is no state to compare");
        ensure!(before == after, "before:\n{before}\nafter:\n{after}");
        Ok(())
    })
}

/// Checks the whole text of a section.
pub fn is(section: &'static str, expected: &'static str) -> Check {
    by(move |console| expect(section, console.section(section)?, expected))
}

/// Checks that a section contains a text.
pub fn has(section: &'static str, text: &'static str) -> Check {
    by(move |console| {
        let section = console.section(section)?;

        ensure!(section.contains(text), "no {text:?} in:\n{section}");
        Ok(())
    })
}

/// Checks that a section does not contain a text.
pub fn lacks(section: &'static str, text: &'static str) -> Check {
    by(move |console| {
        let section = console.section(section)?;

        ensure!(!section.contains(text), "{text:?} is in:\n{section}");
        Ok(())
    })
}

/// Compares what was found with what was expected.
pub fn expect<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<()> {
    ensure!(
        found == expected,
        "{what}: expected {expected:?}, found {found:?}"
    );
    Ok(())
}

/// Fails with the lines of a kernel log that show that something is wrong with the kernel.
pub fn expect_no_trace(log: &str) -> Result<()> {
    let wrong: Vec<_> = log
        .lines()
        .filter(|line| TRACES.iter().any(|trace| line.contains(trace)))
        .collect();

    ensure!(!log.is_empty(), "the kernel log is empty");
    ensure!(
        wrong.is_empty(),
        "the kernel log has:\n{}",
        wrong.join("\n")
    );
    Ok(())
}
