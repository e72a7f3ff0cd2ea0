// SPDX-License-Identifier: GPL-2.0

//! Instructions of requests, of this driver and of the kernel's, and of the engine's longest
//! sections with interrupts disabled.
//!
//! A request is counted from its preparation to its callback, without an idle CPU. Both drivers
//! copy the same pages, and each count is the lowest of several.

use std::cmp::Reverse;

use super::*;

/// Numbers of segments of the requests, and the highest ratio of instructions to those in C.
const REQUESTS: [(u64, f64); 3] = [(1, 1.7), (16, 0.3), (256, 0.16)];

/// Most instructions of a section with interrupts disabled.
const LONGEST: f64 = 5000.0;

/// Parts of the names of functions that all have sections.
const WITH_SECTIONS: [&str; 6] = [
    "submit",
    "EventHandler",
    "AbortHandler",
    "Worker",
    "HasTimer",
    "terminate",
];

/// Number of functions in the table of sections.
const SHOWN: usize = 8;

/// Reads the number after `words` in a line of a module.
fn count(log: &str, words: &str) -> Result<f64> {
    let after = |line: &str| line.split_once(&format!(": {words} "))?.1.parse().ok();

    log.lines()
        .find_map(after)
        .with_context(|| missing(log, format!("no number of {words}")))
}

/// Reads the lines of both modules on a request; returns the numbers of instructions.
fn request(console: &Console, segments: u64) -> Result<[f64; 2]> {
    let log = log(console, "request", REQUESTS.len())?;
    let count = |keyword| count(log, &format!("{keyword} {segments}"));

    Ok([count("peer")?, count("request")?])
}

/// Returns the functions with sections, with the instructions of its longest, in descending order.
fn sections(console: &Console) -> Result<Vec<(String, f64)>> {
    let line = Regex::new(r"(?m): section (\S+)(?: \[\w+\])? (\d+)$").unwrap();
    let module = Regex::new(r"(?:\w+::)+(\w)").unwrap();
    let mut longest = BTreeMap::<String, u32>::new();

    for found in line.captures_iter(console.section("bench")?) {
        let name = format!("{:#}", rustc_demangle::demangle(&found[1]));
        let name = module.replace_all(&name, "$1").into_owned();
        let of_name = longest.entry(name).or_default();

        *of_name = (*of_name).max(found[2].parse()?);
    }

    let mut sections: Vec<_> = longest.into_iter().collect();

    sections.sort_by_key(|(_, instructions)| Reverse(*instructions));
    Ok(sections
        .into_iter()
        .map(|(name, instructions)| (name, instructions.into()))
        .collect())
}

/// Reads the instructions from the call of the event handler to the start of the next program.
fn idle(console: &Console) -> Result<f64> {
    count(console.section("bench")?, "idle")
}

/// Checks that all is counted.
pub fn check(console: &Console) -> Result<()> {
    for (segments, _) in REQUESTS {
        let least = 1000.0 + 100.0 * segments as f64;
        let counts = request(console, segments)?;

        ensure!(counts.iter().all(|it| *it > least), "{counts:?}");
    }

    let sections = sections(console)?;

    for part in WITH_SECTIONS {
        let is_counted = |(name, it): &(String, f64)| name.contains(part) && *it > 10.0;

        ensure!(sections.iter().any(is_counted), "no {part}: {sections:?}");
    }
    ensure!(idle(console)? > 50.0, "not idle");
    Ok(())
}

/// Returns the rows and the limits.
pub fn report(console: &Console) -> Result<Report> {
    let mut rows = vec![];
    let mut limits = vec![];

    for (segments, most) in REQUESTS {
        let [c, engine] = request(console, segments)?;
        let what = format!("instructions of a request of {segments}, by those in C");

        rows.push(json!({ "segments": segments, "c": c, "engine": engine, "ratio": engine / c }));
        limits.push((what, engine / c, most));
    }

    let sections = sections(console)?;
    let idle = idle(console)?;
    let longest = sections.first().map_or(f64::NAN, |(_, longest)| *longest);

    limits.push((
        "instructions with interrupts disabled".into(),
        longest,
        LONGEST,
    ));

    let requests = table(
        "Instructions of a request, from its preparation to its callback:",
        &["segments", "C", "engine", ""],
        rows.iter().map(|row| {
            let ratio = format!("{:.3}", number(&row["ratio"]));
            let counts = ["segments", "c", "engine"].map(|key| number(&row[key]).to_string());

            [&counts[..], &[ratio]].concat()
        }),
    );
    let longest = sections.iter().take(SHOWN);
    let disabled = table(
        "Longest sections with interrupts disabled:",
        &["function", "instructions"],
        longest.map(|(name, instructions)| vec![name.clone(), instructions.to_string()]),
    );

    Ok(Report {
        text: format!(
            "{requests}{disabled}\nFrom the call of the event handler to the start of the next \
             program, for which a channel is idle, there are {idle} instructions.\n"
        ),
        json: json!({ "requests": rows, "sections": sections, "idle": idle }),
        limits,
    })
}
