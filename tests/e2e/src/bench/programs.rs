// SPDX-License-Identifier: GPL-2.0

//! Costs of programs that copy lists: bytes of program, and instructions of the CPU to write them.
//!
//! Aligned segments begin at a multiple of the bus width. Sources and destinations of misaligned
//! segments differ modulo the bus width.

use super::*;

/// Reads the module's lines on lists of 1 to 4096 segments; returns a JSON object per list.
fn rows(console: &Console) -> Result<Vec<Value>> {
    let log = log(console, "program", 26)?;
    let cost = |kind, segments| {
        let [bytes, thousandths] = measured(log, &format!("program {kind} {segments}"))?;

        anyhow::Ok(json!({ "bytes": bytes as u64, "instructions": thousandths / 1000.0 }))
    };
    let row = |segments| {
        let [aligned, misaligned] = [cost("aligned", segments)?, cost("misaligned", segments)?];

        Ok(json!({ "segments": segments, "aligned": aligned, "misaligned": misaligned }))
    };

    (0..=12).map(|n| row(1 << n)).collect()
}

/// Returns the limits of growth: a segment of the longest list, by one of a short list.
fn limits(rows: &[Value]) -> Vec<Limit> {
    let limit = |cost, kind| {
        let each = |from: usize, to: usize| {
            let sum = |row: usize| [&rows[row][kind][cost], &rows[row]["segments"]].map(number);
            let ([short, from], [long, to]) = (sum(from), sum(to));

            (long - short) / (to - from)
        };
        let what = format!("{cost}, {kind}: a segment of many, by one of few");

        (what, each(11, 12) / each(0, 4), 1.1)
    };
    let costs = ["bytes", "instructions"].into_iter();

    costs
        .flat_map(|cost| ["aligned", "misaligned"].map(|kind| limit(cost, kind)))
        .collect()
}

/// Checks that a segment takes the same bytes in lists of all lengths.
pub fn check(console: &Console) -> Result<()> {
    let rows = rows(console)?;

    for row in &rows {
        let segments = number(&row["segments"]);

        for (cost, most) in [(&row["aligned"], 20.0), (&row["misaligned"], 75.0)] {
            let bytes = number(&cost["bytes"]);
            // A segment has two addresses of 6 bytes each.
            let range = 12.0 * segments..=most * segments + 40.0;

            ensure!(range.contains(&bytes), "{row}");
            ensure!(number(&cost["instructions"]) > bytes, "{row}");
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
    let cells = rows.iter().map(|row| {
        let segments = number(&row["segments"]);
        let each = |sum: &Value| format!("{:.1}", number(sum) / segments);
        let cells = [&row["aligned"], &row["misaligned"]].map(|cost| {
            let bytes = &cost["bytes"];

            [bytes.to_string(), each(bytes), each(&cost["instructions"])]
        });

        [vec![format!("{segments:>8}")], cells.concat()].concat()
    });

    Ok(Report {
        text: table(title, &head, cells),
        limits: limits(&rows),
        json: rows.into(),
    })
}
