// SPDX-License-Identifier: GPL-2.0

//! Costs of programs that copy lists: bytes of program, and instructions of the CPU to write them.

use super::*;

/// Segments of a list; bytes of its program and instructions to write it, aligned and misaligned.
///
/// Aligned segments begin at a multiple of the bus width. Misaligned sources and destinations
/// differ modulo the bus width.
pub type Row = (u64, [[f64; 2]; 2]);

/// Reads the module's lines.
pub fn rows(console: &Console) -> Result<Vec<Row>> {
    let split = |(kind, segments, bytes, thousandths): (String, u64, f64, f64)| {
        (kind, segments, [bytes, thousandths / 1000.0])
    };

    read_pairs(console, "program", ["aligned", "misaligned"], split)
}

/// Returns the rows as JSON.
pub fn json(rows: &[Row]) -> Value {
    let rows = rows.iter().map(|(segments, costs)| {
        let [aligned, misaligned] = costs.map(
            |[bytes, instructions]| json!({"bytes": bytes as u64, "instructions": instructions}),
        );

        json!({"segments": segments, "aligned": aligned, "misaligned": misaligned})
    });

    rows.collect()
}

/// Returns the limits of growth: a segment of the longest list, by one of a short list.
pub fn limits(rows: &[Row]) -> Vec<Limit> {
    let limit = |what, kind: usize, cost: usize| {
        let slope =
            |from: &Row, to: &Row| (to.1[kind][cost] - from.1[kind][cost]) / (to.0 - from.0) as f64;
        let growth = match rows {
            [first, _, _, _, few, .., before, last] => {
                Some(slope(before, last) / slope(first, few))
            }
            _ => None,
        };

        (what, growth, 1.1)
    };

    vec![
        limit("bytes, aligned: a segment of many, by one of few", 0, 0),
        limit("bytes, misaligned: a segment of many, by one of few", 1, 0),
        limit(
            "instructions, aligned: a segment of many, by one of few",
            0,
            1,
        ),
        limit(
            "instructions, misaligned: a segment of many, by one of few",
            1,
            1,
        ),
    ]
}

/// Checks that lists of all lengths are measured, and that a segment takes the same bytes in each.
pub fn check(rows: &[Row]) -> Result<()> {
    let lengths = rows.iter().map(|row| row.0);

    ensure!(lengths.eq((0..=12).map(|n| 1 << n)), "measured: {rows:?}");
    for (segments, costs) in rows {
        for ([bytes, instructions], most) in costs.iter().zip([20, 75]) {
            // A segment has two addresses of 6 bytes each.
            let range = (12 * segments) as f64..=(most * segments + 40) as f64;

            ensure!(
                range.contains(bytes) && instructions > bytes,
                "{segments} segments: {costs:?}"
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
    let aligned = ["\nbytes", "\neach", "aligned\ninstr. each"];
    let misaligned = ["\nbytes", "\neach", "misaligned\ninstr. each"];
    let rows = rows.iter().map(|(segments, costs)| {
        let each = |sum: f64| format!("{:.1}", sum / *segments as f64);
        let costs =
            costs.map(|[bytes, instructions]| [bytes.to_string(), each(bytes), each(instructions)]);

        [vec![format!("{segments:>8}")], costs.concat()].concat()
    });

    table(
        "Programs for lists of equal segments, and instructions to write them:",
        &[&["\nsegments"][..], &aligned, &misaligned].concat(),
        rows,
    )
}
