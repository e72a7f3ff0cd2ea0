// SPDX-License-Identifier: GPL-2.0

//! What mappings cost with guards, and what the same calls cost in C.

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

/// How much the guards may cost, compared with C, where nothing is counted.
const LIMIT: f64 = 1.02;

/// What a mapping came to.
#[derive(Debug, Serialize)]
pub struct Row {
    mapping: String,
    bytes: u64,
    #[serde(flatten)]
    cost: Comparison,
}

/// What the guards are to keep to.
pub fn limits(rows: &[Row]) -> Vec<Limit> {
    let most = rows
        .iter()
        .map(|row| row.cost.guards_ratio)
        .reduce(f64::max);

    vec![Limit::new(
        "instructions of guards, by those in C",
        most,
        LIMIT,
    )]
}

/// Checks that all is measured and all is synced.
///
/// # Errors
///
/// With what is missing, or the first row that says otherwise.
pub fn check(rows: &[Row]) -> Result<()> {
    ensure!(rows.len() == 12, "{} rows", rows.len());
    for row in rows {
        let cost = row.cost;

        ensure!(cost.c > 100.0 && cost.guards > 100.0, "{row:?}");
        ensure!(cost.guards_and_statistics > cost.guards, "{row:?}");
        // A sync that is left out, even one that bounce buffers do not show, is cache maintenance
        // that is left out.
        if row.bytes > 64 {
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
    Ok(comparison::read(console, "bench")?
        .into_iter()
        .map(|(case, cost)| Row {
            mapping: case.name,
            bytes: case.size,
            cost,
        })
        .collect())
}

pub fn print(rows: &[Row]) {
    println!("\nInstructions to map, sync and unmap once:\n");
    comparison::print_head("mapping", "bytes");
    for row in rows {
        row.cost.print(&row.mapping, row.bytes);
    }
}
