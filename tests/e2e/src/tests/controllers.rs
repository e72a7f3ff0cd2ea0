// SPDX-License-Identifier: GPL-2.0

//! Controllers that something is wrong with: each is refused with one line that says what.

use anyhow::{
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
    demo,
    suite::Suite, //
};

/// Where the registers of the bad controllers are, see `overlays/bad-controllers.dtso`.
const REGISTERS: u64 = 0x3000_0000;
const REGISTERS_LEN: usize = 0x1000;

const SCRIPT: &str = concat!(
    include_str!("../../guest/state.sh"),
    include_str!("../../guest/refuse.sh")
);

/// A controller that must be refused.
struct Bad {
    /// The test, and the end of the device's name.
    name: &'static str,
    /// What the one line says.
    line: &'static str,
    /// Its page among the registers, with offsets and values that differ from a good controller's.
    registers: Option<(usize, &'static [(usize, u32)])>,
}

/// What a controller like those of the RK3588 has in its registers.
const GOOD: [(usize, u32); 12] = [
    (0xe00, 0x001f_f075),
    (0xe04, 0x0000_0073),
    (0xe0c, 0x0000_ffff),
    (0xe14, 0x07ff_7f73),
    (0xfe0, 0x30),
    (0xfe4, 0x13),
    (0xfe8, 0x24),
    (0xfec, 0x00),
    (0xff0, 0x0d),
    (0xff4, 0xf0),
    (0xff8, 0x05),
    (0xffc, 0xb1),
];

const BAD: [Bad; 13] = [
    Bad {
        name: "bad-no-registers",
        line: "no registers: `reg` is missing",
        registers: None,
    },
    Bad {
        name: "bad-small-registers",
        line: "the registers cannot be mapped (EINVAL)",
        registers: Some((0, &[])),
    },
    Bad {
        name: "bad-no-clock",
        line: "no clock `apb_pclk` (ENOENT)",
        registers: Some((1, &[])),
    },
    Bad {
        name: "bad-no-interrupts",
        line: "no event interrupt (ENXIO)",
        registers: Some((2, &[])),
    },
    Bad {
        name: "bad-no-abort",
        line: "no abort interrupt (ENXIO)",
        registers: Some((3, &[])),
    },
    Bad {
        name: "bad-other-device",
        line: "not a PL330: peripheral id 0x00041011, component id 0xb105f00d",
        registers: Some((4, &[(0xfe0, 0x11), (0xfe4, 0x10), (0xfe8, 0x04)])),
    },
    Bad {
        name: "bad-bus",
        line: "unknown data bus width (code 0 in CRD)",
        registers: Some((5, &[(0xe14, 0x07ff_7f70)])),
    },
    Bad {
        name: "bad-secure-event",
        line: "all events are reserved for secure software, and the manager is non-secure",
        registers: Some((6, &[(0xe0c, 0x0000_ff00)])),
    },
    Bad {
        name: "bad-running",
        line: "channel 0 is executing and does not stop",
        registers: Some((7, &[(0x100, 1)])),
    },
    Bad {
        name: "bad-busy",
        line: "it does not run a program: the debug port stays busy",
        registers: Some((8, &[(0xd00, 1)])),
    },
    Bad {
        name: "bad-silent",
        line: "it does not run a program: stopped without raising its event",
        registers: Some((9, &[])),
    },
    Bad {
        name: "bad-shared",
        line: "the registers cannot be mapped (EBUSY)",
        registers: None,
    },
    Bad {
        name: "bad-unheard",
        line: "its event interrupt does not arrive",
        registers: None,
    },
];

/// Runs them, all in one boot.
pub fn run(suite: &mut Suite, board: &Board) {
    let refused: Vec<_> = BAD
        .iter()
        .map(|bad| {
            format!(
                "refuses::{}",
                bad.name.replace("bad-", "").replace('-', "_")
            )
        })
        .collect();
    let (good, log, left) = (
        "refuses::but_takes_the_good_one",
        "refuses::without_a_trace",
        "refuses::and_leaves_nothing",
    );

    if !refused.iter().any(|name| suite.wants(&[name])) && !suite.wants(&[good, log, left]) {
        return;
    }

    let boot = Boot {
        overlays: vec![
            demo::overlay(),
            "tests/e2e/overlays/bad-controllers.dtso".into(),
        ],
        files: vec!["rk3588_dma.ko".into()],
        contents: vec![(REGISTERS, registers())],
        ..Boot::default()
    };
    let boot = suite.prepare("bad controllers", || board.boot(&boot, SCRIPT));

    for (bad, name) in BAD.iter().zip(&refused) {
        suite.test(name, || {
            expect_refused(of_boot(&boot)?.section("dmesg")?, bad)
        });
    }
    suite.test(good, || {
        let bound = of_boot(&boot)?.section("bound")?;

        ensure!(of_boot(&boot)?.exit()? == 0, "the script failed");
        ensure!(
            bound.contains("fed10000.dma-controller") && !bound.contains("bad-"),
            "bound are:\n{bound}"
        );
        Ok(())
    });
    suite.test(log, || expect_no_trace(of_boot(&boot)?.section("dmesg")?));
    suite.test(left, || {
        let (before, after) = (
            of_boot(&boot)?.section("before")?,
            of_boot(&boot)?.section("after")?,
        );

        ensure!(before.contains("clock 0 0"), "{before}");
        ensure!(before == after, "before:\n{before}\nafter:\n{after}");
        Ok(())
    });
}

/// Looks for the line, and that there is one only but for what the driver core says of all probes.
fn expect_refused(log: &str, bad: &Bad) -> Result<()> {
    let lines: Vec<_> = log
        .lines()
        .filter(|line| line.contains(&format!("{}: ", bad.name)))
        .filter(|line| !line.contains("probe with driver"))
        // What the watchdog says of each first program that was not heard.
        .filter(|line| !line.contains("the interrupt did not arrive"))
        .collect();
    let [line] = lines[..] else {
        anyhow::bail!("expected one line, found:\n{}", lines.join("\n"));
    };
    let (_, said) = line
        .split_once(": ")
        .with_context(|| format!("no device in: {line}"))?;

    ensure!(said == bad.line, "expected: {}\nfound:    {said}", bad.line);
    Ok(())
}

/// The registers of all bad controllers, a page for each.
fn registers() -> Vec<u8> {
    let pages = BAD.iter().filter_map(|bad| bad.registers);
    let mut memory =
        vec![0; REGISTERS_LEN * (pages.clone().map(|(page, _)| page).max().unwrap_or(0) + 1)];

    for (page, different) in pages {
        for &(offset, value) in GOOD.iter().chain(different) {
            let at = page * REGISTERS_LEN + offset;

            memory[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
    }
    memory
}
