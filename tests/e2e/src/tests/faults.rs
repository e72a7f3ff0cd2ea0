// SPDX-License-Identifier: GPL-2.0

//! Controllers that fail at work, as `machine/README.md` describes.
//!
//! A test is a script of `guest/faults`. It runs in a subshell of `guest/faults.sh`, with the
//! module in `/`, not loaded. Its comments say what is expected:
//!
//! ```sh
//! # prints: TEXT        a line that the script prints; all of them, in this order
//! # logs: TEXT          a text in the driver's part of the kernel log
//! ```

use crate::prelude::*;

/// Script that is no test.
const COMMON: &str = "common";

/// Adds the tests of a board that boots with `boot`.
pub fn add(suite: &mut Suite, group: &str, mut boot: Boot) -> Result<()> {
    let mut cases = read()?;
    let selects = |name: &str| suite.selects(&format!("{group}::{name}"));

    if boot.kernel != Kernel::Stock {
        // The registers of the virtual board do not depend on the kernel.
        cases.remove("properties");
    }
    if boot.is_slow {
        // The channel that cannot be killed keeps the lines of all its loads: the others lock up.
        cases.remove("deaf");
        // The channel is at the end of its program when the burst fails.
        cases.remove("piece");
    }

    // Each case takes seconds: leave out those that no selected test looks at.
    let needed = cases
        .iter()
        .filter(|(name, _)| selects("leave_the_kernel_well") || selects(name));

    boot.files.extend(needed.map(|(_, path)| path.clone()));

    let script = script(&["provoke", "faults/common", "faults"]);

    let kernel = boot.kernel;

    suite.boot(group, boot, script, |tests| {
        for (name, path) in cases {
            tests.add(name.clone(), move |it| expect_case(it, &name, &path));
        }
        tests.add("leave_the_kernel_well", |it| it.clean("dmesg"));
        tests.add("run_on_the_kernel", move |it| kernel.expect_in(it));
        tests.add("wrong_property_is_reported", |it| {
            let error = "error: dmac2 has no property x-nonsense";

            ensure!(it.text().contains(error), "{}", it.text());
            it.exits(1)
        });
    });
    Ok(())
}

/// Returns the paths of all cases, by name.
fn read() -> Result<BTreeMap<String, PathBuf>> {
    let directory = format!("{SCRIPTS}/faults");
    let mut cases = BTreeMap::new();

    for entry in fs::read_dir(&directory).with_context(|| format!("cannot read {directory}"))? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();

        cases.insert(name.into(), path);
    }
    cases.remove(COMMON);
    ensure!(!cases.is_empty(), "{directory} has no scripts");
    Ok(cases)
}

/// Checks what a case printed and logged.
fn expect_case(it: &Console, name: &str, path: &Path) -> Result<()> {
    let (section, script) = (it.section(name)?, fs::read_to_string(path)?);
    let is_logged = |line: &&str| line.starts_with("log: ");
    let (logged, printed): (Vec<_>, Vec<_>) = section.lines().partition(is_logged);
    let expected = |comment| {
        script
            .lines()
            .filter_map(move |it| it.strip_prefix(comment))
    };
    let lines = expected("# prints: ").map(str::trim).chain(["exit 0"]);

    expect(section, printed, lines.collect())?;
    for text in expected("# logs: ").map(str::trim) {
        let is_there = logged.iter().any(|line| line.contains(text));

        ensure!(is_there, "the driver does not log \"{text}\":\n{section}");
    }
    Ok(())
}
