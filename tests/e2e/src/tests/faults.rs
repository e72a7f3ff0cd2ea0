// SPDX-License-Identifier: GPL-2.0

//! Controllers that go wrong at work, as `machine/README.md` says that they can be made to.

use std::fmt::Write;

use anyhow::{
    bail,
    ensure,
    Context,
    Result, //
};

use super::{
    expect_no_trace,
    of_boot, //
};
use crate::{
    board::{
        Board,
        Boot, //
    },
    console::Console,
    demo,
    suite::Suite, //
};

const PROVOKE: &str = concat!(
    include_str!("../../guest/provoke.sh"),
    include_str!("../../guest/faults/common.sh")
);

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
    /// The test is called `faults::` and this, which is also the name of the script.
    name: &'static str,
    /// Runs after `guest/provoke.sh` and `guest/faults/common.sh` in a subshell of its own, with what can
    /// be provoked in `$properties`. The module lies in the root folder, not loaded. Whatever is left
    /// provoked of dmac2, the controller that it drives, is settled afterwards.
    script: &'static str,
    /// What a script that succeeded has printed.
    printed: Printed,
}

/// What is expected.
enum Printed {
    /// How the transfers that it attempts end, then other lines, in this order; and what must be in the
    /// driver's part of the kernel log.
    Lines {
        ends: &'static [&'static str],
        log: &'static [&'static str],
    },
    /// What this function looks for.
    By(fn(&str) -> Result<()>),
}

/// A case with the script of its name.
macro_rules! case {
    ($name:literal, $ends:expr, $log:expr) => {
        Case {
            name: $name,
            script: include_str!(concat!("../../guest/faults/", $name, ".sh")),
            printed: Printed::Lines {
                ends: &$ends,
                log: &$log,
            },
        }
    };
}

const OK: &str = "transfer: ok";
const IO: &str = "transfer: Input/output error";
const TIMEOUT: &str = "transfer: Connection timed out";
const GONE: &str = "transfer: No such device";

const CASES: [Case; 16] = [
    Case {
        name: "properties",
        script: include_str!("../../guest/faults/properties.sh"),
        printed: Printed::By(expect_properties),
    },
    case!(
        "read",
        [IO, OK],
        [
            "channel 0 fault: bus error on read at 0x",
            "(at or before byte 20: DMALD)",
            "    18  DMALP lc0, 32",
        ]
    ),
    case!(
        "write",
        [IO, OK],
        [
            "channel 0 fault: bus error on write at 0x",
            "(at or before byte 21: DMAST)",
            "    20  DMALD",
        ]
    ),
    case!(
        "fetch",
        [IO, OK],
        [
            "channel 0 fault: bus error on instruction fetch at 0x",
            "(byte 88: DMALD, part 5)",
            "    82  DMAMOV DAR, 0x",
        ]
    ),
    case!(
        "piece",
        [IO, IO, "DMAEND", OK],
        [
            "(at or before byte ",
            ": DMAST, part 10)",
            ": DMAST, part 19)"
        ]
    ),
    case!(
        "manager",
        [IO, OK],
        ["failed: manager fault: DMAGO for a secure channel (debug port)"]
    ),
    case!(
        "interrupt",
        [OK, OK],
        ["channel 0: the interrupt did not arrive, but the transfer is complete"]
    ),
    case!(
        "event",
        [IO, OK],
        ["failed: stopped without raising its event"]
    ),
    case!(
        "abort",
        [IO, OK],
        ["failed: channel 0 fault: bus error on read at 0x"]
    ),
    case!("hang", [TIMEOUT, OK], ["failed: no end after 5008 ms"]),
    case!("port", [TIMEOUT, OK], ["failed: the debug port stays busy"]),
    // One channel less, and all of them when it is loaded anew.
    case!(
        "stuck",
        [GONE, OK, "1", OK, "0"],
        [
            "channel 0 does not stop (waiting for its instruction cache, debug port idle)",
            "had failed before: no end after 5008 ms",
            "4096 bytes at DMA address 0x",
            "failed: the channel does not stop: it and its buffers are lost",
        ]
    ),
    case!(
        "deaf",
        [GONE, IO, OK],
        [
            "a fault does not end: the abort interrupt is disabled",
            "channel 0 does not stop (faulting, debug port idle)",
            "failed: channel 1 fault: bus error on read at 0x",
        ]
    ),
    case!(
        "all",
        ["8", GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE, "8", OK],
        [
            "channel 7 does not stop",
            "failed: all channels were lost in earlier transfers",
        ]
    ),
    // Eight programs and two requests that wait, twice.
    case!(
        "leave",
        [
            "8", GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE, "in time", OK, "8",
            GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE, "in time", OK,
        ],
        [
            "failed: the driver is being unbound",
            "failed: the channel does not stop: it and its buffers are lost",
        ]
    ),
    case!(
        "load",
        ["failed", "failed", "failed", "ok", "0", "live 0", "3"],
        []
    ),
];

/// Runs them on Debian's kernel.
pub fn run(suite: &mut Suite, board: &Board) {
    let boot = Boot {
        overlays: vec![demo::overlay()],
        files: vec!["rk3588_dma.ko".into()],
        ..Boot::default()
    };

    cases(suite, board, "faults", &boot);
    wrong_name(suite, board);
}

/// Runs the cases with `boot`, under the name `room`.
pub fn cases(suite: &mut Suite, board: &Board, room: &str, boot: &Boot) {
    let well = format!("{room}::leave_the_kernel_well");
    let wanted: Vec<_> = CASES
        .iter()
        .map(|case| (format!("{room}::{}", case.name), case))
        .filter(|(name, _)| suite.wants(&[name, &well]))
        .collect();

    if wanted.is_empty() {
        return;
    }

    let script = script(wanted.iter().map(|(_, case)| *case));
    let console = suite.prepare(room, || board.boot(boot, &script));

    for (name, case) in wanted {
        suite.test(&name, || {
            case.check(&printed(of_boot(&console)?, case.name)?)
        });
    }
    suite.test(&well, || {
        expect_no_trace(of_boot(&console)?.section("dmesg")?)
    });
}

impl Case {
    /// Looks at what the script has printed.
    fn check(&self, printed: &str) -> Result<()> {
        let (ends, log) = match self.printed {
            Printed::Lines { ends, log } => (ends, log),
            Printed::By(check) => return check(printed),
        };
        let (logged, said): (Vec<_>, Vec<_>) =
            printed.lines().partition(|line| line.starts_with("log: "));

        ensure!(said == ends, "expected {ends:?}:\n{printed}");
        for text in log {
            ensure!(
                logged.iter().any(|line| line.contains(text)),
                "the kernel log has no \"{text}\":\n{printed}"
            );
        }
        Ok(())
    }
}

/// The script of a boot: a section for each case, which ends with its exit code.
fn script<'a>(cases: impl Iterator<Item = &'a Case>) -> String {
    let mut script = format!("properties='{}'\n{PROVOKE}", PROPERTIES.join(" "));

    for case in cases {
        let _ = write!(
            script,
            "\ncase_{name}() {{\n(\n{lines}\n)\necho \"exit $?\"\n}}\n\
             section {name} case_{name}\nsettle dmac2\n",
            name = case.name,
            lines = case.script
        );
    }
    script.push_str("dmesg >>/tmp/log\nsection dmesg cat /tmp/log\n");
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
