// SPDX-License-Identifier: GPL-2.0

//! Register accesses and interrupts per request: of this driver and of drivers/dma/pl330.c.
//!
//! A register access stalls the CPU until the bus answers, and an interrupt preempts the CPU's
//! work. Both are counted, not timed, because the virtual board's time is not that of hardware.

use super::*;

/// Row, its segments of 4096 bytes, and its requests.
///
/// The requests are: to the kernel's driver from memory to a device, to the kernel's driver from
/// memory to memory, and to this driver from memory to memory.
#[rustfmt::skip]
pub(super) const ROWS: [(&str, f64, [&str; 3]); 5] = [
    ("copy", 1.0, ["", "theirs copy 4096", "ours copy 4096"]),
    ("list of 1", 1.0, ["theirs list 1 4096", "theirs chain 1 4096", "ours list 1 4096"]),
    ("list of 16", 16.0, ["theirs list 16 4096", "theirs chain 16 4096", "ours list 16 4096"]),
    ("list of 256", 256.0, ["theirs list 256 4096", "theirs chain 256 4096", "ours list 256 4096"]),
    ("scattered 256", 256.0, ["", "theirs scattered 256 4096", SCATTERED]),
];

/// Request to copy from scattered pages to other scattered pages.
const SCATTERED: &str = "ours scattered 256 4096";

/// Most register accesses of a request to this driver.
const ACCESSES: f64 = 7.0;

/// Most bytes of program per segment of the scattered list.
const PROGRAM_EACH: f64 = 21.0;

/// Returns the costs of [`ROWS`] as JSON, and before the last row those of a further segment.
fn rows(phases: &[Phase]) -> Vec<Value> {
    let cost = |request| Some(find(phases, request).ok()?.cost.clone());
    let mut rows = ROWS.map(|row| (row.0, row.2.map(cost))).to_vec();
    let further = [0, 1, 2].map(|driver| {
        let (shortest, longest) = (rows[1].1[driver].as_ref()?, rows[3].1[driver].as_ref()?);
        let each = |(key, sum): (&&'static str, &f64)| (*key, (sum - shortest[key]) / 255.0);

        Some(longest.iter().map(each).collect())
    });

    rows.insert(4, ("each further", further));
    let rows = rows.into_iter().map(|(name, [to_device, copies, ours])| {
        json!({
            "request": name, "theirs_to_device": to_device, "theirs_copies": copies, "ours": ours,
        })
    });

    rows.collect()
}

/// Returns the bytes of this driver's program per segment of the scattered list.
fn program_per_segment(phases: &[Phase]) -> Option<f64> {
    Some(find(phases, SCATTERED).ok()?.program? as f64 / 256.0)
}

/// Returns the rows as JSON.
pub fn json(phases: &[Phase]) -> Value {
    let rows = rows(phases);

    json!({
        "copy": rows[0],
        "lists": rows[1..4],
        "per_further_segment": rows[4],
        "scattered": rows[5],
        "program_per_segment": program_per_segment(phases),
    })
}

/// Returns the limits of this driver.
#[rustfmt::skip]
pub fn limits(phases: &[Phase]) -> Vec<Limit> {
    let rows = rows(phases);
    let ours = |row: usize, key| rows[row]["ours"][key].as_f64();
    let program = program_per_segment(phases);

    vec![
        ("register accesses for a copy", ours(0, "accesses"), ACCESSES),
        ("register accesses for each further segment", ours(4, "accesses"), 0.0),
        ("interrupts for a copy", ours(0, "interrupts"), 1.0),
        ("interrupts for the longest list", ours(3, "interrupts"), 1.0),
        ("register accesses from the longest list to another", ours(5, "accesses"), ACCESSES),
        ("interrupts from the longest list to another", ours(5, "interrupts"), 1.0),
        ("bytes of program for each of its segments", program, PROGRAM_EACH),
    ]
}

/// Checks that the kernel's driver served all requests, with at least the accesses these need.
pub fn check_theirs(phases: &[Phase]) -> Result<()> {
    for (_, segments, requests) in ROWS {
        for request in requests.iter().filter(|it| it.starts_with("theirs")) {
            let cost = &find(phases, request)?.cost;

            // A program and an interrupt per segment; three register writes start a program.
            ensure!(
                [cost["commands"], cost["interrupts"]] == [segments; 2]
                    && cost["writes"] >= 3.0 * segments,
                "{request}: {cost:?}"
            );
        }
    }
    Ok(())
}

/// Checks that this driver's copy costs at most its limits, and at least the possible.
pub fn check_copies(phases: &[Phase]) -> Result<()> {
    let cost = &find(phases, ROWS[0].2[2])?.cost;

    // Three register writes start the program, one clears the interrupt. A page is 64 bursts.
    ensure!(
        [cost["commands"], cost["interrupts"]] == [1.0; 2]
            && cost["accesses"] <= ACCESSES
            && cost["writes"] >= 4.0
            && cost["bursts"] >= 64.0,
        "{cost:?}"
    );
    Ok(())
}

/// Checks that a list costs this driver the same as a copy, and that all of it is moved.
pub fn check_lists(phases: &[Phase]) -> Result<()> {
    let copy = &find(phases, ROWS[0].2[2])?.cost;

    for (_, segments, [_, _, request]) in ROWS {
        let cost = &find(phases, request)?.cost;
        let mut same = copy.clone();

        same.insert("bursts", copy["bursts"] * segments);
        ensure!(*cost == same, "{request}: {cost:?}, not {same:?}");
    }

    let program = program_per_segment(phases).context("the driver did not log a single program")?;

    // A segment has two addresses of 6 bytes each.
    ensure!(
        (12.0..=PROGRAM_EACH).contains(&program),
        "{program} bytes of program"
    );
    Ok(())
}

/// Formats the rows.
pub fn text(phases: &[Phase]) -> String {
    let rows = rows(phases).into_iter().map(|row| {
        let cells = ["request", "theirs_to_device", "theirs_copies", "ours"].map(|column| {
            let cost = |key| row[column][key].as_f64();

            match (row[column].as_str(), cost("accesses"), cost("interrupts")) {
                (Some(name), _, _) => name.into(),
                (_, Some(accesses), Some(interrupts)) => format!("{accesses:.1} ({interrupts:.2})"),
                _ => "-".into(),
            }
        });

        cells.into()
    });
    let title = "Register accesses (interrupts) per request, of 4096 bytes for each segment:";
    let table = table(
        title,
        &["request", "C, to a device", "C, copies", "ours"],
        rows,
    );
    let bytes = program_per_segment(phases).map_or("-".into(), |bytes| format!("{bytes:.1}"));

    format!("{table}\nThe program of the last takes {bytes} bytes for each segment.\n")
}
