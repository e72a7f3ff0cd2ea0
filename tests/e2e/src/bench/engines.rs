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
pub(super) const ROWS: [(&str, f64, [&str; 3]); 5] = [
    ("copy", 1.0, ["", "theirs copy 4096", "ours copy 4096"]),
    (
        "list of 1",
        1.0,
        [
            "theirs list 1 4096",
            "theirs chain 1 4096",
            "ours list 1 4096",
        ],
    ),
    (
        "list of 16",
        16.0,
        [
            "theirs list 16 4096",
            "theirs chain 16 4096",
            "ours list 16 4096",
        ],
    ),
    (
        "list of 256",
        256.0,
        [
            "theirs list 256 4096",
            "theirs chain 256 4096",
            "ours list 256 4096",
        ],
    ),
    (
        "scattered 256",
        256.0,
        ["", "theirs scattered 256 4096", "ours scattered 256 4096"],
    ),
];

/// Most register accesses of a request to this driver.
const ACCESSES: f64 = 7.0;

/// Most bytes of program per segment of the scattered list.
const PROGRAM_EACH: f64 = 21.0;

/// Returns the costs of [`ROWS`] as JSON, and before the last row those of a further segment.
pub fn rows(requests: &Requests) -> Vec<Value> {
    let cost = |request| Some(requests.find(request).ok()?.cost.clone());
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

/// Returns the rows as JSON.
pub fn json(rows: &[Value], program: f64) -> Value {
    json!({
        "copy": rows[0],
        "lists": rows[1..4],
        "per_further_segment": rows[4],
        "scattered": rows[5],
        "program_per_segment": program,
    })
}

/// Returns the limits of this driver.
pub fn limits(rows: &[Value], program: f64) -> Vec<Limit> {
    let accesses = |row: usize| number(&rows[row]["ours"]["accesses"]);
    let interrupts = |row: usize| number(&rows[row]["ours"]["interrupts"]);
    let limits = [
        ("register accesses for a copy", accesses(0), ACCESSES),
        (
            "register accesses for each further segment",
            accesses(4),
            0.0,
        ),
        ("interrupts for a copy", interrupts(0), 1.0),
        ("interrupts for the longest list", interrupts(3), 1.0),
        (
            "register accesses from the longest list to another",
            accesses(5),
            ACCESSES,
        ),
        (
            "interrupts from the longest list to another",
            interrupts(5),
            1.0,
        ),
        (
            "bytes of program for each of its segments",
            program,
            PROGRAM_EACH,
        ),
    ];

    limits
        .map(|(what, value, most)| (what.into(), value, most))
        .into()
}

/// Checks that the kernel's driver served all requests, with at least the accesses these need.
pub fn check_theirs(requests: &Requests) -> Result<()> {
    for (_, segments, of_row) in ROWS {
        for request in of_row.iter().filter(|it| it.starts_with("theirs")) {
            let cost = &requests.find(request)?.cost;

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
pub fn check_copies(requests: &Requests) -> Result<()> {
    let cost = &requests.find(ROWS[0].2[2])?.cost;

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
pub fn check_lists(requests: &Requests) -> Result<()> {
    let copy = &requests.find(ROWS[0].2[2])?.cost;
    // A segment has two addresses of 6 bytes each.
    let program = 12.0..=PROGRAM_EACH;

    for (_, segments, [_, _, request]) in ROWS {
        let mut same = copy.clone();

        same.insert("bursts", copy["bursts"] * segments);
        expect(request, &requests.find(request)?.cost, &same)?;
    }
    ensure!(
        program.contains(&requests.program),
        "{} bytes",
        requests.program
    );
    Ok(())
}

/// Formats the rows.
pub fn text(rows: &[Value], program: f64) -> String {
    let rows = rows.iter().map(|row| {
        let cost = |driver| match &row[driver] {
            Value::Null => "-".into(),
            cost => {
                let (accesses, interrupts) = (&cost["accesses"], &cost["interrupts"]);

                format!("{:.1} ({:.2})", number(accesses), number(interrupts))
            }
        };
        let name = row["request"].as_str().unwrap_or_default();

        vec![
            name.into(),
            cost("theirs_to_device"),
            cost("theirs_copies"),
            cost("ours"),
        ]
    });
    let table = table(
        "Register accesses (interrupts) per request, of 4096 bytes for each segment:",
        &["request", "C, to a device", "C, copies", "ours"],
        rows,
    );

    format!("{table}\nThe program of the last takes {program:.1} bytes for each segment.\n")
}
