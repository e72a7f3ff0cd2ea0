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

/// Most bytes of program per segment of the scattered list.
const PROGRAM_EACH: f64 = 21.0;

/// Checks that the kernel's driver served all requests, with at least the accesses these need.
pub fn check_theirs(requests: &Requests) -> Result<()> {
    for (name, command, segments) in ROWS {
        for driver in [TO_DEVICE, THEIRS] {
            // The kernel's driver has only lists to a device.
            if driver == TO_DEVICE && !command.starts_with("list") {
                continue;
            }

            let cost = &requests.find(driver, command)?.cost;
            let programs = [cost["commands"], cost["interrupts"]];

            // A program and an interrupt per segment; three register writes start a program.
            ensure!(
                programs == [segments; 2] && cost["writes"] >= 3.0 * segments,
                "{name}, {driver}: {cost:?}"
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

/// Costs of a row by driver, if the row was requested.
#[derive(Serialize)]
struct Row {
    request: &'static str,
    #[serde(flatten)]
    costs: BTreeMap<&'static str, Option<Cost>>,
}

impl Row {
    fn new(request: &'static str, cost: impl Fn(&'static str) -> Option<Cost>) -> Self {
        let costs = DRIVERS.map(|driver| (driver, cost(driver))).into();

        Self { request, costs }
    }
}

/// Returns the costs of [`ROWS`], and before the last row those of a further segment.
fn rows(requests: &Requests) -> Vec<Row> {
    let mut rows = Vec::from(ROWS.map(|(name, command, _)| {
        Row::new(name, |driver| {
            Some(requests.find(driver, command).ok()?.cost.clone())
        })
    }));
    let further = Row::new("each further", |driver| {
        let [shortest, longest] = [&rows[1], &rows[3]].map(|row| row.costs[driver].as_ref());
        let shortest = shortest?;
        let each = |(key, sum): (&&'static str, &f64)| (*key, (sum - shortest[key]) / 255.0);

        Some(longest?.iter().map(each).collect())
    });

    rows.insert(4, further);
    rows
}

/// Returns the rows, and the limits of this driver.
pub fn report(requests: &Requests) -> Report {
    let title = "Register accesses (interrupts) per request, of 4096 bytes for each segment:";
    let (rows, program) = (rows(requests), requests.program);
    let cells = rows.iter().map(|row| {
        let costs = DRIVERS.map(|driver| match &row.costs[driver] {
            Some(cost) => format!("{:.1} ({:.2})", cost["accesses"], cost["interrupts"]),
            None => "-".into(),
        });

        [vec![row.request.into()], costs.into()].concat()
    });
    let table = table(
        title,
        &["request", "C, to a device", "C, copies", "ours"],
        cells,
    );
    let value = |row: usize, key| {
        rows[row].costs[OURS]
            .as_ref()
            .map_or(f64::NAN, |it| it[key])
    };
    let accesses = |what, row, most| {
        (
            format!("register accesses {what}"),
            value(row, "accesses"),
            most,
        )
    };
    let interrupts = |what, row| (format!("interrupts {what}"), value(row, "interrupts"), 1.0);

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
        limits: vec![
            accesses("for a copy", 0, ACCESSES),
            accesses("for each further segment", 4, 0.0),
            interrupts("for a copy", 0),
            interrupts("for the longest list", 3),
            accesses("from the longest list to another", 5, ACCESSES),
            interrupts("from the longest list to another", 5),
            (
                "bytes of program for each of its segments".into(),
                program,
                PROGRAM_EACH,
            ),
        ],
    }
}
