// SPDX-License-Identifier: GPL-2.0

//! The console of a boot, as text.

use anyhow::Error;

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
        let lines: Vec<_> = self.text.lines().collect();
        let tail = lines[lines.len().saturating_sub(20)..].join("\n");

        anyhow!("the board did not print its {what}; the last lines are:\n{tail}")
    }
}
