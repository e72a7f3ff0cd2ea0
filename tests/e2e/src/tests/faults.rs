// SPDX-License-Identifier: GPL-2.0

//! Controllers that go wrong at work, as `machine/README.md` says that they can be made to.

use std::fmt::Write;

use anyhow::{
    bail,
    ensure,
    Context,
    Result, //
};

use super::of_boot;
use crate::{
    board::{
        Board,
        Boot, //
    },
    console::Console,
    demo,
    suite::Suite, //
};

const PROVOKE: &str = include_str!("../../guest/provoke.sh");

/// What can be provoked.
pub const PROPERTIES: [&str; 12] = [
    "x-fail-read",
    "x-fail-write",
    "x-fail-fetch",
    "x-fail-go",
    "x-hang",
    "x-lose-interrupts",
    "x-lose-events",
    "x-lose-aborts",
    "x-ignore-kill",
    "x-debug-busy",
    "x-bad-start",
    "x-bad-size",
];

/// A test that is a script.
struct Case {
    /// The test is called `faults::` and this.
    name: &'static str,
    /// Runs after `guest/provoke.sh` in a subshell of its own, with what can be provoked in
    /// `$properties`. The module lies in the root folder, not loaded. Whatever is left provoked of
    /// dmac2, the controller that it drives, is settled afterwards.
    script: &'static str,
    /// Looks at what a script that succeeded has printed.
    expect: fn(&str) -> Result<()>,
}

const CASES: [Case; 1] = [Case {
    name: "properties_can_be_set_and_read",
    script: include_str!("../../guest/faults/properties.sh"),
    expect: expect_properties,
}];

/// Runs them.
pub fn run(suite: &mut Suite, board: &Board) {
    cases(suite, board);
    wrong_name(suite, board);
}

/// Runs the cases, all in one boot.
fn cases(suite: &mut Suite, board: &Board) {
    let wanted: Vec<_> = CASES
        .iter()
        .map(|case| (format!("faults::{}", case.name), case))
        .filter(|(name, _)| suite.wants(&[name]))
        .collect();

    if wanted.is_empty() {
        return;
    }

    let script = script(wanted.iter().map(|(_, case)| *case));
    let boot = Boot {
        overlays: vec![demo::overlay()],
        files: vec!["rk3588_dma.ko".into()],
        ..Boot::default()
    };
    let boot = suite.prepare("faults", || board.boot(&boot, &script));

    for (name, case) in wanted {
        suite.test(&name, || {
            (case.expect)(&printed(of_boot(&boot)?, case.name)?)
        });
    }
}

/// The script of a boot: a section for each case, which ends with its exit code.
fn script<'a>(cases: impl Iterator<Item = &'a Case>) -> String {
    let mut script = format!("properties='{}'\n{PROVOKE}", PROPERTIES.join(" "));

    for case in cases {
        let _ = write!(
            script,
            "\n{name}() {{\n(\n{lines}\n)\necho \"exit $?\"\n}}\n\
             section {name} {name}\nsettle dmac2\n",
            name = case.name,
            lines = case.script
        );
    }
    script
}

/// What the script of the case `name` printed; what it asked the harness for is left out.
fn printed(console: &Console, name: &str) -> Result<String> {
    let lines: Vec<_> = console
        .section(name)?
        .lines()
        .filter(|line| !line.starts_with("@@ "))
        .collect();
    let (exit, printed) = lines.split_last().context("the script was cut off")?;

    ensure!(
        *exit == "exit 0",
        "the script failed:\n{}",
        lines.join("\n")
    );
    Ok(printed.join("\n"))
}

fn expect_properties(printed: &str) -> Result<()> {
    let controllers = ["dmac0", "dmac1", "dmac2"];
    let names: Vec<_> = controllers
        .iter()
        .flat_map(|controller| PROPERTIES.map(|property| format!("{controller} {property}")))
        .collect();
    let set = names
        .iter()
        .zip(1..)
        .map(|(name, value)| format!("{name} {value}"));
    let settled = names.iter().map(|name| format!("{name} 0"));
    let expected: Vec<_> = set.chain(settled).collect();

    ensure!(
        printed.lines().eq(expected.iter().map(String::as_str)),
        "expected:\n{}\nread:\n{printed}",
        expected.join("\n")
    );
    Ok(())
}

/// A property that does not exist ends the boot, or its test would wait for what never happens.
fn wrong_name(suite: &mut Suite, board: &Board) {
    suite.test("faults::wrong_property_is_reported", || {
        let script = format!("{PROVOKE}\nprovoke dmac2 x-nonsense 1\n");
        let Err(error) = board.boot(&Boot::default(), &script) else {
            bail!("x-nonsense can be provoked");
        };
        let said = format!("{error:#}");

        ensure!(
            said.contains("cannot set x-nonsense of /machine/soc/dmac2: ")
                && said.contains("not found"),
            "{said}"
        );
        Ok(())
    });
}
