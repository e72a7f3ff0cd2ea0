// SPDX-License-Identifier: GPL-2.0

//! The report of the edu sample, parsed.

use crate::prelude::*;

/// A report.
#[derive(Debug)]
pub struct Report {
    /// Addresses of the mapped page: in memory, and for the device.
    page: (u64, u64),
    /// Lists, in pairs of source and destination.
    pub lists: Vec<List>,
}

/// A list, with the numbers in its heading.
#[derive(Debug)]
pub struct List {
    numbers: [u64; 2],
    entries: Vec<Entry>,
}

/// An entry of a list.
#[derive(Debug)]
struct Entry {
    len: u64,
    physical: u64,
    address: u64,
    segment: u64,
    is_bounced: bool,
}

impl Report {
    /// Parses the report in a section.
    pub fn of(it: &Console, section: &str) -> Result<Self> {
        let mut report = Self {
            page: (0, 0),
            lists: vec![],
        };

        for line in it.section(section)?.lines() {
            match (&numbers(line)[..], report.lists.last_mut()) {
                // one page: 4096 bytes, physical 0x40001000, for the device 0x00001000
                ([4096, physical, address], _) if line.starts_with("one page: ") => {
                    report.page = (*physical, *address);
                }
                // whole pages, from: 8 entries, 1 segment
                ([entries, segments], _) if line.contains(" entries, ") => {
                    report.lists.push(List {
                        numbers: [*entries, *segments],
                        entries: vec![],
                    });
                }
                // 1   4096  0x40001000  0x00001000        1  bounced
                (&[_, len, physical, address, segment], Some(list)) => list.entries.push(Entry {
                    len,
                    physical,
                    address,
                    segment,
                    is_bounced: line.ends_with("  bounced"),
                }),
                _ => {}
            }
        }
        ensure!(
            report.page != (0, 0) && report.lists.len() == 4,
            "{report:?}"
        );
        for List { numbers, entries } in &report.lists {
            let last = entries.last().map(|entry| entry.segment);

            expect("entries", entries.len() as u64, numbers[0])?;
            expect("segment of the last entry", last, Some(numbers[1]))?;
        }
        Ok(report)
    }

    /// Returns all addresses: in memory, and for the device.
    pub fn addresses(&self) -> Vec<(u64, u64)> {
        let entries = self.lists.iter().flat_map(|list| &list.entries);
        let entries = entries.map(|entry| (entry.physical, entry.address));

        entries.chain([self.page]).collect()
    }
}

impl List {
    /// Checks that entries of one segment follow each other for the device, but not in memory.
    pub fn expect_merged(&self) -> Result<()> {
        for (a, b) in self.entries.iter().zip(&self.entries[1..]) {
            let is_merged = a.address + a.len == b.address;

            ensure!(a.physical + a.len != b.physical, "{a:?}, {b:?}");
            ensure!(is_merged == (a.segment == b.segment), "{a:?}, {b:?}");
        }
        Ok(())
    }

    /// Returns the lengths of the bounced entries.
    pub fn bounced(&self) -> Vec<u64> {
        let entries = self.entries.iter().filter(|entry| entry.is_bounced);

        entries.map(|entry| entry.len).collect()
    }
}
