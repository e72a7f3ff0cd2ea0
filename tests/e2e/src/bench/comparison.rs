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
    /// Names, and the smallest size, that sync the same bytes as C.
    synced: (&'static [&'static str], u64),
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
    synced: (MAPS_AND_PART, 4096),
    limits: &[(
        "instructions of guards, by those in C",
        MAPS_AND_PART,
        0,
        1.02,
    )],
};

/// Lists of pages. A table may cost more, because it is made once.
pub const LISTS: Subject = Subject {
    keyword: "list",
    title: "Instructions for a list of single pages:",
    columns: ["list", "entries"],
    names: &["bidirectional", "from_device", "part", "table", "to_device"],
    sizes: [1, 16, 256],
    synced: (MAPS, 0),
    limits: &[
        (
            "instructions to map and unmap a list, by those in C",
            MAPS,
            256,
            1.02,
        ),
        (
            "instructions to sync a part of a list, by those in C",
            &["part"],
            256,
            1.02,
        ),
        (
            "instructions to make a table, by those in C",
            &["table"],
            256,
            2.0,
        ),
    ],
};

impl Subject {
    /// Returns the names and sizes of all cases, in the order of the rows.
    pub(super) fn cases(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let names = self.names.iter();

        names.flat_map(|name| self.sizes.map(|size| (*name, size)))
    }

    /// Reads the module's lines; returns a JSON object per case, in instructions per round.
    pub fn rows(&self, console: &Console) -> Result<Vec<Value>> {
        let log = log(console, self.keyword, 2 * self.cases().count())?;
        let row = |(name, size)| {
            let case = format!("{} {name} {size}", self.keyword);
            let [c, guards] = measured(log, &format!("{case} plain"))?;
            let [counted_c, counted] = measured(log, &format!("{case} statistics"))?;

            Ok(json!({
                self.columns[0]: name, self.columns[1]: size,
                "c": c / 1000.0, "guards": guards / 1000.0, "guards_ratio": guards / c,
                "guards_and_statistics": counted / 1000.0, "statistics_ratio": counted / counted_c,
            }))
        };

        self.cases().map(row).collect()
    }

    /// Returns the limits, each with the highest ratio of its cases.
    pub fn limits(&self, rows: &[Value]) -> Vec<Limit> {
        let limits = self.limits.iter().map(|&(what, names, from, limit)| {
            let cases = self.cases().zip(rows);
            let cases = cases.filter(|((name, size), _)| *size >= from && names.contains(name));
            let ratios = cases.map(|(_, row)| number(&row["guards_ratio"]));
            // This order has NaN last.
            let highest = ratios.max_by(f64::total_cmp);

            (what.into(), highest.unwrap_or(f64::NAN), limit)
        });

        limits.collect()
    }

    /// Checks that all bytes are synced.
    pub fn check(&self, rows: &[Value]) -> Result<()> {
        let (synced, from) = self.synced;

        for ((name, size), row) in self.cases().zip(rows) {
            let [c, guards, counted, ratio] =
                ["c", "guards", "guards_and_statistics", "guards_ratio"].map(|it| number(&row[it]));

            ensure!(c > 100.0 && guards > 100.0, "{row}");
            // To make a table neither syncs nor counts.
            ensure!(name == "table" || counted > guards, "{row}");
            // A missing sync is missing cache maintenance, even where no bounce buffer shows it.
            ensure!(
                size < from || !synced.contains(&name) || ratio > 0.95,
                "less is synced than in C: {row}"
            );
            // Nor is a mapping synced that C does not sync. A short list costs more than in C.
            ensure!(
                size < from || self.keyword != MAPPINGS.keyword || ratio < 1.05,
                "more is synced than in C: {row}"
            );
        }
        Ok(())
    }

    /// Formats the rows.
    pub fn text(&self, rows: &[Value]) -> String {
        let [case, unit] = self.columns;
        let columns = [
            (case, case, 0),
            (unit, unit, 0),
            ("C", "c", 1),
            ("guards", "guards", 1),
            ("", "guards_ratio", 3),
            ("with statistics", "guards_and_statistics", 1),
            ("", "statistics_ratio", 3),
        ];
        let rows = rows.iter().map(|row| {
            let cells = columns.map(|(_, key, digits)| match row[key].as_str() {
                Some(name) => name.into(),
                None => format!("{:.digits$}", number(&row[key])),
            });

            cells.into()
        });

        table(self.title, &columns.map(|column| column.0), rows)
    }
}
