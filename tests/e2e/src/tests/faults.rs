// SPDX-License-Identifier: GPL-2.0

//! Controllers that fail at work, as `machine/README.md` describes.
//!
//! A test is a script of `guest/faults`. It runs in a subshell after `provoke.sh` and
//! `faults/common.sh`, with the module in `/`, not loaded. Its comments say what is expected:
//!
//! ```sh
//! # prints: TEXT        a line that the script prints; all of them, in this order
//! # logs: TEXT          a text in the driver's part of the kernel log
//! ```

use crate::{
    prelude::*,
    script::SCRIPTS, //
};

/// Script that is no test.
const COMMON: &str = "common";

/// Adds the tests of a board that boots with `boot`.
pub fn add(suite: &mut Suite, group: &str, boot: Boot) -> Result<()> {
    let mut cases = read()?;
    let selects = |name: &str| suite.selects(&format!("{group}::{name}"));

    // Each case takes seconds: leave out those that no selected test looks at.
    cases.retain(|name, _| selects("leave_the_kernel_well") || selects(name));

    let whole = whole(&cases);
    let tests: Vec<_> = cases
        .into_iter()
        .map(|(name, script)| (name.clone(), by(move |it| expect_case(it, &name, &script))))
        .chain([
            ("leave_the_kernel_well".into(), clean("dmesg")),
            ("wrong_property_is_reported".into(), by(names_property)),
        ])
        .collect();

    suite.boot(group, boot, whole, tests);
    Ok(())
}

/// Reads the scripts of all cases, by name.
fn read() -> Result<BTreeMap<String, String>> {
    let directory = format!("{SCRIPTS}/faults");
    let mut cases = BTreeMap::new();

    for entry in fs::read_dir(&directory).with_context(|| format!("cannot read {directory}"))? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();

        if name != COMMON {
            cases.insert(name.into(), fs::read_to_string(&path)?);
        }
    }
    ensure!(!cases.is_empty(), "{directory} has no scripts");
    Ok(cases)
}

/// Returns the script of a boot: a section for each case, which ends with its exit status.
fn whole(cases: &BTreeMap<String, String>) -> Result<String> {
    let mut whole = script(&["provoke", "faults/common"])?;

    for (name, script) in cases {
        whole += &format!(
            "\ncase_{name}() {{\n(\n{script}\n)\necho \"exit $?\"\n}}\n\
             section {name} case_{name}\nsettle dmac2\n\
             [ ! -e /sys/module/rk3588_dma ] || rmmod rk3588_dma\n"
        );
    }
    // A property that does not exist ends the boot, even if a loop waits for its value.
    Ok(whole
        + "dmesg >>/tmp/log\nsection dmesg cat /tmp/log\n\
           while [ \"$(remaining dmac2 x-nonsense)\" != 0 ]; do :; done\n")
}

fn names_property(console: &Console) -> Result<()> {
    let text = console.text();

    ensure!(
        text.contains("error: dmac2 has no property x-nonsense"),
        "{text}"
    );
    expect("exit status of the script", console.exit()?, 1)
}

/// Checks what a case printed and logged.
fn expect_case(console: &Console, name: &str, script: &str) -> Result<()> {
    let section = console.section(name)?;
    let (logged, mut printed): (Vec<_>, Vec<_>) =
        section.lines().partition(|line| line.starts_with("log: "));
    let comments = |prefix| {
        let lines = script.lines().filter_map(move |it| it.strip_prefix(prefix));

        lines.map(str::trim)
    };

    ensure!(
        printed.pop() == Some("exit 0"),
        "the script failed:\n{section}"
    );
    expect("lines printed", printed, comments("# prints: ").collect())
        .with_context(|| section.to_string())?;
    for text in comments("# logs: ") {
        ensure!(
            logged.iter().any(|line| line.contains(text)),
            "the driver does not log \"{text}\":\n{section}"
        );
    }
    Ok(())
}
