// SPDX-License-Identifier: GPL-2.0

//! Costs of programs that copy lists: bytes of program, and instructions of the CPU to write them.

use super::*;

/// Costs of a list's program, in the order of a [`Row`].
///
/// Aligned segments begin at a multiple of the bus width. Sources and destinations of misaligned
/// segments differ modulo the bus width.
const COSTS: [&str; 4] = [
    "bytes, aligned",
    "bytes, misaligned",
    "instructions, aligned",
    "instructions, misaligned",
];

/// Number of segments of a list, and its [`COSTS`].
type Row = (f64, [f64; 4]);

/// Reads the module's lines: lists of 1 to 4096 segments.
fn rows(console: &Console) -> Result<Vec<Row>> {
    let log = log(console, "program", 26)?;
    let row = |segments: u32| {
        let cost = |kind| measured(log, &format!("program {kind} {segments}"));
        let [[a, b], [c, d]] = [cost("aligned")?, cost("misaligned")?];

        Ok((segments.into(), [a, c, b / 1000.0, d / 1000.0]))
    };

    (0..=12).map(|n| row(1 << n)).collect()
}

/// Returns the limits of growth: a segment of the longest list, by one of a short list.
fn limits(rows: &[Row]) -> Vec<Limit> {
    let limit = |(at, what): (usize, &&str)| {
        let each = |(from, short): Row, (to, long): Row| (long[at] - short[at]) / (to - from);
        let growth = each(rows[11], rows[12]) / each(rows[0], rows[4]);

        (
            format!("{what}: a segment of many, by one of few"),
            growth,
            1.1,
        )
    };

    COSTS.iter().enumerate().map(limit).collect()
}

/// Checks that a segment takes the same bytes in lists of all lengths.
pub fn check(console: &Console) -> Result<()> {
    let rows = rows(console)?;

    for (segments, costs) in &rows {
        for (kind, most) in [(0, 20.0), (1, 75.0)] {
            let (bytes, instructions) = (costs[kind], costs[kind + 2]);
            // A segment has two addresses of 6 bytes each.
            let range = 12.0 * segments..=most * segments + 40.0;

            ensure!(range.contains(&bytes), "{segments} segments: {costs:?}");
            ensure!(instructions > bytes, "{segments} segments: {costs:?}");
        }
    }
    // Instructions estimate time, which tests do not limit; they limit its growth.
    for limit in limits(&rows) {
        ensure!(is_kept(&limit), "{limit:?}");
    }
    Ok(())
}

/// Returns the rows and the limits.
pub fn report(console: &Console) -> Result<Report> {
    let rows = rows(console)?;
    let title = "Programs for lists of equal segments, and instructions to write them:";
    let [bytes, each] = ["\nbytes", "\neach"];
    let [aligned, misaligned] = ["aligned\ninstr. each", "misaligned\ninstr. each"];
    let head = ["\nsegments", bytes, each, aligned, bytes, each, misaligned];
    let cells = rows.iter().map(|(segments, costs)| {
        let each = |cost: usize| format!("{:.1}", costs[cost] / segments);
        let kind = |kind: usize| [costs[kind].to_string(), each(kind), each(kind + 2)];

        [
            vec![format!("{segments:>8}")],
            kind(0).into(),
            kind(1).into(),
        ]
        .concat()
    });
    let json = rows.iter().map(|(segments, [a, c, b, d])| {
        json!({
            "segments": *segments as u64,
            "aligned": { "bytes": *a as u64, "instructions": b },
            "misaligned": { "bytes": *c as u64, "instructions": d },
        })
    });

    Ok(Report {
        text: table(title, &head, cells),
        json: json.collect(),
        limits: limits(&rows),
    })
}
