// SPDX-License-Identifier: GPL-2.0

//! Checks of a console, for the tables of tests.

use std::{
    fmt::Debug,
    ops::RangeBounds, //
};

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
    /// Adds a boot of `boot` with `script`, and its tests. A name without `::` is below `group`;
    /// the checks of adjacent rows with the same name are one test.
    pub fn boot(
        &mut self,
        group: &str,
        boot: Boot,
        script: Result<String>,
        tests: impl IntoIterator<Item = (impl AsRef<str>, Check)>,
    ) {
        self.boot_with(group, tests, || Ok((boot, script?)));
    }

    /// Adds a boot that is prepared only if it is needed, and its tests.
    pub fn boot_with(
        &mut self,
        group: &str,
        tests: impl IntoIterator<Item = (impl AsRef<str>, Check)>,
        prepare: impl FnOnce() -> Result<(Boot, String)> + Send + 'static,
    ) {
        let mut checks: Vec<(String, Vec<Check>)> = vec![];

        for (name, check) in tests {
            let name = match name.as_ref() {
                name if name.contains("::") => name.into(),
                name => format!("{group}::{name}"),
            };

            match checks.last_mut() {
                Some((last, checks)) if *last == name => checks.push(check),
                _ => checks.push((name, vec![check])),
            }
        }

        let tests = checks
            .into_iter()
            .map(|(name, checks)| Test::new(name, all(checks)));

        self.add(group, tests, move || {
            let (boot, script) = prepare()?;

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

/// Checks that two sections are equal.
pub fn same(before: &'static str, after: &'static str) -> Check {
    by(move |console| expect(after, console.section(after)?, console.section(before)?))
}

/// Checks that two sections are equal and not empty: the state before and after.
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

/// Checks that a section contains a text this number of `times`.
pub fn occurs(section: &'static str, text: &'static str, times: usize) -> Check {
    by(move |console| {
        let section = console.section(section)?;

        expect(text, section.matches(text).count(), times).with_context(|| section.to_string())
    })
}

/// Checks that a section does not contain a text.
pub fn lacks(section: &'static str, text: &'static str) -> Check {
    occurs(section, text, 0)
}

/// Checks that each line of a section contains one of these texts.
pub fn only(section: &'static str, texts: &'static [&str]) -> Check {
    by(move |console| {
        let lines = console.section(section)?.lines();

        expect_none(
            section,
            lines.filter(|line| !texts.iter().any(|text| line.contains(text))),
        )
    })
}

/// Checks that a section is a number in a range.
pub fn number(
    section: &'static str,
    range: impl RangeBounds<u64> + Debug + Send + 'static,
) -> Check {
    by(move |console| {
        let number = console.number(section)?;

        ensure!(
            range.contains(&number),
            "{section}: {number}, not {range:?}"
        );
        Ok(())
    })
}

/// Checks some of the counters of a section.
pub fn counters(section: &'static str, expected: &[(&'static str, u64)]) -> Check {
    let expected = expected.to_vec();

    by(move |console| {
        let counters = console.counters(section)?;

        expected
            .into_iter()
            .try_for_each(|(name, value)| expect(name, counters.get(name), Some(&value)))
    })
}

/// Compares what was found with what was expected.
pub fn expect<T: PartialEq + Debug>(what: &str, found: T, expected: T) -> Result<()> {
    ensure!(
        found == expected,
        "{what}: expected {expected:?}, found {found:?}"
    );
    Ok(())
}

/// Fails with `lines`, unless there are none.
pub fn expect_none<'a>(what: &str, lines: impl Iterator<Item = &'a str>) -> Result<()> {
    let lines: Vec<_> = lines.collect();

    ensure!(lines.is_empty(), "{what}:\n{}", lines.join("\n"));
    Ok(())
}

/// Fails with the lines of a kernel log that show that something is wrong with the kernel.
pub fn expect_no_trace(log: &str) -> Result<()> {
    ensure!(!log.is_empty(), "the kernel log is empty");
    expect_none(
        "the kernel log has",
        log.lines()
            .filter(|line| TRACES.iter().any(|trace| line.contains(trace))),
    )
}

/// Returns the first text between `start` and `end`.
pub fn between<'a>(text: &'a str, start: &str, end: &str) -> Result<&'a str> {
    text.split_once(start)
        .and_then(|(_, rest)| rest.split_once(end))
        .map(|(found, _)| found)
        .with_context(|| format!("nothing between {start:?} and {end:?} in:\n{text}"))
}

/// Parses a hexadecimal number, with or without `0x`.
pub fn hex(text: &str) -> Result<u64> {
    u64::from_str_radix(text.trim_start_matches("0x"), 16)
        .with_context(|| format!("not a hexadecimal number: {text}"))
}
