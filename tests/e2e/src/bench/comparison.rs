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
    synced: (MAPS_AND_PART, 4096, 1.05),
    limits: &[("of guards", MAPS_AND_PART, 0, 1.02)],
};

/// Lists of pages. A table may cost more, because it is made once. A short list costs more than in
/// C, so that its ratio does not tell that more is synced.
pub const LISTS: Subject = Subject {
    keyword: "list",
    title: "Instructions for a list of single pages:",
    columns: ["list", "entries"],
    names: &["bidirectional", "from_device", "part", "table", "to_device"],
    sizes: [1, 16, 256],
    synced: (MAPS, 0, f64::INFINITY),
    limits: &[
        ("to map and unmap a list", MAPS, 256, 1.02),
        ("to sync a part of a list", &["part"], 256, 1.02),
        ("to make a table", &["table"], 256, 2.0),
    ],
};

/// Columns after those of a case: head, key in JSON, and digits. The ratios are those to C.
const COLUMNS: [(&str, &str, usize); 5] = [
    ("C", "c", 1),
    ("guards", "guards", 1),
    ("", "guards_ratio", 3),
    ("with statistics", "guards_and_statistics", 1),
    ("", "statistics_ratio", 3),
];

/// Name and size of a case, and its instructions per round in [`COLUMNS`].
type Row = (&'static str, u64, [f64; 5]);

impl Subject {
    /// Returns the names and sizes of all cases, in the order of the rows.
    pub(super) fn cases(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let names = self.names.iter();

        names.flat_map(|name| self.sizes.map(|size| (*name, size)))
    }

    /// Reads the module's lines.
    fn rows(&self, console: &Console) -> Result<Vec<Row>> {
        let log = log(console, self.keyword, 2 * self.cases().count())?;
        let row = |(name, size)| {
            let case = format!("{} {name} {size}", self.keyword);
            let [c, guards] = measured(log, &format!("{case} plain"))?;
            let [counted_c, counted] = measured(log, &format!("{case} statistics"))?;

            let (c, guards) = (c / 1000.0, guards / 1000.0);
            let (counted_c, counted) = (counted_c / 1000.0, counted / 1000.0);
            let values = [c, guards, guards / c, counted, counted / counted_c];

            Ok((name, size, values))
        };

        self.cases().map(row).collect()
    }

    /// Returns the rows, and the limits, each with the highest ratio of its cases.
    pub fn report(&self, console: &Console) -> Result<Report> {
        let rows = self.rows(console)?;
        let [case, unit] = self.columns;
        let head = [&[case, unit], &COLUMNS.map(|column| column.0)[..]].concat();
        let cells = rows.iter().map(|(name, size, values)| {
            let values = COLUMNS.iter().zip(values);
            let values = values.map(|((_, _, digits), value)| format!("{value:.digits$}"));

            [name.to_string(), size.to_string()]
                .into_iter()
                .chain(values)
                .collect()
        });
        let json = rows.iter().map(|(name, size, values)| {
            let mut row = json!({ case: name, unit: size });

            for ((_, key, _), value) in COLUMNS.iter().zip(values) {
                row[key] = json!(value);
            }
            row
        });
        let limits = self.limits.iter().map(|&(what, names, from, limit)| {
            let cases = rows.iter();
            let cases = cases.filter(|(name, size, _)| *size >= from && names.contains(name));
            // This order has NaN last.
            let highest = cases.map(|(.., values)| values[2]).max_by(f64::total_cmp);
            let what = format!("instructions {what}, by those in C");

            (what, highest.unwrap_or(f64::NAN), limit)
        });

        Ok(Report {
            text: table(self.title, &head, cells),
            json: json.collect(),
            limits: limits.collect(),
        })
    }

    /// Checks that all bytes are synced.
    pub fn check(&self, console: &Console) -> Result<()> {
        let (synced, from, most) = self.synced;

        for row in self.rows(console)? {
            let (name, size, [c, guards, ratio, counted, _]) = row;
            let is_same = ratio > 0.95 && ratio < most;

            ensure!(c > 100.0 && guards > 100.0, "{row:?}");
            // To make a table neither syncs nor counts.
            ensure!(name == "table" || counted > guards, "{row:?}");
            // A missing sync is missing cache maintenance, even where no bounce buffer shows it.
            ensure!(
                size < from || !synced.contains(&name) || is_same,
                "C syncs other bytes: {row:?}"
            );
        }
        Ok(())
    }
}
