// SPDX-License-Identifier: GPL-2.0

//! The report of the edu sample, parsed.

use crate::prelude::*;

/// A report.
pub struct Report {
    /// Addresses of the mapped page: in memory, and for the device.
    mapping: (u64, u64),
    /// Lists, in pairs of source and destination.
    pub lists: Vec<List>,
    /// Address at which the device wrote after it was unmapped.
    pub blocked: Option<u64>,
}

/// A list.
pub struct List {
    name: String,
    segments: usize,
    entries: Vec<Entry>,
}

/// An entry of a list.
struct Entry {
    len: u64,
    physical: u64,
    address: u64,
    segment: usize,
    is_bounced: bool,
}

impl Report {
    /// Parses the report in `section`.
    pub fn of(console: &Console, section: &str) -> Result<Self> {
        let text = console.section(section)?;
        let mut lists: Vec<List> = vec![];

        for line in text.lines() {
            if let Some(list) = List::head(line) {
                lists.push(list);
            } else if line.starts_with("    ") && !line.contains("entry") {
                let list = lists.last_mut().context("an entry without a list")?;
                let entry = Entry::of(line).with_context(|| format!("not an entry: {line}"))?;

                list.entries.push(entry);
            }
        }
        expect("number of lists", lists.len(), 4)?;
        Ok(Self {
            mapping: (
                word_after(text, "one page: 4096 bytes, physical ").context("no page")?,
                word_after(text, ", for the device ").context("no page")?,
            ),
            lists,
            blocked: word_after(text, "after unmapping: 4 bytes written to "),
        })
    }

    /// Returns the names of all lists, with the numbers of their entries and segments.
    pub fn counts(&self) -> Vec<(&str, usize, usize)> {
        self.lists
            .iter()
            .map(|list| (&*list.name, list.entries.len(), list.segments))
            .collect()
    }

    /// Returns all addresses: in memory, and for the device.
    pub fn addresses(&self) -> Vec<(u64, u64)> {
        let entries = self.lists.iter().flat_map(|list| &list.entries);

        entries
            .map(|entry| (entry.physical, entry.address))
            .chain([self.mapping])
            .collect()
    }
}

impl List {
    /// Parses `NAME: N entries, N segments`.
    fn head(line: &str) -> Option<Self> {
        let (name, counts) = line.split_once(": ")?;
        let (_, segments) = counts.split_once(" entries, ")?;
        let (segments, _) = segments.split_once(" segment")?;

        Some(Self {
            name: name.into(),
            segments: segments.parse().ok()?,
            entries: vec![],
        })
    }

    /// Checks that entries of one segment follow each other for the device, but not in memory.
    pub fn expect_merged(&self) -> Result<()> {
        for (a, b) in self.entries.iter().zip(self.entries.iter().skip(1)) {
            ensure!(
                a.physical + a.len != b.physical
                    && (a.address + a.len == b.address) == (a.segment == b.segment),
                "{}: {:#x} and {:#x} are in segments {} and {}",
                self.name,
                a.address,
                b.address,
                a.segment,
                b.segment
            );
        }
        let last = self.entries.last().map(|entry| entry.segment);

        expect("segment of the last entry", last, Some(self.segments))
    }

    /// Returns the lengths of the bounced entries.
    pub fn bounced(&self) -> Vec<u64> {
        let entries = self.entries.iter().filter(|entry| entry.is_bounced);

        entries.map(|entry| entry.len).collect()
    }
}

impl Entry {
    fn of(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace().skip(1);

        Some(Self {
            len: words.next()?.parse().ok()?,
            physical: hex(words.next()?).ok()?,
            address: hex(words.next()?).ok()?,
            segment: words.next()?.parse().ok()?,
            is_bounced: words.next() == Some("bounced"),
        })
    }
}

/// Returns the hexadecimal number that follows the first `words` in `text`.
pub fn word_after(text: &str, words: &str) -> Option<u64> {
    let (_, rest) = text.split_once(words)?;

    hex(rest.split(|it: char| !it.is_alphanumeric()).next()?).ok()
}
