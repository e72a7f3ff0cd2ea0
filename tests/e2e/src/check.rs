// SPDX-License-Identifier: GPL-2.0

//! Tests of a boot, and checks of its console.

use std::ops::RangeBounds;

use crate::prelude::*;

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

/// The tests of a boot.
#[derive(Default)]
pub struct Tests(pub Vec<Test<Console>>);

impl Tests {
    /// Adds a test. A name without `::` is below the group of the boot.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        check: impl FnOnce(&Console) -> Result<()> + Send + 'static,
    ) {
        self.0.push(Test::new(name, check));
    }
}

impl Suite {
    /// Adds a boot of `boot` with `script`, and the tests that `add` adds.
    ///
    /// The name is that of the tests' group. Boots of one group add `: ` and a name of their own.
    pub fn boot(
        &mut self,
        name: &str,
        boot: Boot,
        script: Result<String>,
        add: impl FnOnce(&mut Tests),
    ) {
        self.boot_with(name, || Ok((boot, script?)), add);
    }

    /// Adds a boot that is prepared only if it is needed, and the tests that `add` adds.
    pub fn boot_with(
        &mut self,
        name: &str,
        prepare: impl FnOnce() -> Result<(Boot, String)> + Send + 'static,
        add: impl FnOnce(&mut Tests),
    ) {
        let (group, _) = name.split_once(": ").unwrap_or((name, ""));
        let mut tests = Tests::default();

        add(&mut tests);

        for test in &mut tests.0 {
            if !test.name.contains("::") {
                test.name = format!("{group}::{}", test.name);
            }
        }
        self.add(name, tests.0, move || {
            let (boot, script) = prepare()?;

            Board::get()?.boot(&boot, &script)
        });
    }
}

/// Checks, each named like what it expects of the sections of that name.
impl Console {
    /// Checks the exit status of the script.
    pub fn exits(&self, expected: u8) -> Result<()> {
        expect("exit status of the script", self.exit()?, expected)
    }

    /// Checks that a part of the kernel log does not show that something is wrong.
    pub fn clean(&self, section: &str) -> Result<()> {
        ensure!(!self.section(section)?.is_empty(), "{section} is empty");
        self.clean_if_any(section)
    }

    /// Checks that a part of the kernel log is empty or does not show that something is wrong.
    pub fn clean_if_any(&self, section: &str) -> Result<()> {
        let is_trace = |line: &&str| TRACES.iter().any(|trace| line.contains(trace));

        expect_none(section, self.section(section)?.lines().filter(is_trace))
    }

    /// Checks that two sections are equal.
    pub fn same(&self, before: &str, after: &str) -> Result<()> {
        self.is(after, self.section(before)?)
    }

    /// Checks that two sections are equal and not empty: the state before and after.
    pub fn unchanged(&self, before: &str, after: &str) -> Result<()> {
        ensure!(!self.section(before)?.is_empty(), "{before} is empty");
        self.same(before, after)
    }

    /// Checks the whole text of a section.
    pub fn is(&self, section: &str, expected: &str) -> Result<()> {
        let found = self.section(section)?;

        ensure!(
            found == expected,
            "{section}: expected:\n{expected}\nfound:\n{found}"
        );
        Ok(())
    }

    /// Checks that a section contains a text, in which `\n` is also its start or end.
    pub fn has(&self, section: &str, text: &str) -> Result<()> {
        let section = format!("\n{}\n", self.section(section)?);

        ensure!(section.contains(text), "no {text:?} in:{section}");
        Ok(())
    }

    /// Checks that a section contains a text this number of `times`.
    pub fn occurs(&self, section: &str, text: &str, times: usize) -> Result<()> {
        let section = self.section(section)?;

        expect(text, section.matches(text).count(), times).with_context(|| section.to_string())
    }

    /// Checks that a section does not contain a text.
    pub fn lacks(&self, section: &str, text: &str) -> Result<()> {
        self.occurs(section, text, 0)
    }

    /// Checks that each line of a section contains one of these texts, in which `\n` is its end.
    pub fn only(&self, section: &str, texts: &[&str]) -> Result<()> {
        let is_other = |line: &&str| {
            let line = format!("{line}\n");

            !texts.iter().any(|text| line.contains(text))
        };

        expect_none(section, self.section(section)?.lines().filter(is_other))
    }

    /// Checks that a section is a number in a range.
    pub fn within(&self, section: &str, range: impl RangeBounds<u64> + Debug) -> Result<()> {
        let number = self.number(section)?;

        ensure!(
            range.contains(&number),
            "{section}: {number}, not {range:?}"
        );
        Ok(())
    }

    /// Checks some of the counters of a section.
    pub fn counts(&self, section: &str, expected: &[(&str, u64)]) -> Result<()> {
        let counters = self.counters(section)?;

        expected
            .iter()
            .try_for_each(|(name, value)| expect(name, counters.get(name), Some(value)))
    }
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

/// Checks that `text` is like `pattern`, in which `*` stands for any text.
pub fn expect_like(text: &str, pattern: &str) -> Result<()> {
    let regex = regex::escape(pattern).replace(r"\*", "(?s:.*)");
    let is_like = Regex::new(&format!("^{regex}$")).unwrap().is_match(text);

    ensure!(is_like, "expected {pattern:?}, found {text:?}");
    Ok(())
}

/// Returns the first text between `start` and `end`.
pub fn between<'a>(text: &'a str, start: &str, end: &str) -> Result<&'a str> {
    text.split_once(start)
        .and_then(|(_, rest)| rest.split_once(end))
        .map(|(found, _)| found)
        .with_context(|| format!("nothing between {start:?} and {end:?} in:\n{text}"))
}

/// Returns the words of `text` that are numbers: decimal, or hexadecimal with `0x`.
pub fn numbers(text: &str) -> Vec<u64> {
    let number = |word: &str| match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => word.parse().ok(),
    };

    text.split(|it: char| !it.is_ascii_alphanumeric())
        .filter_map(number)
        .collect()
}
