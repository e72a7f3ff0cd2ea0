// SPDX-License-Identifier: GPL-2.0

//! Instructions of mappings and lists: with guards, and with the same calls in C.

use super::*;

/// A group of measurements that the module makes with one keyword.
pub struct Subject {
    pub(super) keyword: &'static str,
    title: &'static str,
    /// Columns of the name and of the size.
    columns: [&'static str; 2],
    /// Names, in alphabetical order.
    names: &'static [&'static str],
    sizes: [u64; 3],
    /// Number of instructions below which a case was not measured.
    least: f64,
    /// Names and smallest size that sync the same bytes as C, and the ratio that a sync of more
    /// bytes reaches.
    synced: (&'static [&'static str], u64, f64),
    /// Highest ratio of instructions with guards to those in C: of all the names, from a size on.
    limits: &'static [(&'static str, &'static [&'static str], u64, f64)],
}

const MAPS: &[&str] = &["bidirectional", "from_device", "to_device"];
const MAPS_AND_PART: &[&str] = &["bidirectional", "from_device", "part", "to_device"];

/// Mappings of a buffer; `part` hands over 64 bytes of it.
pub const MAPPINGS: Subject = Subject {
    keyword: "bench",
    title: "Instructions to map, sync and unmap once:",
    columns: ["mapping", "bytes"],
    names: MAPS_AND_PART,
    sizes: [64, 4096, 1 << 20],
    least: 100.0,
    synced: (MAPS_AND_PART, 4096, 1.05),
    limits: &[("of guards", MAPS_AND_PART, 0, 1.02)],
};

/// Lists of pages. A table may cost more if it has one entry, because it is made once.
pub const LISTS: Subject = Subject {
    keyword: "list",
    title: "Instructions for a list of single pages:",
    columns: ["list", "entries"],
    names: &["bidirectional", "from_device", "part", "table", "to_device"],
    sizes: [1, 16, 256],
    least: 100.0,
    synced: (MAPS, 0, 1.05),
    limits: &[
        ("to map and unmap a list", MAPS, 0, 1.02),
        ("to sync a part of a list", &["part"], 0, 1.02),
        ("to make a table of any length", &["table"], 0, 1.45),
        ("to make a table of 16 entries or more", &["table"], 16, 1.0),
    ],
};

/// A receive ring with a pool, which C has as a page pool; and syncs of a part of a mapping.
pub const RINGS: Subject = Subject {
    keyword: "ring",
    title: "Instructions to receive a frame into a buffer that stays mapped:",
    columns: ["cycle", "bytes"],
    names: &["part", "ring"],
    sizes: [64, 1500, 2048],
    least: 50.0,
    synced: (&["part"], 0, 1.05),
    limits: &[
        ("of a receive ring", &["ring"], 0, 1.02),
        ("to sync a part of a mapping", &["part"], 0, 1.02),
    ],
};

/// Columns after those of a case: head, key in JSON, and digits. The ratio is to C.
const COLUMNS: [(&str, &str, usize); 3] = [
    ("C", "c", 1),
    ("guards", "guards", 1),
    ("", "guards_ratio", 3),
];

impl Subject {
    /// Returns the names and sizes of all cases, in the order of the rows.
    pub(super) fn cases(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let names = self.names.iter();

        names.flat_map(|name| self.sizes.map(|size| (*name, size)))
    }

    /// Reads the module's lines; returns a JSON object per case, in instructions per round.
    fn rows(&self, console: &Console) -> Result<Vec<Value>> {
        let log = log(console, self.keyword, self.cases().count())?;
        let row = |(name, size)| {
            let case = format!("{} {name} {size}", self.keyword);
            let [c, guards] = measured(log, &case)?;

            Ok(json!({
                self.columns[0]: name, self.columns[1]: size,
                "c": c / 1000.0, "guards": guards / 1000.0, "guards_ratio": guards / c,
            }))
        };

        self.cases().map(row).collect()
    }

    /// Returns the rows, and the limits, each with the highest ratio of its cases.
    pub fn report(&self, console: &Console) -> Result<Report> {
        let rows = self.rows(console)?;
        let cases: Vec<_> = self.cases().zip(&rows).collect();
        let head = [&self.columns[..], &COLUMNS.map(|column| column.0)].concat();
        let cells = cases.iter().map(|((name, size), row)| {
            let cell = |(_, key, digits)| format!("{:.digits$}", number(&row[key]));
            let case = [name.to_string(), size.to_string()];

            [&case[..], &COLUMNS.map(cell)].concat()
        });
        let limits = self.limits.iter().map(|&(what, names, from, limit)| {
            let cases = cases.iter();
            let cases = cases.filter(|((name, size), _)| *size >= from && names.contains(name));
            let ratios = cases.map(|(_, row)| number(&row["guards_ratio"]));
            // This order has NaN last.
            let highest = ratios.max_by(f64::total_cmp).unwrap_or(f64::NAN);
            let what = format!("instructions {what}, by those in C");

            (what, highest, limit)
        });

        Ok(Report {
            text: table(self.title, &head, cells),
            limits: limits.collect(),
            json: rows.into(),
        })
    }

    /// Checks that all bytes are synced.
    pub fn check(&self, console: &Console) -> Result<()> {
        let (synced, from, most) = self.synced;

        for ((name, size), row) in self.cases().zip(self.rows(console)?) {
            let [c, guards, ratio] = COLUMNS.map(|(_, key, _)| number(&row[key]));
            let is_synced = size >= from && synced.contains(&name);

            ensure!(c > self.least && guards > self.least, "{row}");
            // A missing sync is missing cache maintenance, even where no bounce buffer shows it.
            ensure!(!is_synced || ratio > 0.9, "C syncs more: {row}");
            ensure!(!is_synced || ratio < most, "C syncs less: {row}");
        }
        Ok(())
    }
}
