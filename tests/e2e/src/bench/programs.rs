// SPDX-License-Identifier: GPL-2.0

//! What programs cost that copy lists: bytes of program, and instructions of the CPU to write them.

use anyhow::{
    bail,
    ensure,
    Result, //
};
use serde::Serialize;

use super::Limit;
use crate::console::Console;

/// How much more one segment among many may cost than one among few.
const LIMIT: f64 = 1.1;

/// What a list came to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cost {
    pub bytes: u64,
    pub instructions: f64,
}

/// Lists with so many segments.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    pub segments: u64,
    /// Each from and to a boundary.
    pub aligned: Cost,
    /// Each from and to places that differ modulo the bus width.
    pub misaligned: Cost,
}

/// Reads what the module says.
pub fn rows(console: &Console) -> Result<Vec<Row>> {
    let log = console.section("bench")?;
    let aligned = measured(log, "aligned")?;
    let misaligned = measured(log, "misaligned")?;

    ensure!(
        aligned.len() > 2
            && aligned
                .iter()
                .map(|(n, _)| n)
                .eq(misaligned.iter().map(|(n, _)| n)),
        "the module did not measure all programs:\n{log}"
    );
    Ok(aligned
        .into_iter()
        .zip(misaligned)
        .map(|((segments, aligned), (_, misaligned))| Row {
            segments,
            aligned,
            misaligned,
        })
        .collect())
}

fn measured(log: &str, kind: &str) -> Result<Vec<(u64, Cost)>> {
    let mut measured = vec![];

    for line in log.lines() {
        let Some((_, words)) = line.split_once(": program ") else {
            continue;
        };
        let [of, segments, bytes, thousandths] = words.split_whitespace().collect::<Vec<_>>()[..]
        else {
            bail!("the module wrote: {line}");
        };

        if of == kind {
            let cost = Cost {
                bytes: bytes.parse()?,
                instructions: thousandths.parse::<f64>()? / 1000.0,
            };

            measured.push((segments.parse()?, cost));
        }
    }
    Ok(measured)
}

/// What a segment adds when a list grows from the first of the rows to the second.
fn each_more(of: impl Fn(&Row) -> f64, less: &Row, more: &Row) -> f64 {
    (of(more) - of(less)) / (more.segments - less.segments) as f64
}

/// That a segment costs the same however many there are: what one adds to the longest list, as a
/// multiple of what one adds to short lists.
pub fn limits(rows: &[Row]) -> Vec<Limit> {
    let growth = |of: fn(&Row) -> f64| {
        let [.., before, last] = rows else {
            return None;
        };
        let [first, .., few] = rows.get(..5)? else {
            return None;
        };

        Some(each_more(of, before, last) / each_more(of, first, few))
    };

    [
        ("bytes, aligned", growth(|row| row.aligned.bytes as f64)),
        (
            "bytes, misaligned",
            growth(|row| row.misaligned.bytes as f64),
        ),
        (
            "instructions, aligned",
            growth(|row| row.aligned.instructions),
        ),
        (
            "instructions, misaligned",
            growth(|row| row.misaligned.instructions),
        ),
    ]
    .map(|(what, value)| {
        Limit::new(
            &format!("{what}: a segment of many, by one of few"),
            value,
            LIMIT,
        )
    })
    .into()
}

/// Checks that lists of all lengths were measured, and that a segment takes the same bytes in each.
///
/// # Errors
///
/// With what is missing, or the first row that is out of line.
pub fn check(rows: &[Row]) -> Result<()> {
    let lengths: Vec<_> = rows.iter().map(|row| row.segments).collect();
    let expected: Vec<u64> = (0..=12).map(|n| 1 << n).collect();

    ensure!(lengths == expected, "lists of {lengths:?} segments");
    for row in rows {
        for (cost, most) in [(row.aligned, 20), (row.misaligned, 75)] {
            // An address takes 6 bytes, and each segment has two.
            ensure!(
                (12 * row.segments..=most * row.segments + 40).contains(&cost.bytes),
                "{row:?}"
            );
            ensure!(cost.instructions > cost.bytes as f64, "{row:?}");
        }
    }
    // Instructions are an estimate of time, and time is not for a test; growth is.
    for limit in limits(rows) {
        ensure!(limit.is_kept(), "{limit:?}");
    }
    Ok(())
}

pub fn print(rows: &[Row]) {
    println!("\nPrograms for lists of equal segments, and instructions to write them:\n");
    println!("{:>8} {:>32} {:>35}", "", "aligned", "misaligned");
    println!(
        "{:>8} {:>8} {:>9} {:>13} {:>11} {:>9} {:>13}",
        "segments", "bytes", "each", "instr. each", "bytes", "each", "instr. each"
    );
    for row in rows {
        let each = |sum: f64| sum / row.segments as f64;
        let Row {
            aligned,
            misaligned,
            ..
        } = row;

        println!(
            "{:>8} {:>8} {:>9.1} {:>13.1} {:>11} {:>9.1} {:>13.1}",
            row.segments,
            aligned.bytes,
            each(aligned.bytes as f64),
            each(aligned.instructions),
            misaligned.bytes,
            each(misaligned.bytes as f64),
            each(misaligned.instructions)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(line: impl Fn(u64) -> u64) -> Console {
        let lines = (0..8)
            .map(|n| {
                let cost = line(1 << n);

                format!(
                    "x: program aligned {0} {cost} {cost}000\n\
                     x: program misaligned {0} {cost} {cost}500\n",
                    1 << n
                )
            })
            .collect::<Vec<_>>()
            .concat();

        Console::new(&format!("@@ begin bench\n{lines}@@ end bench\n"), false)
    }

    #[test]
    fn lines_become_rows() {
        let rows = rows(&log(|n| 20 * n + 4)).unwrap();

        assert_eq!(rows.len(), 8);
        assert_eq!(rows[3].segments, 8);
        assert_eq!(rows[3].aligned.bytes, 164);
        assert_eq!(rows[3].misaligned.instructions, 164.5);
    }

    #[test]
    fn a_line_is_linear_and_a_parabola_is_not() {
        for (kept, console) in [(true, log(|n| 20 * n + 4)), (false, log(|n| 20 * n * n))] {
            for limit in limits(&rows(&console).unwrap()) {
                assert_eq!(limit.is_kept(), kept, "{limit:?}");
            }
        }
    }

    #[test]
    fn a_missing_measurement_is_an_error() {
        let half = "@@ begin bench\nx: program aligned 1 20 1000\n@@ end bench\n";

        assert!(rows(&Console::new(half, false)).is_err());
    }
}
