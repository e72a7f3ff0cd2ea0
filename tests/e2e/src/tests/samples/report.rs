// SPDX-License-Identifier: GPL-2.0

//! The report of the edu sample, parsed.

use crate::prelude::*;

/// A report.
#[derive(Debug)]
pub struct Report {
    /// Addresses of the mapped page: in memory, and for the device.
    page: (u64, u64),
    /// Lists, in pairs of source and destination.
    lists: Vec<List>,
}

/// A list, with the numbers in its heading.
#[derive(Debug)]
struct List {
    entries: u64,
    segments: u64,
    table: Vec<Entry>,
}

/// An entry of a list.
#[derive(Debug)]
struct Entry {
    len: u64,
    physical: u64,
    address: u64,
    segment: u64,
}

impl Report {
    /// Parses the report in a section.
    pub fn of(it: &Console, section: &str) -> Result<Self> {
        let (mut page, mut lists) = (None, Vec::<List>::new());

        for line in it.section(section)?.lines() {
            match (&numbers(line)[..], lists.last_mut()) {
                // one page: 4096 bytes, physical 0x40001000, for the device 0x00001000
                (&[4096, physical, address], None) => page = Some((physical, address)),
                // whole pages, from: 8 entries, 1 segment
                (&[entries, segments], _) if line.contains(" entries, ") => lists.push(List {
                    entries,
                    segments,
                    table: vec![],
                }),
                // 1   4096  0x40001000  0x00001000        1  bounced
                (&[_, len, physical, address, segment], Some(list)) => list.table.push(Entry {
                    len,
                    physical,
                    address,
                    segment,
                }),
                _ => {}
            }
        }
        expect("number of lists", lists.len(), 4)?;
        for list in &lists {
            let last = list.table.last().map(|entry| entry.segment);

            expect("entries", list.table.len() as u64, list.entries)?;
            expect("segment of the last entry", last, Some(list.segments))?;
        }
        Ok(Self {
            page: page.context("there is no page")?,
            lists,
        })
    }

    /// Returns all addresses: in memory, and for the device.
    pub fn addresses(&self) -> Vec<(u64, u64)> {
        let entries = self.lists.iter().flat_map(|list| &list.table);
        let entries = entries.map(|entry| (entry.physical, entry.address));

        entries.chain([self.page]).collect()
    }

    /// Checks that entries of one segment follow each other for the device, but not in memory.
    pub fn expect_merged(&self) -> Result<()> {
        for table in self.lists.iter().map(|list| &list.table) {
            for (a, b) in table.iter().zip(&table[1..]) {
                let is_merged = a.address + a.len == b.address;

                ensure!(a.physical + a.len != b.physical, "{a:?}, {b:?}");
                ensure!(is_merged == (a.segment == b.segment), "{a:?}, {b:?}");
            }
        }
        Ok(())
    }
}
