// SPDX-License-Identifier: GPL-2.0

//! Tests of the parsers, the checks and the limits: mistakes in a log and a trace are noticed.

use std::cell::Cell;

use super::*;

/// Returns a log of instructions that passes all checks: guards cost the same as C.
fn instructions() -> String {
    let mut log = String::new();

    for subject in [MAPPINGS, LISTS, RINGS] {
        for (name, size) in subject.cases() {
            let line = format!("x: {} {name} {size}", subject.keyword);

            log += &format!("{line} 1000000 1000000\n");
        }
    }
    for segments in (0..=12).map(|n| 1 << n) {
        let cost = format!("{segments} {0} {0}500", 18 * segments + 12);

        log += &format!("x: program aligned {cost}\nx: program misaligned {cost}\n");
    }
    for segments in [1, 16, 256] {
        let [c, engine] = [8000 * segments, 1000 * segments + 3000];

        log += &format!("x: peer {segments} {c}\nx: request {segments} {engine}\n");
    }
    for function in "submit EventHandler AbortHandler Worker HasTimer terminate".split(' ') {
        log += &format!("x: section {function} [module] 1000\n");
    }
    format!("@@ begin bench\n{log}x: idle 300\n@@ end bench\n")
}

/// Returns lines of phases and a trace that pass all checks: two requests of each kind.
fn requests() -> (String, String) {
    // A line of bursts counts as 32, because it crosses 32 boundaries.
    const BURSTS: &str = "pl330_dmald channel:0 address:0x0 size:0x1000 num:32Y\n\
                          pl330_dmast channel:0 address:0x0 size:0x1000 num:32 Y\n";
    const ELSEWHERE: &str = "memory_region_ops_read mr 0x3 addr 0xfe600000 size 4 name 'gic'\n";
    let (mut lines, mut trace) = (String::new(), "read 0x10 0x24\n".to_string());
    let copies = [
        "theirs look",
        "ours look",
        "theirs copy 4096 2",
        "ours copy 4096 2",
    ];
    let lists = ["1", "16", "256"].map(|segments| {
        let kinds = ["theirs list", "theirs chain", "ours list"];

        kinds.map(|kind| format!("{kind} {segments} 4096 2"))
    });
    let scattered = ["theirs", "ours"].map(|it| format!("{it} scattered 256 4096 2"));
    let offsets = (0..64).map(|both| format!("theirs copy 4096 2 {} {}", both / 8, both % 8));

    let requests = lists.into_iter().flatten().chain(scattered).chain(offsets);
    let requests = copies.into_iter().map(String::from).chain(requests);

    for (number, request) in (1..).zip(requests) {
        let (driver, command) = request.split_once(' ').unwrap();
        let segments = match command.split(' ').collect::<Vec<_>>()[..] {
            ["look"] | ["copy", ..] => 1,
            [_, segments, ..] => segments.parse().unwrap(),
            [..] => 0,
        };
        let (mr, programs) = match driver {
            "ours" => ("0x20", 2),
            _ => ("0x10", 2 * segments),
        };
        let (read, write) = (format!("read {mr} 0x24\n"), format!("write {mr} 0x20\n"));
        let accesses = format!("{read}{read}{read}{write}{write}{write}write {mr} 0xd04\n");

        lines += &format!("{number} {driver} 0 {programs} {command}\n");
        trace += &format!("mark {number:x}\n{}", accesses.repeat(programs));
        trace += &format!("{}{ELSEWHERE}mark 0\n", BURSTS.repeat(2 * segments));
    }
    (lines, trace + "end\n")
}

/// Returns a line of QEMU's trace for its short form.
fn expand(line: &str) -> String {
    match line.split(' ').collect::<Vec<_>>()[..] {
        ["mark", number] => {
            format!("memory_region_ops_write mr 0x1 addr 0xfea00000 value 0x{number} name 'm'\n")
        }
        [kind @ ("read" | "write"), controller, offset] => {
            format!("memory_region_ops_{kind} cpu 0 mr {controller} addr {offset} name 'dma'\n")
        }
        _ => format!("{line}\n"),
    }
}

