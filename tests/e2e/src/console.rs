// SPDX-License-Identifier: GPL-2.0

//! The console of a boot, as text.

use crate::prelude::*;

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
        let status = self.line("@@ exit ").with_context(|| {
            format!(
                "the script did not end; the last lines are:\n{}",
                self.tail()
            )
        })?;

        status.trim().parse().context("exit status of the script")
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
            .with_context(|| {
                format!(
                    "the board did not print its {name}; the last lines are:\n{}",
                    self.tail()
                )
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
        self.section(section)?
            .lines()
            .map(|line| {
                let (name, value) = line
                    .split_once(' ')
                    .with_context(|| format!("{section} has no value in: {line}"))?;

                Ok((name, value.parse()?))
            })
            .collect()
    }

    /// Returns the board's time at which the first process ran, in seconds.
    pub fn up(&self) -> Option<&str> {
        self.line("@@ up ")
    }

    /// Returns the rest of the first line that begins with `prefix`.
    fn line(&self, prefix: &str) -> Option<&str> {
        self.text.lines().find_map(|line| line.strip_prefix(prefix))
    }

    fn tail(&self) -> String {
        let lines: Vec<_> = self.text.lines().collect();

        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}
