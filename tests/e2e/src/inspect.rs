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
    /// With the first line that the script does not print, such as an error of the shell, or the
    /// section that is missing.
    pub fn of(text: &'a str) -> Result<Self> {
        let mut headings = HEADINGS.iter();
        let mut lines = text.lines();

        ensure!(
            lines.next().is_some_and(|line| line.starts_with("DMA on ")),
            "there is no title: {text}"
        );
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with("  ")) {
            ensure!(
                headings.next() == Some(&line),
                "this line is not of the script's: {line}\n{text}"
            );
        }
        if let Some(missing) = headings.next() {
            bail!("there is no section {missing}:\n{text}");
        }
        Ok(Self { text })
    }

    /// Returns the lines below a heading.
    pub fn section(&self, heading: &str) -> Result<Vec<&'a str>> {
        let (_, rest) = self
            .text
            .split_once(&format!("\n\n{heading}\n"))
            .with_context(|| format!("there is no section {heading}"))?;
        let section: Vec<_> = rest
            .lines()
            .take_while(|line| !line.is_empty())
            .map(str::trim_start)
            .collect();

        ensure!(!section.is_empty(), "the section {heading} is empty");
        Ok(section)
    }

    /// Returns the value in the row `name` of a section.
    pub fn value(&self, heading: &str, name: &str) -> Result<&'a str> {
        self.section(heading)?
            .into_iter()
            .filter_map(|line| line.strip_prefix(name))
            .find(|rest| rest.starts_with(' '))
            .map(str::trim_start)
            .with_context(|| format!("{heading} has no {name}:\n{}", self.text))
    }
}
