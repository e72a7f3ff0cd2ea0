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

use std::fs;

use crate::{
    prelude::*,
    script::SCRIPTS, //
};

/// Scripts that are no tests.
const COMMON: &str = "common.sh";

/// A test.
struct Case {
    name: String,
    script: String,
}

/// Adds the tests of a board that boots with `boot`.
pub fn add(suite: &mut Suite, group: &str, boot: Boot) -> Result<()> {
    let mut cases = read()?;
    let well = format!("{group}::leave_the_kernel_well");

    // Each case takes seconds: leave out those that no selected test looks at.
    cases.retain(|case| suite.selects(&well) || suite.selects(&format!("{group}::{}", case.name)));

    let whole = whole(&cases)?;
    let tests: Vec<_> = cases
        .into_iter()
        .map(|case| (case.name.clone(), by(move |console| case.check(console))))
        .chain([
            ("leave_the_kernel_well".into(), clean("dmesg")),
            ("wrong_property_is_reported".into(), by(names_property)),
        ])
        .collect();

    suite.boot(group, || Ok((boot, whole)), tests);
    Ok(())
}

/// Reads all cases, by name.
fn read() -> Result<Vec<Case>> {
    let directory = format!("{SCRIPTS}/faults");
    let mut cases = vec![];

    for entry in fs::read_dir(&directory).with_context(|| format!("cannot read {directory}"))? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };

        if name != COMMON {
            cases.push(Case {
                name: name.trim_end_matches(".sh").into(),
                script: fs::read_to_string(&path)?,
            });
        }
    }
    ensure!(!cases.is_empty(), "{directory} has no scripts");
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

/// Returns the script of a boot: a section for each case, which ends with its exit status.
fn whole(cases: &[Case]) -> Result<String> {
    let mut whole = script(&["provoke", "faults/common"])?;

    for Case { name, script } in cases {
        whole += &format!(
            "\ncase_{name}() {{\n(\n{script}\n)\necho \"exit $?\"\n}}\n\
             section {name} case_{name}\nsettle dmac2\n"
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

impl Case {
    fn check(&self, console: &Console) -> Result<()> {
        let section = console.section(&self.name)?;
        let (mut logged, mut printed) = (vec![], vec![]);

        for line in section.lines() {
            match line.strip_prefix("log: ") {
                Some(line) => logged.push(line),
                None => printed.push(line),
            }
        }
        ensure!(
            printed.pop() == Some("exit 0"),
            "the script failed:\n{section}"
        );
        expect("lines printed", printed, self.comments("# prints: "))
            .with_context(|| section.to_string())?;
        for text in self.comments("# logs: ") {
            ensure!(
                logged.iter().any(|line| line.contains(text)),
                "the driver does not log \"{text}\":\n{section}"
            );
        }
        Ok(())
    }

    /// Returns the rest of all lines that begin with `prefix`, without blanks around it.
    fn comments(&self, prefix: &str) -> Vec<&str> {
        self.script
            .lines()
            .filter_map(|line| line.strip_prefix(prefix))
            .map(str::trim)
            .collect()
    }
}