/// Returns the names of the checks that fail.
fn failed<T>(checks: &[Check<T>], measurement: &T) -> Vec<String> {
    let mut checks = checks.to_vec();

    checks.retain(|(_, check)| check(measurement).is_err());
    checks.into_iter().map(|(name, _)| name.into()).collect()
}

/// Returns the report, and the names of failed checks and of limits that are not kept.
fn outcome(replace: impl Fn(String) -> String) -> (Option<Report>, Vec<String>) {
    let (lines, trace) = requests();
    let console = format!(
        "{}@@ begin controllers\n@@ end controllers\n@@ begin phases\nsh: write error: Invalid\n\
         {lines}@@ end phases\n@@ begin dmesg\nx: repeat: 256 segments to 256 segments, \
         1 programs of 4608 bytes\n@@ end dmesg\n",
        instructions()
    );
    let console = Console::new(&replace(console));
    let trace: String = replace(trace).lines().map(expand).collect();
    let traced = phases::read_trace(trace.as_bytes());
    let Ok(requests) = traced.and_then(|traced| phases::join(&console, traced)) else {
        return (None, vec!["requests".into()]);
    };
    let wrong = failed(&OF_INSTRUCTIONS, &console).into_iter();
    let wrong = wrong.chain(failed(&OF_REQUESTS, &requests));
    let report = Report::new(&console, &requests).ok();
    let limits = match &report {
        Some(report) => report.limits.clone(),
        None => vec![("report".into(), f64::NAN, 0.0)],
    };
    let limits = limits.into_iter().filter(|limit| !is_kept(limit));

    (report, wrong.chain(limits.map(|limit| limit.0)).collect())
}

#[test]
fn mistakes_are_noticed() {
    let lines = include_str!("mistakes.txt").lines();

    for line in lines.filter(|line| line.contains("=>") && !line.starts_with('#')) {
        let line = line.replace("\\n", "\n");
        let parts: Vec<_> = line.split("=>").map(|it| it.trim_matches(' ')).collect();
        let is_found = Cell::new(false);
        let (_, wrong) = outcome(|text| {
            is_found.set(is_found.get() || text.contains(parts[0]));
            text.replace(parts[0], parts[1])
        });
        let names: Vec<_> = parts[2].split_terminator("; ").collect();
        let mut pairs = names.iter().zip(&wrong);
        let is_same = names.len() == wrong.len() && pairs.all(|(name, it)| it.contains(name));

        assert!(is_found.get(), "not in the texts: {line}");
        assert!(is_same, "{line}: {wrong:?}");
    }
}

#[test]
fn the_report_has_all_values() {
    const PART: &str = "list part 16 1000000";
    let (report, wrong) =
        outcome(|text| text.replace(&format!("{PART} 1000000"), &format!("{PART} 500000")));
    let Report { mut text, json, .. } = report.unwrap();

    for pointer in "/mappings/0 /lists/7 /engines /bursts/63 /programs/3".split(' ') {
        text += &format!("\n{pointer}: {}\n", json.pointer(pointer).unwrap());
    }
    assert_eq!(text, include_str!("report.txt"));
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn bursts_are_split_at_boundaries() {
    for (fields, count) in [
        ("channel:0 address:0x1f80 size:0x8 num:16Y", 1),
        ("channel:0 address:0x1f88 size:0x8 num:16Y", 2),
        // The first beat is short: the burst ends where one of whole beats would.
        ("channel:0 address:0x1f81 size:0x8 num:16 Y", 1),
        ("channel:0 address:0x1f88 size:0x8 num:16 N", 1),
        ("channel:0 address:0x1f88 size:0x8 num:16N", 1),
    ] {
        assert_eq!(phases::bursts(fields).unwrap(), count, "{fields}");
    }
}
