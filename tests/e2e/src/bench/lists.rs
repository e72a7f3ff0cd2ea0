// SPDX-License-Identifier: GPL-2.0

//! What lists cost with guards, and what the same calls cost in C.

use anyhow::{
    ensure,
    Result, //
};
use serde::Serialize;

use super::{
    comparison::{
        self,
        Comparison, //
    },
    Limit, //
};
use crate::console::Console;

/// Lengths of lists, in entries. What guards may cost, they may with the longest.
const LISTS: [u64; 3] = [1, 16, 256];
const LONGEST: u64 = LISTS[LISTS.len() - 1];

/// The directions.
const MAPS: [&str; 3] = ["bidirectional", "from_device", "to_device"];

/// How much the guards may cost, compared with C, where nothing is counted: in use, and for a table, which
/// is made once.
const LIMIT: f64 = 1.02;
const TABLE_LIMIT: f64 = 2.0;

/// What a list came to.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    list: String,
    entries: u64,
    #[serde(flatten)]
    cost: Comparison,
}

impl Row {
    fn is_map(&self) -> bool {
        MAPS.contains(&self.list.as_str())
    }
}

/// What the guards are to keep to.
pub fn limits(rows: &[Row]) -> Vec<Limit> {
    let most = |of: &[&str]| {
        let measured: Vec<_> = rows
            .iter()
            .filter(|row| row.entries == LONGEST && of.contains(&row.list.as_str()))
            .map(|row| row.cost.guards_ratio)
            .collect();

        // All of them, or none.
        (measured.len() == of.len())
            .then_some(measured)?
            .into_iter()
            .reduce(f64::max)
    };

    [
        ("to map and unmap a list", most(&MAPS), LIMIT),
        ("to sync a part of a list", most(&["part"]), LIMIT),
        ("to make a table", most(&["table"]), TABLE_LIMIT),
    ]
    .map(|(what, value, limit)| {
        Limit::new(&format!("instructions {what}, by those in C"), value, limit)
    })
    .into()
}

/// Checks that all is measured and all is synced.
///
/// # Errors
///
/// With what is missing, or the first row that says otherwise.
pub fn check(rows: &[Row]) -> Result<()> {
    let lists: Vec<_> = rows
        .iter()
        .map(|row| (row.list.as_str(), row.entries))
        .collect();
    let expected: Vec<_> = MAPS
        .into_iter()
        .chain(["part", "table"])
        .flat_map(|list| LISTS.map(|entries| (list, entries)))
        .collect();
    let mut sorted = expected;

    sorted.sort_unstable();
    ensure!(lists == sorted, "lists {lists:?}");
    for row in rows {
        let cost = row.cost;

        ensure!(cost.c > 100.0 && cost.guards > 100.0, "{row:?}");
        if row.list == "table" {
            // Nothing of it is counted, or synced.
            continue;
        }
        ensure!(cost.guards_and_statistics > cost.guards, "{row:?}");
        if row.is_map() {
            ensure!(
                cost.guards_ratio > 0.95,
                "less is synced than in C: {row:?}"
            );
        }
    }
    Ok(())
}

/// Reads what the module says.
pub fn rows(console: &Console) -> Result<Vec<Row>> {
    Ok(comparison::read(console, "list")?
        .into_iter()
        .map(|(case, cost)| Row {
            list: case.name,
            entries: case.size,
            cost,
        })
        .collect())
}

pub fn print(rows: &[Row]) {
    println!("\nInstructions for a list of single pages:\n");
    comparison::print_head("list", "entries");
    for row in rows {
        row.cost.print(&row.list, row.entries);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All lists. In C each takes 1000 instructions, with guards those of `list` take `ratio` times as many.
    fn measured(list: &str, ratio: f64) -> Vec<Row> {
        let lines = ["bidirectional", "from_device", "to_device", "part", "table"]
            .into_iter()
            .flat_map(|name| LISTS.map(|entries| (name, entries)))
            .map(|(name, entries)| {
                let guards = match name == list {
                    true => 1e6 * ratio,
                    false => 1e6,
                };

                format!(
                    "x: list {name} {entries} plain 1000000 {guards}\n\
                     x: list {name} {entries} statistics 1000000 {}\n",
                    guards + 1e5
                )
            })
            .collect::<Vec<_>>()
            .concat();
        let console = Console::new(&format!("@@ begin bench\n{lines}@@ end bench\n"), false);

        rows(&console).unwrap()
    }

    fn are_kept(rows: &[Row]) -> bool {
        limits(rows).iter().all(Limit::is_kept)
    }

    #[test]
    fn lines_become_rows() {
        let rows = measured("part", 0.5);

        check(&rows).unwrap();
        assert!(are_kept(&rows));
        // By name, then by length.
        assert_eq!((rows[7].list.as_str(), rows[7].entries), ("part", 16));
        assert_eq!(rows[7].cost.guards_ratio, 0.5);
    }

    #[test]
    fn each_kind_has_its_limit() {
        for (list, ratio, kept) in [
            ("to_device", 1.01, true),
            ("to_device", 1.03, false),
            ("from_device", 1.03, false),
            ("bidirectional", 1.03, false),
            ("part", 1.03, false),
            ("table", 1.9, true),
            ("table", 2.1, false),
        ] {
            assert_eq!(are_kept(&measured(list, ratio)), kept, "{list} {ratio}");
        }
    }

    #[test]
    fn what_is_not_measured_keeps_no_limit() {
        assert!(!limits(&[]).iter().any(Limit::is_kept));

        let mut rows = measured("", 1.0);

        rows.retain(|row| row.list != "from_device");
        assert!(!are_kept(&rows));
        assert!(check(&rows).is_err());
    }

    #[test]
    fn a_sync_that_is_left_out_is_noticed() {
        assert!(check(&measured("to_device", 0.9)).is_err());
    }
}
