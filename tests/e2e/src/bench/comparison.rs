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
#[rustfmt::skip]
pub const MAPPINGS: Subject = Subject {
    keyword: "bench",
    title: "Instructions to map, sync and unmap once:",
    columns: ["mapping", "bytes"],
    names: MAPS_AND_PART,
    sizes: [64, 4096, 1 << 20],
    synced: (MAPS_AND_PART, 4096),
    limits: &[("instructions of guards, by those in C", MAPS_AND_PART, 0, 1.02)],
};

/// Lists of pages. A table may cost more, because it is made once.
#[rustfmt::skip]
pub const LISTS: Subject = Subject {
    keyword: "list",
    title: "Instructions for a list of single pages:",
    columns: ["list", "entries"],
    names: &["bidirectional", "from_device", "part", "table", "to_device"],
    sizes: [1, 16, 256],
    synced: (MAPS, 0),
    limits: &[
        ("instructions to map and unmap a list, by those in C", MAPS, 256, 1.02),
        ("instructions to sync a part of a list, by those in C", &["part"], 256, 1.02),
        ("instructions to make a table, by those in C", &["table"], 256, 2.0),
    ],
};

impl Subject {
    /// Reads the module's lines; returns a JSON object per case, in instructions per round.
    pub fn rows(&self, console: &Console) -> Result<Vec<Value>> {
        let [case, unit] = self.columns;
        let split = |(name, size, kind, c, guards): (String, u64, String, f64, f64)| {
            (kind, (name, size), (c / 1000.0, guards / 1000.0))
        };
        let pairs = read_pairs(console, self.keyword, ["plain", "statistics"], split)?;
        let rows = pairs.into_iter().map(|((name, size), [plain, counted])| {
            json!({
                case: name, unit: size,
                "c": plain.0, "guards": plain.1, "guards_ratio": plain.1 / plain.0,
                "guards_and_statistics": counted.1, "statistics_ratio": counted.1 / counted.0,
            })
        });

        Ok(rows.collect())
    }

    /// Returns the name and the size of a row's case.
    fn case<'a>(&self, row: &'a Value) -> (&'a str, u64) {
        let [name, size] = self.columns.map(|column| &row[column]);

        (name.as_str().unwrap_or(""), size.as_u64().unwrap_or(0))
    }

    /// Returns the limits, each with the highest ratio of its cases, or `None` if one is missing.
    pub fn limits(&self, rows: &[Value]) -> Vec<Limit> {
        let limits = self.limits.iter().map(|&(what, names, from, limit)| {
            let is_limited = |(name, size): (&str, u64)| size >= from && names.contains(&name);
            let ratios = rows.iter().filter(|row| is_limited(self.case(row)));
            let ratios = ratios.filter_map(|row| row["guards_ratio"].as_f64());
            let is_complete =
                ratios.clone().count() == self.cases().filter(|case| is_limited(*case)).count();

            (what, ratios.reduce(f64::max).filter(|_| is_complete), limit)
        });

        limits.collect()
    }

    /// Returns the names and sizes of all cases, in the order of the rows.
    pub(super) fn cases(&self) -> impl Iterator<Item = (&str, u64)> {
        let names = self.names.iter();

        names.flat_map(|name| self.sizes.map(|size| (*name, size)))
    }

    /// Checks that all cases are measured and that all bytes are synced.
    pub fn check(&self, rows: &[Value]) -> Result<()> {
        let (synced, from) = self.synced;

        ensure!(
            self.cases().eq(rows.iter().map(|row| self.case(row))),
            "measured: {rows:?}"
        );
        for row in rows {
            let (name, size) = self.case(row);
            let [c, guards] = ["c", "guards"].map(|key| row[key].as_f64());
            let [ratio, counted] =
                ["guards_ratio", "guards_and_statistics"].map(|key| row[key].as_f64());

            ensure!(c > Some(100.0) && guards > Some(100.0), "{row}");
            // To make a table neither syncs nor counts.
            ensure!(name == "table" || counted > guards, "{row}");
            // A missing sync is missing cache maintenance, even where no bounce buffer shows it.
            ensure!(
                size < from || !synced.contains(&name) || ratio > Some(0.95),
                "less is synced than in C: {row}"
            );
            // Nor is a mapping synced that C does not sync. A short list costs more than in C.
            ensure!(
                size < from || self.keyword != MAPPINGS.keyword || ratio < Some(1.05),
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
            let cells = columns.map(|(_, key, digits)| match row[key].as_f64() {
                Some(number) => format!("{number:.digits$}"),
                None => row[key].as_str().unwrap_or("-").into(),
            });

            cells.into()
        });

        table(self.title, &columns.map(|column| column.0), rows)
    }
}
