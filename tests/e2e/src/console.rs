// SPDX-License-Identifier: GPL-2.0

//! The console of a boot, as text.

use std::fmt::Display;

use crate::prelude::*;

/// Beginning of an error that output is missing although the board ended by itself.
pub const MISSING: &str = "missing output: ";

/// Beginning of an error that output is missing because the kernel or the script did not end well.
pub const CUT_OFF: &str = "output ends with ";

/// Texts by which an output shows that: the limit of the script's time, and a crash of the kernel.
const CUTS: [&str; 3] = ["@@ limit", "Kernel panic", "Oops"];

/// Returns the error that a test lacks output, given the output that there is.
pub fn missing(output: &str, what: impl Display) -> Error {
    match CUTS.iter().find(|cut| output.contains(**cut)) {
        Some(cut) => anyhow!("{CUT_OFF}{cut:?}: {what}"),
        None => anyhow!("{MISSING}{what}"),
    }
}

/// Returns the last 20 lines of a text.
pub fn tail(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();

    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// The text of the serial console of a boot that has ended.
pub struct Console {
    text: String,
}

impl Console {
    /// Takes `text` as it came from the serial line.
    pub fn new(text: &str) -> Self {
        Self {
            text: text.replace('\r', ""),
        }
    }

    /// Returns the whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the exit status of the script.
    ///
    /// # Errors
    ///
    /// With the last lines of the console, if the board ended before the script did, or if the
    /// script took longer than it may.
    pub fn exit(&self) -> Result<u8> {
        let status = self.line("@@ exit ");

        Ok(status
            .ok_or_else(|| self.missing("exit status"))?
            .trim()
            .parse()?)
    }

    /// Returns the section `name`: the output of a command of the script.
    ///
    /// # Errors
    ///
    /// With the last lines of the console, if there is no such section.
    pub fn section(&self, name: &str) -> Result<&str> {
        self.text
            .split_once(&format!("@@ begin {name}\n"))
            .and_then(|(_, rest)| rest.split_once(&format!("@@ end {name}")))
            .map(|(section, _)| section.trim_end_matches(['\n', '\0']))
            .ok_or_else(|| self.missing(name))
    }

    /// Returns the names and texts of all sections.
    pub fn sections(&self) -> impl Iterator<Item = (&str, &str)> {
        let begins = self.text.split("@@ begin ").skip(1);

        begins.filter_map(|begin| {
            let (name, rest) = begin.split_once('\n')?;
            let (section, _) = rest.split_once(&format!("@@ end {name}"))?;

            Some((name, section.trim_end_matches(['\n', '\0'])))
        })
    }

    /// Returns the number that a section is.
    pub fn number(&self, section: &str) -> Result<u64> {
        let text = self.section(section)?;

        text.parse()
            .with_context(|| format!("{section} is not a number: {text}"))
    }

    /// Returns the counters of a section, which has a name and a value in each line.
    pub fn counters(&self, section: &str) -> Result<BTreeMap<&str, u64>> {
        let counter = |line| -> Option<_> {
            let (name, value) = str::split_once(line, ' ')?;

            Some((name, value.parse().ok()?))
        };
        let lines = self.section(section)?.lines();

        lines
            .map(|line| counter(line).with_context(|| format!("no counter in {section}: {line}")))
            .collect()
    }

    /// Returns the release and the version of the kernel, as `uname -r -v` prints them.
    pub fn version(&self) -> Result<&str> {
        self.line("@@ version ")
            .ok_or_else(|| self.missing("version"))
    }

    /// Returns the board's time at which the first process ran, in seconds.
    pub fn up(&self) -> Option<&str> {
        self.line("@@ up ")
    }

    /// Returns the rest of the first line that begins with `prefix`.
    fn line(&self, prefix: &str) -> Option<&str> {
        self.text.lines().find_map(|line| line.strip_prefix(prefix))
    }

    /// Returns the error that the script did not print something, with the last lines.
    fn missing(&self, what: &str) -> Error {
        let tail = tail(&self.text);
        let what = format!("the board did not print its {what}; the last lines are:\n{tail}");

        missing(&self.text, what)
    }
}
