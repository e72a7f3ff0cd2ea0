// SPDX-License-Identifier: GPL-2.0

//! Costs of programs that copy lists: bytes of program, and instructions of the CPU to write them.

use super::*;

/// A cost of a row.
type CostOf = fn(&Row) -> f64;

#[derive(Debug, Serialize)]
pub struct Cost {
    bytes: u64,
    instructions: f64,
}

/// Costs of a list's program.
#[derive(Debug, Serialize)]
pub struct Row {
    segments: u64,
    /// Segments that begin at a multiple of the bus width.
    aligned: Cost,
    /// Segments whose sources and destinations differ modulo the bus width.
    misaligned: Cost,
}

/// Reads the module's lines: lists of 1 to 4096 segments.
pub fn rows(console: &Console) -> Result<Vec<Row>> {
    let log = log(console, "program", 26)?;
    let row = |segments| {
        let cost = |kind| {
            let [bytes, thousandths] = measured(log, &format!("program {kind} {segments}"))?;

            Ok::<_, anyhow::Error>(Cost {
                bytes: bytes as u64,
                instructions: thousandths / 1000.0,
            })
        };

        Ok(Row {
            segments,
            aligned: cost("aligned")?,
            misaligned: cost("misaligned")?,
        })
    };

    (0..=12).map(|n| row(1 << n)).collect()
}

/// Returns the limits of growth: a segment of the longest list, by one of a short list.
pub fn limits(rows: &[Row]) -> Vec<Limit> {
    let costs: [(&str, CostOf); 4] = [
        ("bytes, aligned", |row| row.aligned.bytes as f64),
        ("bytes, misaligned", |row| row.misaligned.bytes as f64),
        ("instructions, aligned", |row| row.aligned.instructions),
        ("instructions, misaligned", |row| {
            row.misaligned.instructions
        }),
    ];
    let limits = costs.map(|(what, cost)| {
        let each =
            |from: &Row, to: &Row| (cost(to) - cost(from)) / (to.segments - from.segments) as f64;
        let growth = each(&rows[11], &rows[12]) / each(&rows[0], &rows[4]);

        (
            format!("{what}: a segment of many, by one of few"),
            growth,
            1.1,
        )
    });

    limits.into()
}

/// Checks that a segment takes the same bytes in lists of all lengths.
pub fn check(rows: &[Row]) -> Result<()> {
    for row in rows {
        for (cost, most) in [(&row.aligned, 20), (&row.misaligned, 75)] {
            // A segment has two addresses of 6 bytes each.
            let range = 12 * row.segments..=most * row.segments + 40;

            ensure!(
                range.contains(&cost.bytes) && cost.instructions > cost.bytes as f64,
                "{row:?}"
            );
        }
    }
    // Instructions estimate time, which tests do not limit; they limit its growth.
    for limit in limits(rows) {
        ensure!(is_kept(&limit), "{limit:?}");
    }
    Ok(())
}

/// Formats the rows.
pub fn text(rows: &[Row]) -> String {
    let head = [
        "\nsegments",
        "\nbytes",
        "\neach",
        "aligned\ninstr. each",
        "\nbytes",
        "\neach",
        "misaligned\ninstr. each",
    ];
    let rows = rows.iter().map(|row| {
        let each = |sum: f64| format!("{:.1}", sum / row.segments as f64);
        let cells = [&row.aligned, &row.misaligned].map(|cost| {
            let (bytes, instructions) = (cost.bytes, cost.instructions);

            [bytes.to_string(), each(bytes as f64), each(instructions)]
        });

        [vec![format!("{:>8}", row.segments)], cells.concat()].concat()
    });

    table(
        "Programs for lists of equal segments, and instructions to write them:",
        &head,
        rows,
    )
}
