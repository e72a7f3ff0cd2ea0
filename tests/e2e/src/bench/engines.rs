// SPDX-License-Identifier: GPL-2.0

//! Register accesses and interrupts per request: of this driver and of drivers/dma/pl330.c.
//!
//! A register access stalls the CPU until the bus answers, and an interrupt preempts the CPU's
//! work. Both are counted, not timed, because the virtual board's time is not that of hardware.

use super::*;

/// Row, its requests to [`DRIVERS`], and their segments.
const ROWS: [(&str, &str, f64); 5] = [
    ("copy", "copy", 1.0),
    ("list of 1", "list 1", 1.0),
    ("list of 16", "list 16", 16.0),
    ("list of 256", "list 256", 256.0),
    ("scattered 256", "scattered 256", 256.0),
];

/// Most register accesses of a request to this driver.
const ACCESSES: f64 = 7.0;

/// Limits of this driver: what they limit, row and key of the value, and the highest value.
const LIMITS: [(&str, usize, &str, f64); 6] = [
    ("register accesses for a copy", 0, "accesses", ACCESSES),
    (
        "register accesses for each further segment",
        4,
        "accesses",
        0.0,
    ),
    ("interrupts for a copy", 0, "interrupts", 1.0),
    ("interrupts for the longest list", 3, "interrupts", 1.0),
    (
        "register accesses from the longest list to another",
        5,
        "accesses",
        ACCESSES,
    ),
    (
        "interrupts from the longest list to another",
        5,
        "interrupts",
        1.0,
    ),
];

/// Most bytes of program per segment of the scattered list.
const PROGRAM_EACH: f64 = 21.0;

/// Checks that the kernel's driver served all requests, with at least the accesses these need.
pub fn check_theirs(requests: &Requests) -> Result<()> {
    for (_, command, segments) in ROWS {
        // Only lists are also moved to a device.
        let drivers = [
            Some(THEIRS),
            command.starts_with("list").then_some(TO_DEVICE),
        ];

        for driver in drivers.into_iter().flatten() {
            let cost = &requests.find(driver, command)?.cost;
            let programs = [cost["commands"], cost["interrupts"]];

            // A program and an interrupt per segment; three register writes start a program.
            ensure!(programs == [segments; 2], "{driver} {command}: {cost:?}");
            ensure!(
                cost["writes"] >= 3.0 * segments,
                "{driver} {command}: {cost:?}"
            );
        }
    }
    Ok(())
}

/// Checks that this driver's copy costs at most its limits, and at least the possible.
pub fn check_copies(requests: &Requests) -> Result<()> {
    let cost = &requests.find(OURS, "copy")?.cost;
    let is_one = cost["commands"] == 1.0 && cost["interrupts"] == 1.0;

    ensure!(is_one && cost["accesses"] <= ACCESSES, "{cost:?}");
    // Three register writes start the program, one clears the interrupt. A page is 64 bursts.
    ensure!(cost["writes"] >= 4.0 && cost["bursts"] >= 64.0, "{cost:?}");
    Ok(())
}

/// Checks that a list costs this driver the same as a copy, and that all of it is moved.
pub fn check_lists(requests: &Requests) -> Result<()> {
    let copy = &requests.find(OURS, "copy")?.cost;
    let program = requests.program;

    for (name, command, segments) in ROWS {
        let mut same = copy.clone();

        same.insert("bursts", copy["bursts"] * segments);
        expect(name, &requests.find(OURS, command)?.cost, &same)?;
    }
    // A segment has two addresses of 6 bytes each.
    ensure!((12.0..=PROGRAM_EACH).contains(&program), "{program} bytes");
    Ok(())
}

/// Returns the costs of [`ROWS`] as JSON, and before the last row those of a further segment.
fn rows(requests: &Requests) -> Vec<Value> {
    let cost = |driver, command| Some(&requests.find(driver, command).ok()?.cost);
    let mut rows: Vec<_> = ROWS.map(|(name, ..)| json!({ "request": name })).into();
    let mut further = json!({ "request": "each further" });

    for driver in DRIVERS {
        let [shortest, longest] = ["list 1", "list 256"].map(|command| cost(driver, command));
        let each = |(key, sum): (&&'static str, &f64)| Some((*key, (sum - shortest?[key]) / 255.0));
        let costs: Option<Cost> = longest.and_then(|it| it.iter().map(each).collect());

        further[driver] = json!(costs);
        for (row, (_, command, _)) in rows.iter_mut().zip(ROWS) {
            row[driver] = json!(cost(driver, command));
        }
    }
    rows.insert(4, further);
    rows
}

/// Returns the rows, and the limits of this driver.
pub fn report(requests: &Requests) -> Report {
    let title = "Register accesses (interrupts) per request, of 4096 bytes for each segment:";
    let head = ["request", "C, to a device", "C, copies", "ours"];
    let (rows, program) = (rows(requests), requests.program);
    let cells = rows.iter().map(|row| {
        let cost = |driver| match [&row[driver]["accesses"], &row[driver]["interrupts"]] {
            [Value::Null, _] => "-".into(),
            sums => format!("{:.1} ({:.2})", number(sums[0]), number(sums[1])),
        };
        let name = row["request"].as_str().unwrap_or_default();

        [vec![name.into()], DRIVERS.map(cost).into()].concat()
    });
    let table = table(title, &head, cells);
    let limits = LIMITS
        .map(|(what, row, key, most)| (what.to_string(), number(&rows[row][OURS][key]), most));
    let each = "bytes of program for each of its segments".into();

    Report {
        text: format!(
            "{table}\nThe program of the last takes {program:.1} bytes for each segment.\n"
        ),
        json: json!({
            "copy": rows[0],
            "lists": rows[1..4],
            "per_further_segment": rows[4],
            "scattered": rows[5],
            "program_per_segment": program,
        }),
        limits: limits
            .into_iter()
            .chain([(each, program, PROGRAM_EACH)])
            .collect(),
    }
}
