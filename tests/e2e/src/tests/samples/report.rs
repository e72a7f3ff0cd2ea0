// SPDX-License-Identifier: GPL-2.0

//! The report of the edu sample, parsed.

use crate::prelude::*;

/// A report.
pub struct Report {
    /// Addresses of the mapped page: in memory, and for the device.
    pub mapping: (u64, u64),
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
            if let Some((name, segments)) = list_head(line) {
                lists.push(List {
                    name: name.into(),
                    segments,
                    entries: vec![],
                });
            } else if line.starts_with("    ") && !line.contains("entry") {
                let list = lists.last_mut().context("an entry without a list")?;

                list.entries
                    .push(Entry::of(line).with_context(|| format!("not an entry: {line}"))?);
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
    pub fn addresses(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let entries = self.lists.iter().flat_map(|list| &list.entries);

        [self.mapping]
            .into_iter()
            .chain(entries.map(|entry| (entry.physical, entry.address)))
    }
}

impl List {
    /// Checks that entries of one segment follow each other for the device, but not in memory.
    pub fn expect_merged(&self) -> Result<()> {
        for pair in self.entries.windows(2) {
            let [a, b] = pair else { continue };

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
        expect(
            "segment of the last entry",
            self.entries.last().map(|entry| entry.segment),
            Some(self.segments),
        )
    }

    /// Returns the lengths of the bounced entries.
    pub fn bounced(&self) -> impl Iterator<Item = u64> + '_ {
        self.entries
            .iter()
            .filter(|entry| entry.is_bounced)
            .map(|entry| entry.len)
    }
}

impl Entry {
    fn of(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace().skip(1);

        Some(Self {
            len: words.next()?.parse().ok()?,
            physical: number(words.next()?)?,
            address: number(words.next()?)?,
            segment: words.next()?.parse().ok()?,
            is_bounced: words.next() == Some("bounced"),
        })
    }
}

/// Parses `NAME: N entries, N segments`; returns the name and the number of segments.
fn list_head(line: &str) -> Option<(&str, usize)> {
    let (name, counts) = line.split_once(": ")?;
    let (_, segments) = counts.split_once(" entries, ")?;
    let (number, noun) = segments.split_once(' ')?;

    noun.starts_with("segment")
        .then_some((name, number.parse().ok()?))
}

/// Returns the hexadecimal number that follows the first `words` in `text`.
pub fn word_after(text: &str, words: &str) -> Option<u64> {
    let (_, rest) = text.split_once(words)?;

    number(rest.split(|it: char| !it.is_alphanumeric()).next()?)
}

fn number(word: &str) -> Option<u64> {
    u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()
}
