// SPDX-License-Identifier: GPL-2.0

//! What the board printed.

use anyhow::{
    bail,
    Context,
    Result, //
};

/// The serial console of a boot that has ended, or was ended.
pub struct Console {
    text: String,
    timed_out: bool,
}

impl Console {
    /// `text` as it came from the serial line.
    pub fn new(text: &str, timed_out: bool) -> Self {
        Self {
            text: text.replace('\r', ""),
            timed_out,
        }
    }

    /// All of it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the script exited with.
    ///
    /// # Errors
    ///
    /// With the last lines of the console, if the board was switched off or killed before it said.
    pub fn exit(&self) -> Result<u8> {
        let said = self
            .text
            .lines()
            .find_map(|line| line.strip_prefix("@@ exit "));

        match said {
            Some(code) if !self.timed_out => code.trim().parse().context("exit code of the board"),
            Some(_) => bail!("the board did not switch itself off"),
            None => bail!(
                "the board {}; its last lines:\n{}",
                match self.timed_out {
                    true => "did not end in time",
                    false => "ended early",
                },
                self.tail()
            ),
        }
    }

    /// The section `name`: what a command of the script printed.
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
                    "the board did not print its {name}; its last lines:\n{}",
                    self.tail()
                )
            })
    }

    /// Seconds after which the first process ran, by the board's clock.
    pub fn up(&self) -> Option<&str> {
        self.text
            .lines()
            .find_map(|line| line.strip_prefix("@@ up "))
    }

    fn tail(&self) -> String {
        let lines: Vec<_> = self.text.lines().collect();

        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}
