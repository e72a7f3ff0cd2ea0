// SPDX-License-Identifier: GPL-2.0

//! The output of `scripts/inspect`: a title, then sections of indented lines.

use crate::prelude::*;

/// Path of the script.
pub const SCRIPT: &str = "scripts/inspect";

/// Headings of its sections.
pub const HEADINGS: [&str; 9] = [
    "Devices",
    "Cache lines and alignment",
    "Bounce buffers (swiotlb)",
    "dma-buf",
    "IOMMU",
    "Memory zones for DMA (/proc/vmstat)",
    "DMA-API debug",
    "rk3588_dma",
    "Kernel log about DMA",
];

/// The output.
pub struct Inspection<'a> {
    text: &'a str,
}

impl<'a> Inspection<'a> {
    /// Takes `text` as the output.
    ///
    /// # Errors
    ///
    /// If there is a line that the script does not print, such as an error of the shell, or a
    /// section is missing.
    pub fn of(text: &'a str) -> Result<Self> {
        let lines = text.lines().skip(1);
        let headings = lines.filter(|line| !line.is_empty() && !line.starts_with("  "));

        ensure!(text.starts_with("DMA on "), "there is no title: {text}");
        expect("headings", headings.collect(), HEADINGS.to_vec())
            .with_context(|| text.to_string())?;
        Ok(Self { text })
    }

    /// Returns the lines below a heading.
    pub fn section(&self, heading: &str) -> Result<Vec<&'a str>> {
        let (_, rest) = self
            .text
            .split_once(&format!("\n\n{heading}\n"))
            .with_context(|| format!("there is no section {heading}"))?;
        let lines = rest.lines().take_while(|line| !line.is_empty());
        let lines: Vec<_> = lines.map(str::trim_start).collect();

        ensure!(!lines.is_empty(), "the section {heading} is empty");
        Ok(lines)
    }

    /// Returns the value in the row `name` of a section.
    pub fn value(&self, heading: &str, name: &str) -> Result<&'a str> {
        let rows = self.section(heading)?.into_iter();

        rows.filter_map(|line| line.strip_prefix(name))
            .find(|rest| rest.starts_with(' '))
            .map(str::trim_start)
            .with_context(|| format!("{heading} has no {name}:\n{}", self.text))
    }

    /// Checks the lines of a section.
    pub fn expect_section(&self, heading: &str, expected: &str) -> Result<()> {
        expect(heading, self.section(heading)?, expected.lines().collect())
    }

    /// Checks that a section has a line, once.
    pub fn expect_line(&self, heading: &str, expected: &str) -> Result<()> {
        let mut section = self.section(heading)?;

        section.retain(|line| *line == expected);
        expect(heading, section, vec![expected])
    }

    /// Checks the value in a row of a section.
    pub fn expect_value(&self, heading: &str, name: &str, expected: &str) -> Result<()> {
        expect(name, self.value(heading, name)?, expected)
    }
}
